package seed_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/seed"
)

func TestReadFindings(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	write("good/b.jsonl", "{\"b\": 1e3 }\r\n\n \n{\"b\":2}")
	write("good/a.jsonl", "{\"a\":\"\\u00e9\"}\n")
	write("good/c.json", "not read")
	write("good/more/d.jsonl", "not read")
	bad := write("bad/x.jsonl", "{}\n\n{\"id\":\n")
	tests := []struct {
		path string
		want []string
		err  string
	}{
		{path: filepath.Join(dir, "good"), want: []string{`{"a":"\u00e9"}`, `{"b": 1e3 }`, `{"b":2}`}},
		{path: filepath.Join(dir, "good", "a.jsonl"), want: []string{`{"a":"\u00e9"}`}},
		{path: filepath.Join(dir, "bad"), err: bad + ":3: "},
		{path: write("array.jsonl", "[1]\n"), err: "array.jsonl:1: "},
		{path: write("null.jsonl", "{}\nnull\n"), err: "null.jsonl:2: "},
		{path: write("two.jsonl", "{}{}\n"), err: "two.jsonl:1: "},
		{path: write("empty.jsonl", "\n"), err: "empty.jsonl"},
		{path: filepath.Join(dir, "none"), err: "none"},
	}
	for _, tt := range tests {
		findings, err := seed.ReadFindings(tt.path)
		var got []string
		for _, f := range findings {
			got = append(got, string(f))
		}
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("ReadFindings(%s) = %v, want an error with %q", tt.path, err, tt.err)
			}
			continue
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("ReadFindings(%s) = %q, %v, want %q", tt.path, got, err, tt.want)
		}
	}
}

func TestBuiltInFindings(t *testing.T) {
	if got := len(builtIn(t)); got != 224 {
		t.Errorf("ReadFindings(BuiltIn) = %d findings, want 224", got)
	}
}
