package logsingestion_test

import (
	"bytes"
	"os"
	"testing"

	"guardduty-sentinel/handler/internal/logsingestion"
)

// goldenRows has the row of each generated finding, one a line, in their order.
// Queries are tried on these rows too.
const goldenRows = "../../../dev/testdata/rows.ndjson"

// The rows are what queries are written against, so that a change of any of
// them is seen in review. After a change that is meant:
// go test ./handler/internal/logsingestion -run Golden -update.
func TestGoldenRows(t *testing.T) {
	e := logsingestion.NewEncoder()
	var got [][]byte
	for _, line := range findings(t) {
		got = append(got, encode(t, e, line))
	}
	if *update {
		if err := os.WriteFile(goldenRows, append(bytes.Join(got, []byte("\n")), '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(goldenRows)
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(want) != len(got) {
		t.Fatalf("%d rows, want the %d of %s", len(got), len(want), goldenRows)
	}
	for i := range got {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("row %d = %s, want %s as in %s", i+1, got[i], want[i], goldenRows)
		}
	}
}
