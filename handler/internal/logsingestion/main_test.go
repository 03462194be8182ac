package logsingestion_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/logsingestion"
)

var (
	local  = localtest.NewShared()
	update = flag.Bool("update", false, "rewrite the golden files")
)

func TestMain(m *testing.M) { localtest.Main(m, local) }

// source is where the findings of these tests were read.
var source = ingest.Source{
	Bucket: "guardduty-findings",
	Object: ingest.Object{
		Key:          "AWSLogs/111122223333/GuardDuty/eu-west-1/2026/08/01/a.jsonl.gz",
		LastModified: time.Date(2026, 9, 1, 2, 3, 4, 0, time.UTC),
	},
}

// encode returns the row of a line and checks that it is strictly valid JSON.
func encode(t testing.TB, e *logsingestion.Encoder, line []byte) []byte {
	t.Helper()
	p := guardduty.Parser{Paths: e.Paths()}
	f, err := p.Parse(line)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	row, err := e.Row(nil, &f, source)
	if err != nil {
		t.Fatalf("Row: %v", err)
	}
	if !jsontext.Value(row).IsValid() {
		t.Fatalf("Row = %.300s, which is not valid JSON", row)
	}
	return row
}

// members splits a JSON object; the values are byte for byte as they stand.
func members(t testing.TB, object []byte) map[string]string {
	t.Helper()
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(object, &raw); err != nil {
		t.Fatalf("%v in %.300s", err, object)
	}
	list := make(map[string]string, len(raw))
	for name, value := range raw {
		list[name] = string(value)
	}
	return list
}

// rowOf is the row of a line, split.
func rowOf(t testing.TB, line string) map[string]string {
	t.Helper()
	return members(t, encode(t, logsingestion.NewEncoder(), []byte(line)))
}

// with returns a line with the given members after the id and the type.
func with(more string) string {
	return `{"id":"5f507492445dbbb21568ba0520816006","type":"Recon:EC2/Portscan",` + more + `}`
}

// findings returns the lines of the generated findings.
func findings(t testing.TB) [][]byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(localtest.Root(t), "dev", "testdata", "findings.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

// schemaColumn is a column as infra/schema declares it.
type schemaColumn struct{ Name, Type, Source string }

func schema(t testing.TB) (list []schemaColumn) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(localtest.Root(t), "infra", "schema", "guardduty.columns.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Columns []schemaColumn }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Columns
}
