package azfunc_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/azfunc"
)

func TestAnyGetIsAnswered(t *testing.T) {
	s := serve(t, forbidden(t))
	for _, path := range []string{"/", "/Timer", "/admin/host/status", "//Timer", "/a/../b", "/a%2Fb?x=1"} {
		if got := s.do(t, "GET", path, ""); got.status != "200 OK" || len(got.logs) != 0 {
			t.Errorf("GET %s = %s %s, want 200 OK without logs", path, got.status, got.body)
		}
	}
	if got := s.stdout.String() + s.stderr.String(); got != "" {
		t.Errorf("log of probes = %q, want none", got)
	}
}

func TestPostRunsTheFunction(t *testing.T) {
	var got azfunc.Invocation
	s := serve(t, func(ctx context.Context, log *slog.Logger, inv azfunc.Invocation) (azfunc.Report, error) {
		got = inv
		log.InfoContext(ctx, "in the run", slog.Any("timer", inv))
		return azfunc.Report{Lines: []string{"Posted 5 findings; <b> & ünïcode.", "second"}}, nil
	})
	answer := s.do(t, "POST", "/Timer",
		`{"Data":{"timer":{"IsPastDue":true}},"Metadata":{"RetryContext":{"RetryCount":2}}}`)
	want := []string{"Posted 5 findings; <b> & ünïcode.", "second"}
	if answer.status != "200 OK" || !slices.Equal(answer.logs, want) {
		t.Errorf("POST /Timer = %s with %q, want 200 OK with %q", answer.status, answer.logs, want)
	}
	if want := (azfunc.Invocation{ID: "id-1", Function: "Timer", PastDue: true, Retry: 2}); got != want {
		t.Errorf("the run was given %+v, want %+v", got, want)
	}
	line := s.stdout.String()
	if !strings.Contains(line, `"invocation_id":"id-1","timer":{"past_due":true,"retry":2}`) {
		t.Errorf("log line = %s, want the invocation's id and timer in it", line)
	}
}

// TestChunkedBody sends the body as the host does: chunked, the terminating
// chunk in its own write.
func TestChunkedBody(t *testing.T) {
	pastDue := make(chan bool, 1)
	s := serve(t, func(_ context.Context, _ *slog.Logger, inv azfunc.Invocation) (azfunc.Report, error) {
		pastDue <- inv.PastDue
		return azfunc.Report{}, nil
	})
	body, w := io.Pipe()
	go func() {
		for _, part := range []string{`{"Data":{"ti`, `mer":{"IsPast`, `Due":true}}}`} {
			io.WriteString(w, part)
		}
		w.Close()
	}()
	req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+s.addr+"/Timer", body)
	if err != nil {
		t.Fatal(err)
	}
	if got := send(t, &http.Client{Timeout: patience}, req); got.status != "200 OK" || !receive(t, pastDue) {
		t.Errorf("POST chunked = %s, want 200 OK and the whole body read", got.status)
	}
}

func TestUnknownFunctionOrMethodIsNamed(t *testing.T) {
	s := serve(t, forbidden(t))
	tests := []struct{ method, path string }{
		{"POST", "/Other"}, {"POST", "/timer"}, {"POST", "/Timer/"}, {"POST", "//Timer"},
		{"POST", "/x/../Timer"}, {"POST", "/"},
		{"PUT", "/Timer"}, {"DELETE", "/Timer"}, {"PATCH", "/"},
	}
	for _, tt := range tests {
		want := "500 this handler has no function " + tt.method + " " + tt.path
		if got := s.do(t, tt.method, tt.path, "{}"); got.status != want {
			t.Errorf("%s %s = %q, want %q", tt.method, tt.path, got.status, want)
		}
	}
}

func TestPanicFailsTheInvocationOnly(t *testing.T) {
	run := func(context.Context, *slog.Logger, azfunc.Invocation) (azfunc.Report, error) { panic("boom\nwarn") }
	tests := map[string]struct {
		panicError func(any) error
		want       string
	}{
		"plain":     {nil, "500 the handler panicked: boom warn"},
		"own error": {func(any) error { return errors.New("GD1002 a defect") }, "500 GD1002 a defect"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, run, func(s *azfunc.Server) { s.PanicError = tt.panicError })
			for range 2 { // the server continues to answer, and the next run is let in
				if got := s.do(t, "POST", "/Timer", "{}"); got.status != tt.want {
					t.Errorf("POST /Timer = %q, want %q", got.status, tt.want)
				}
			}
			got := s.stderr.String()
			if !strings.Contains(got, `"stack":"goroutine`) || !strings.Contains(got, "server_test.go") {
				t.Errorf("stderr = %s, want the stack of the panic", got)
			}
		})
	}
}

func TestSecondPostDuringARunDoesNothing(t *testing.T) {
	started, release := make(chan bool, 9), make(chan bool)
	s := serve(t, func(context.Context, *slog.Logger, azfunc.Invocation) (azfunc.Report, error) {
		started <- true
		<-release
		return azfunc.Report{Lines: []string{"first"}}, nil
	})
	first := make(chan reply, 1)
	go func() { first <- s.do(t, "POST", "/Timer", "{}") }()
	receive(t, started)
	second := s.do(t, "POST", "/Timer", "{}")
	if second.status != "200 OK" || len(second.logs) != 1 ||
		!strings.Contains(second.logs[0], "Another run is in progress") {
		t.Errorf("second POST = %s %q, want 200 OK and why it did nothing", second.status, second.logs)
	}
	close(release)
	if got := receive(t, first); got.status != "200 OK" || !slices.Equal(got.logs, []string{"first"}) {
		t.Errorf("first POST = %s %q, want its own report", got.status, got.logs)
	}
	if n := len(started); n != 0 {
		t.Errorf("%d more runs, want none", n)
	}
}

// TestNextRunMayStartAtTheAnswer guards the order of answer and unlocking: a
// retry policy may send the next invocation as soon as it has read the answer
// of a failed one.
func TestNextRunMayStartAtTheAnswer(t *testing.T) {
	s := serve(t, reports(azfunc.Report{}, errors.New("GD1003 no")))
	for i := range 50 {
		if got := s.do(t, "POST", "/Timer", "{}"); got.status != "500 GD1003 no" {
			t.Fatalf("POST %d = %q, want 500 GD1003 no", i, got.status)
		}
	}
}

// TestClientGoneDoesNotEndTheRun: what a run accepted has to be recorded even
// when no one waits for its answer. The request's own context tells that the
// server has noticed.
func TestClientGoneDoesNotEndTheRun(t *testing.T) {
	started, noticed, ended := make(chan bool, 1), make(chan bool), make(chan error, 1)
	run := func(ctx context.Context, _ *slog.Logger, _ azfunc.Invocation) (azfunc.Report, error) {
		started <- true
		<-noticed
		ended <- ctx.Err()
		return azfunc.Report{}, errors.New("no one reads this")
	}
	server := &azfunc.Server{
		Functions: map[string]azfunc.Run{"Timer": run},
		Log:       slog.New(slog.DiscardHandler),
	}
	handler := server.Handler(t.Context())
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		context.AfterFunc(r.Context(), func() { close(noticed) })
		handler.ServeHTTP(w, r)
	}))
	defer ts.Close()
	s := &served{addr: ts.Listener.Addr().String()}
	conn := s.dial(t)
	io.WriteString(conn, "POST /Timer HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: 2\r\n\r\n{}")
	receive(t, started)
	conn.Close()
	if err := receive(t, ended); err != nil {
		t.Errorf("context of a run whose client has gone: %v, want none", err)
	}
}
