package funchost_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/funchost"
)

// The console of a start, a good run and a failed one, as it was recorded.
func TestConsoleReadsAsTheRealOne(t *testing.T) {
	const want = `info: Host.Startup[0]
      Found the following functions:
      Host.Functions.GuardDutyTimer
      
info: Microsoft.Azure.WebJobs.Script.WebHost.WebScriptHostHttpRoutesManager[0]
      Initializing function HTTP routes
      No HTTP routes mapped
      
info: Host.Startup[412]
      Host initialized (0ms)
info: Host.Triggers.Timer[5]
      The next 5 occurrences of the 'GuardDutyTimer' schedule (Cron: '0 0,5,10,15,20,25,30,35,40,45,50,55 * * * *') will be:
      11/22/2026 12:05:00Z
      11/22/2026 12:10:00Z
      11/22/2026 12:15:00Z
      11/22/2026 12:20:00Z
      11/22/2026 12:25:00Z
      
info: Host.Startup[413]
      Host started (0ms)
info: Host.Startup[0]
      Job host started
info: Function.GuardDutyTimer[1]
      Executing 'Functions.GuardDutyTimer' (Reason='Timer fired at 2026-11-22T12:02:30.1234567+00:00', Id=GUID)
info: Host.Function.Console[0]
      {"level":"INFO","msg":"run started"}
info: Function.GuardDutyTimer.User[0]
      Posted 5 findings
info: Function.GuardDutyTimer.User[0]
      Ünïcode ✓ line
info: Function.GuardDutyTimer.User[0]
info: Function.GuardDutyTimer.User[0]
      first
      second
info: Function.GuardDutyTimer[2]
      Executed 'Functions.GuardDutyTimer' (Succeeded, Id=GUID, Duration=0ms)
info: Function.GuardDutyTimer[1]
      Executing 'Functions.GuardDutyTimer' (Reason='Timer fired at 2026-11-22T12:02:30.1234567+00:00', Id=GUID)
fail: Function.GuardDutyTimer[3]
      Executed 'Functions.GuardDutyTimer' (Failed, Id=GUID, Duration=0ms)
      Microsoft.Azure.WebJobs.Host.FunctionInvocationException: Exception while executing function: Functions.GuardDutyTimer
       ---> System.Net.Http.HttpRequestException: Response status code does not indicate success: 500 (GD1203 refused).
fail: Host.Results[0]
      Microsoft.Azure.WebJobs.Host.FunctionInvocationException: Exception while executing function: Functions.GuardDutyTimer
       ---> System.Net.Http.HttpRequestException: Response status code does not indicate success: 500 (GD1203 refused).
`
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
	if !strings.Contains(f.console.String(), "fail: Host.Function.Console[0]\n      plain\nwarn: Host.Function.Console[0]\n") {
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
