package funchost_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/funchost"
)

var guid = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

// A probe is one bare GET; any answer, a 404 too, means that the handler is
// up; and the invocations reuse its connection.
func TestProbeIsBareAndItsConnectionReused(t *testing.T) {
	f := newFixture(t)
	setting(f, modeEnv, "raw")
	h := f.start()
	start := f.await("start")
	port := envOf(start)["FUNCTIONS_CUSTOMHANDLER_PORT"]
	probe := f.await("read")
	if want := "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n\r\n"; probe.Data != want {
		t.Errorf("probe = %q, want %q", probe.Data, want)
	}
	for range 2 {
		f.run(h)
		if post := f.rawPost()[0]; post.Conn != probe.Conn || !strings.HasPrefix(post.Data, "POST ") {
			t.Errorf("request on connection %d = %.20q, want a POST on connection %d", post.Conn, post.Data, probe.Conn)
		}
	}
}

// rawPost returns the reads of one request, in raw mode.
func (f *fixture) rawPost() []event {
	f.t.Helper()
	var reads []event
	for request := ""; !strings.HasSuffix(request, "\r\n0\r\n\r\n"); {
		read := f.await("read")
		reads = append(reads, read)
		request += read.Data
	}
	return reads
}

// The wire: names with the host's capitals, chunks without a length, and a
// last chunk that a reader usually gets in a read of its own.
func TestPostIsChunkedWithTheLastChunkApart(t *testing.T) {
	f := newFixture(t)
	setting(f, modeEnv, "raw")
	h := f.start()
	f.await("read")
	apart := false
	for i := 0; i < 20 && !apart; i++ {
		inv := f.run(h)
		reads := f.rawPost()
		apart = len(reads) > 1 && reads[len(reads)-1].Data == "0\r\n\r\n"
		head, _, _ := strings.Cut(reads[0].Data, "\r\n\r\n")
		for _, line := range []string{
			"POST /GuardDutyTimer HTTP/1.1",
			"X-Azure-Functions-HostVersion: " + funchost.Version,
			"X-Azure-Functions-InvocationId: " + inv.ID,
			"User-Agent: Azure-Functions-Host/" + funchost.Version,
			"Content-Type: application/json; charset=utf-8",
			"Transfer-Encoding: chunked",
		} {
			if !slices.Contains(strings.Split(head, "\r\n"), line) {
				t.Fatalf("head = %q, want the line %q", head, line)
			}
		}
		if strings.Contains(head, "Content-Length") || strings.Contains(head, "Accept-Encoding") {
			t.Fatalf("head = %q, want neither Content-Length nor Accept-Encoding", head)
		}
	}
	if !apart {
		t.Error("the last chunk came with the body 20 times, want it apart")
	}
}

func TestBodyOfFirstAndSecondRun(t *testing.T) {
	f := newFixture(t)
	now := noon
	f.cfg.Now = func() time.Time { return now }
	h := f.start()
	const form = `{"Data":{"timer":{"Schedule":{"AdjustForDST":true},"ScheduleStatus":{"Last":"%s","Next":"%s","LastUpdated":"%s"},"IsPastDue":false}},` +
		`"Metadata":{"sys":{"MethodName":"GuardDutyTimer","UtcNow":"2026-11-22T12:02:30.1234567Z","RandGuid":"GUID"}}}`
	for _, want := range []string{
		fmt.Sprintf(form, "0001-01-01T00:00:00+00:00", "2026-11-22T12:05:00+00:00", "0001-01-01T00:00:00+00:00"),
		fmt.Sprintf(form,
			"2026-11-22T12:02:30.1234567+00:00", "2026-11-22T12:05:00+00:00", "2026-11-22T12:02:30.1234567+00:00"),
	} {
		f.invoke(h, good())
		post := f.await("post")
		if got := guid.ReplaceAllString(post.Body, "GUID"); got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
		if post.Method != "POST" || post.Path != "/GuardDutyTimer" || post.Length != -1 ||
			!slices.Equal(post.Transfer, []string{"chunked"}) {
			t.Errorf("request = %s %s, length %d, transfer encoding %q, want POST /GuardDutyTimer, -1, chunked",
				post.Method, post.Path, post.Length, post.Transfer)
		}
	}
}

// A timer that fires a moment early counts as punctual, or the same occurrence
// would fire twice.
func TestEarlyRunCountsForItsOccurrence(t *testing.T) {
	f := newFixture(t)
	var clock clock
	f.cfg.Now = clock.now
	h := f.start()
	clock.advance(2*time.Minute + 29*time.Second + 500*time.Millisecond)
	f.invoke(h, good())
	f.await("post")
	f.invoke(h, good())
	const want = `"ScheduleStatus":{"Last":"2026-11-22T12:05:00+00:00","Next":"2026-11-22T12:10:00+00:00","LastUpdated":"2026-11-22T12:05:00+00:00"}`
	if body := f.await("post").Body; !strings.Contains(body, want) {
		t.Errorf("body after a run at 12:04:59.6 = %s, want %s", body, want)
	}
}

func TestScheduleStatusIsNull(t *testing.T) {
	for name, change := range map[string]func(*fixture){
		"more than once a minute": func(f *fixture) { setting(f, "GUARDDUTY_SCHEDULE", "*/30 * * * * *") },
		"useMonitor false": func(f *fixture) {
			f.app(fn+"/function.json", strings.Replace(timerJSON, `"useMonitor":true`, `"useMonitor":false`, 1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			change(f)
			h := f.start()
			f.invoke(h, good())
			if body := f.await("post").Body; !strings.Contains(body, `"ScheduleStatus":null,"IsPastDue":false`) {
				t.Errorf("body = %s, want ScheduleStatus null", body)
			}
			if _, err := h.Invoke(t.Context(), fn, funchost.PastDue(noon)); err == nil {
				t.Error("Invoke(PastDue) = nil, want an error: no status says that a run was missed")
			}
		})
	}
}

func TestPastDueRun(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	due := time.Date(2026, 11, 22, 11, 55, 0, 0, time.UTC)
	inv := f.invoke(h, good(), funchost.PastDue(due))
	timer := f.body()["Data"].(map[string]any)["timer"].(map[string]any)
	if timer["IsPastDue"] != true {
		t.Errorf("IsPastDue = %v, want true", timer["IsPastDue"])
	}
	want := map[string]any{
		"Last":        "2026-11-22T11:50:00+00:00",
		"Next":        "2026-11-22T11:55:00+00:00",
		"LastUpdated": "2026-11-22T11:50:00+00:00",
	}
	if got := timer["ScheduleStatus"].(map[string]any); !maps.Equal(got, want) {
		t.Errorf("ScheduleStatus = %v, want %v", got, want)
	}
	const details = "Trigger Details: UnscheduledInvocationReason: IsPastDue, " +
		"OriginalSchedule: 2026-11-22T11:55:00.0000000+00:00"
	if got := messages(h, "Function.GuardDutyTimer", details); len(got) != 1 || got[0].InvocationID != inv.ID {
		t.Errorf("records with %q = %v, want one of invocation %s", details, got, inv.ID)
	}
}

func TestRetryContext(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	f.invoke(h, good(), funchost.AsRetry(funchost.Retry{Count: 1, Max: 2, Exception: "boom"}))
	got := f.body()["Metadata"].(map[string]any)["RetryContext"]
	if want := (map[string]any{"RetryCount": 1.0, "MaxRetryCount": 2.0, "Exception": "boom"}); !maps.Equal(
		got.(map[string]any),
		want,
	) {
		t.Errorf("RetryContext = %v, want %v", got, want)
	}
}

func TestHandlersEnvironment(t *testing.T) {
	f := newFixture(t)
	setting(f, "SHARED", "app")
	setting(f, "ARG", "value")
	f.app("host.json", strings.Replace(hostJSON, `"arguments":[]`, `"arguments":["serve","--x=%ARG%","%UNSET%"]`, 1))
	f.start()
	start := f.await("start")
	env := envOf(start)
	for name, want := range map[string]string{
		"HOSTS_OWN":                 "1",
		"SHARED":                    "app",
		"GUARDDUTY_SCHEDULE":        "0 */5 * * * *",
		"FUNCTIONS_HTTPWORKER_PORT": env["FUNCTIONS_CUSTOMHANDLER_PORT"],
		"FUNCTIONS_HTTPWORKER_ID":   env["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"],
		"FUNCTIONS_APP_ROOT_PATH":   f.cfg.AppDir,
	} {
		if env[name] != want {
			t.Errorf("%s = %q, want %q", name, env[name], want)
		}
	}
	if env["FUNCTIONS_CUSTOMHANDLER_PORT"] == "" || !guid.MatchString(env["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"]) {
		t.Errorf("port %q and worker id %q, want a port and a GUID", env["FUNCTIONS_CUSTOMHANDLER_PORT"],
			env["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"])
	}
	if _, inherited := env["HOME"]; inherited {
		t.Error("HOME is set, want only what Environ gives")
	}
	if start.Dir != f.cfg.AppDir || start.Stdin != "/dev/null" || start.PGID != syscall.Getpgrp() {
		t.Errorf("folder %q, stdin %q, group %d, want %q, /dev/null, %d", start.Dir, start.Stdin, start.PGID,
			f.cfg.AppDir, syscall.Getpgrp())
	}
	if want := []string{"serve", "--x=value", "%UNSET%"}; !slices.Equal(start.Args, want) {
		t.Errorf("arguments = %q, want %q", start.Args, want)
	}
}

func TestHandlerInheritsTheProcessEnvironment(t *testing.T) {
	f := newFixture(t)
	f.cfg.Environ = nil
	f.cfg.Output = nil
	t.Setenv("FROM_THE_PROCESS", "1")
	f.start()
	if got := envOf(f.await("start"))["FROM_THE_PROCESS"]; got != "1" {
		t.Errorf("FROM_THE_PROCESS = %q, want 1", got)
	}
}

func envOf(e event) map[string]string {
	env := make(map[string]string)
	for _, pair := range e.Env {
		name, value, _ := strings.Cut(pair, "=")
		env[name] = value
	}
	return env
}
