package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/servers"
)

func exporterFor(t *testing.T) *exporter {
	t.Helper()
	root, err := servers.Root()
	if err != nil {
		t.Fatal(err)
	}
	l, err := readLines(root)
	if err != nil {
		t.Fatal(err)
	}
	return newExporter(l)
}

var keyForm = regexp.MustCompile(
	`^AWSLogs/\d{12}/GuardDuty/[a-z0-9-]+/2026/03/04/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl\.gz$`,
)

func TestObjectsHoldFindingsOfTheirOwn(t *testing.T) {
	e := exporterFor(t)
	ids, keys := make(map[string]bool), make(map[string]bool)
	for n := range 40 {
		o := e.object(n, 25, time.Date(2026, 3, 4, 23, 59, 59, 0, time.UTC))
		if !keyForm.MatchString(o.key) {
			t.Errorf("key = %q, want one of an export object", o.key)
		}
		keys[o.key] = true
		zr, err := gzip.NewReader(bytes.NewReader(o.body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(zr)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(text) {
			var finding struct{ ID, ARN, Type string }
			if err := json.Unmarshal(line, &finding); err != nil {
				t.Fatalf("line %.80q: %v", line, err)
			}
			if want := fmt.Sprintf("%08x", len(ids)); len(line) != lineSize || len(finding.ID) != idSize ||
				!strings.HasPrefix(finding.ID, want) {
				t.Errorf("finding %s of %d bytes, want %s… of %d", finding.ID, len(line), want, lineSize)
			}
			if !strings.HasSuffix(finding.ARN, finding.ID) || finding.Type == "" {
				t.Errorf("finding %s has arn %q and type %q, want an arn that ends in the id, and a type", finding.ID,
					finding.ARN, finding.Type)
			}
			ids[finding.ID] = true
		}
	}
	if len(ids) != 1000 || len(keys) != 40 {
		t.Errorf("%d ids and %d keys, want 1000 and 40", len(ids), len(keys))
	}
}

func TestRecentObjectsAreWithinTheOverlap(t *testing.T) {
	for _, o := range exporterFor(t).recent(100, 1) {
		if age := time.Since(o.modified); age < time.Minute || age > 50*time.Minute {
			t.Errorf("an object is %v old, want 1 to 50 minutes", age)
		}
	}
}

func row(n int) string {
	return fmt.Sprintf(`{"id_g":"%08x-0000-0000-0000-000000000000","x":"{\"id_g\":\"ffffffff\"}"}`, n)
}

func TestTallyCountsEveryFinding(t *testing.T) {
	tl := newTally(3)
	if n, err := tl.count([]byte("[" + row(0) + "," + row(2) + "]")); n != 2 || err != nil {
		t.Errorf("count = %d, %v, want 2 and no error", n, err)
	}
	wantError(t, "check", tl.check(), "1 did not arrive and 0 arrived more than once")
	_, err := tl.count([]byte("[" + row(3) + "]"))
	wantError(t, "count of another id", err, "not of this run")
	_, err = tl.count([]byte(`[{"id":1}]`))
	wantError(t, "count of no id", err, "no row has an id")
	for _, want := range []string{"", "0 did not arrive and 1 arrived more than once"} {
		if _, err := tl.count([]byte(row(1))); err != nil {
			t.Fatal(err)
		}
		if err := tl.check(); want == "" && err != nil {
			t.Errorf("check = %v, want nil: all have arrived once", err)
		} else if want != "" {
			wantError(t, "check", err, want)
		}
	}
	if got := tl.arrived(); got != 4 {
		t.Errorf("arrived = %d, want 4", got)
	}
}

func wantError(t *testing.T, what string, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s = %v, want an error with %q", what, err, want)
	}
}

func TestSpread(t *testing.T) {
	for want, list := range map[string][]float64{
		"0.5 s":                {0.5},
		"2 s (1 to 30.1)":      {30.123, 1, 2},
		"1 s (1 to 2)":         {2, 1},
		"1235 s (123 to 5432)": {123.2, 5432, 1234.6},
	} {
		if got := spread(list, "s"); got != want {
			t.Errorf("spread(%v) = %q, want %q", list, got, want)
		}
	}
}

func TestWriteTable(t *testing.T) {
	var out strings.Builder
	if err := writeTable(&out, []figure{{"A", "what", "≤ it", ""}, {"B2, Azurite", "w", "1 s", "≤ 2 s"}}); err != nil {
		t.Fatal(err)
	}
	want := "scenario     what  reached  wanted\n" +
		"--------     ----  -------  ------\n" +
		"A            what  ≤ it     -\n" +
		"B2, Azurite  w     1 s      ≤ 2 s\n"
	if out.String() != want {
		t.Errorf("writeTable =\n%s, want\n%s", out.String(), want)
	}
}

func TestBacklogFlag(t *testing.T) {
	var b backlog
	if err := b.Set("20000,5"); err != nil || b != (backlog{20000, 5}) {
		t.Errorf("Set = %+v, %v, want 20000 objects over 5 days", b, err)
	}
	for _, text := range []string{"", "1", "1,", "0,1", "1,0", "1,90", "1,2,3", "1,2x"} {
		if err := b.Set(text); err == nil {
			t.Errorf("Set(%q) = nil, want an error", text)
		}
	}
}

func TestBenchmarkFigures(t *testing.T) {
	const out = "goos: linux\nBenchmarkPipeline/floor-2   \t 30\t 87 ns/op\t 181.20 MB/s\t 1 B/op\n" +
		"BenchmarkPipeline/pipeline \t 22\t 120 ns/op\t 132.66 MB/s\t 73.21 %-of-floor\nPASS\n"
	got := benchmark(out, "pipeline")
	if got["MB/s"] != "132.66" || got["%-of-floor"] != "73.21" || benchmark(out, "floor")["MB/s"] != "181.20" {
		t.Errorf("benchmark = %v, want the figures of pipeline, and the floor's", got)
	}
}

func TestOutputTellsHowRunsEnd(t *testing.T) {
	o := &output{runs: make(chan runEnded, 1)}
	for _, part := range []string{"no JSON\n{\"msg\":\"run",
		" ended\",\"duration_seconds\":1.5,\"outcome\":\"success\"}\n{\"msg\":\"", strings.Repeat("x", tailSize)} {
		if n, err := o.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("Write = %d, %v, want %d and no error", n, err, len(part))
		}
	}
	if got := <-o.runs; got.Seconds != 1.5 || got.Outcome != "success" || got.Code != "" {
		t.Errorf("the run ended = %+v, want 1.5 seconds and success", got)
	}
	if got := o.String(); len(got) > tailSize || !strings.HasSuffix(got, "xx") {
		t.Errorf("String() has %d bytes, want the last %d", len(got), tailSize)
	}
}
