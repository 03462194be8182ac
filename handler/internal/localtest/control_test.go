package localtest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"guardduty-sentinel/handler/internal/localtest"
)

// TestFaultIsTheCloudsFault holds Fault to the faults of the local cloud, which
// is of another module: both are tested against one file.
func TestFaultIsTheCloudsFault(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(localtest.Root(t), "dev", "internal", "faults", "testdata", "faults.json"))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var got []localtest.Fault
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := []localtest.Fault{
		{
			Method: "POST",
			Path:   "/p",
			Skip:   1,
			Times:  -1,
			Status: 429,
			Header: map[string]string{"Retry-After": "1"},
			Body:   "b",
			Delay:  "1.5s",
		},
		{Drop: localtest.DropBefore},
		{Drop: localtest.DropAfter},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("faults.json = %+v, want %+v", got, want)
	}
	written, err := json.MarshalIndent(want, "", "  ")
	if err != nil || string(written)+"\n" != string(text) {
		t.Errorf("MarshalIndent = %s, %v, want %s", written, err, text)
	}
}
