package funchost_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/funchost"
)

// The console of a start, a good run and a failed one, as it was recorded.
func TestConsoleReadsAsTheRealOne(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "console.txt"))
	if err != nil {
		t.Fatal(err)
	}
	want := string(text)
	f := newFixture(t)
	f.cfg.Now = new(clock).now
	h := f.start()
	a := good("Posted 5 findings", "Ünïcode ✓ line", "", "first\nsecond")
	a.Stdout = `{"level":"INFO","msg":"run started"}` + "\n"
	f.invoke(h, a)
	f.invoke(h, answer{Raw: "HTTP/1.1 500 GD1203 refused\r\nContent-Length: 0\r\n\r\n"})
	got := guid.ReplaceAllString(f.console.String(), "GUID")
	got = regexp.MustCompile(`\d+ms`).ReplaceAllString(got, "0ms")
	if got != want {
		t.Errorf("console =\n%s\nwant\n%s", got, want)
	}
}

type line struct {
	level, text string
}

func consoleLines(h *funchost.Host) []line {
	var lines []line
	for _, r := range messages(h, funchost.CategoryConsole, "") {
		if r.InvocationID != "" {
			lines = append(lines, line{r.Level.String(), "of invocation " + r.InvocationID})
		}
		lines = append(lines, line{r.Level.String(), r.Message})
	}
	return lines
}

// Severity comes from the stream and from one word. All lines written before
// the answer are on record when the run ends.
func TestOutputBecomesRecords(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	long := strings.Repeat("y", 100_000)
	a := good()
	a.Stdout = "an error on stdout\r\n\n" + long + "\nLanguageWorkerConsoleLog for the platform\nazfuncjsonlog:{}\n"
	f.invoke(h, a)
	a = good()
	a.Stderr = "plain\nERROR with WARNing in it\n"
	f.invoke(h, a)
	want := []line{
		{"Information", "an error on stdout"}, {"Information", ""}, {"Information", long},
		{"Error", "plain"}, {"Warning", "ERROR with WARNing in it"},
	}
	if got := consoleLines(h); !slices.Equal(got, want) {
		t.Errorf("records = %.300v, want %.300v", got, want)
	}
	if !strings.Contains(f.console.String(),
		"fail: Host.Function.Console[0]\n      plain\nwarn: Host.Function.Console[0]\n") {
		t.Errorf("console = %s, want a failure and a warning", f.console)
	}
}

func TestStderrForMoreThanErrors(t *testing.T) {
	f := newFixture(t)
	f.app("host.json", strings.Replace(hostJSON, `"arguments":[]`, `"useStdErrorStreamForErrorsOnly":false`, 1))
	h := f.start()
	a := good()
	a.Stderr = "plain\nit Failed\nwarned of an error\nno newline at the end"
	f.invoke(h, a)
	f.invoke(h, exits(1, ""))
	want := []line{
		{"Information", "plain"}, {"Error", "it Failed"}, {"Warning", "warned of an error"},
		{"Information", "no newline at the end"},
	}
	if got := consoleLines(h); !slices.Equal(got, want) {
		t.Errorf("records = %v, want %v", got, want)
	}
}

// What the handler wrote before its answer is on record when the run ends,
// however quick the answer.
func TestOutputIsOnRecordBeforeTheRunEnds(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	a := good()
	a.Stdout, a.Stderr = strings.Repeat("out\n", 10), strings.Repeat("err\n", 10)
	for i := range 100 {
		f.invoke(h, a)
		if got, want := len(consoleLines(h)), (i+1)*20; got != want {
			t.Fatalf("lines after run %d = %d, want %d", i, got, want)
		}
	}
}
