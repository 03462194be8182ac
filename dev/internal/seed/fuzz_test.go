package seed_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"guardduty-sentinel/dev/internal/seed"
)

// FuzzRead reads any file: each finding that comes of it is one line of JSON.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "forms", "*"))
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add(zipped(string(text)))
	}
	f.Add([]byte(`{"ProductArn":"/aws/guardduty","Types":["T:a"],"Id":"arn:aws:g:r:a:d/finding/1",` +
		`"ProductFields":{"aws/guardduty/service/a.7_/b":"1","aws/guardduty/service/a":"x"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := seed.Reader{Max: 1 << 20}.Read(write(t, t.TempDir(), "file", text))
		if (err == nil) != (len(in.Findings) > 0) {
			t.Fatalf("Read() = %d findings, %v", len(in.Findings), err)
		}
		for _, finding := range in.Findings {
			if !json.Valid(finding) || bytes.ContainsAny(finding, "\r\n") {
				t.Errorf("the finding %q is not a line of JSON", finding)
			}
		}
	})
}
