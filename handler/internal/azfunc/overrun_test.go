package azfunc_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/azfunc"
)

// gate blocks whoever writes to it until it is closed.
type gate chan struct{}

func (g gate) Write(p []byte) (int, error) {
	<-g
	return len(p), nil
}

// gatedAnswer is an answer that the host does not read.
type gatedAnswer struct {
	*httptest.ResponseRecorder
	gate gate
}

func (a gatedAnswer) Write(p []byte) (int, error) { return a.gate.Write(p) }

// TestOverrun: whatever blocks an invocation, Overrun is called at the limit and
// not before.
func TestOverrun(t *testing.T) {
	const limit = 9 * time.Minute
	ignores := func(g gate) azfunc.Run {
		return func(ctx context.Context, _ *slog.Logger, _ azfunc.Invocation) (azfunc.Report, error) {
			budget, cancel := context.WithTimeout(ctx, limit/2)
			defer cancel()
			<-g
			return azfunc.Report{}, budget.Err()
		}
	}
	logs := func(ctx context.Context, log *slog.Logger, _ azfunc.Invocation) (azfunc.Report, error) {
		log.InfoContext(ctx, "in the run")
		return azfunc.Report{}, nil
	}
	discard := func(gate) io.Writer { return io.Discard }
	blocked := func(g gate) io.Writer { return g }
	tests := map[string]struct {
		run            func(gate) azfunc.Run
		stdout, stderr func(gate) io.Writer
		answer         func(gate, *httptest.ResponseRecorder) http.ResponseWriter
	}{
		"a call that ignores its context": {ignores, discard, discard, nil},
		"stdout":                          {func(gate) azfunc.Run { return logs }, blocked, discard, nil},
		"stderr, after the run": {
			func(gate) azfunc.Run { return reports(azfunc.Report{}, errors.New("no")) }, discard, blocked, nil,
		},
		"the answer": {
			func(gate) azfunc.Run { return reports(azfunc.Report{}, nil) }, discard, discard,
			func(g gate, r *httptest.ResponseRecorder) http.ResponseWriter { return gatedAnswer{r, g} },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := make(gate)
				overran := make(chan string, 2)
				server := &azfunc.Server{
					Functions: map[string]azfunc.Run{"Timer": tt.run(g)},
					Log:       azfunc.NewLogger(tt.stdout(g), tt.stderr(g), slog.LevelInfo),
					Limit:     limit,
					Overrun:   func(id string) { overran <- id },
				}
				recorder := httptest.NewRecorder()
				var w http.ResponseWriter = recorder
				if tt.answer != nil {
					w = tt.answer(g, recorder)
				}
				answered := make(chan bool)
				go func() { server.Handler(t.Context()).ServeHTTP(w, timerRequest()); close(answered) }()
				time.Sleep(limit - 1)
				synctest.Wait()
				if len(overran) != 0 {
					t.Errorf("Overrun was called for %q a moment before the limit", <-overran)
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				if n := len(overran); n != 1 {
					t.Fatalf("Overrun was called %d times, want once", n)
				}
				if id := <-overran; id != "id-1" {
					t.Errorf("Overrun was called for %q, want id-1", id)
				}
				close(g)
				<-answered
			})
		})
	}
}

// TestNoOverrun: an invocation that is answered in time is forgotten, each has
// the whole limit, and without a limit there is none.
func TestNoOverrun(t *testing.T) {
	for name, limit := range map[string]time.Duration{"in time": time.Hour, "without a limit": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &azfunc.Server{
					Functions: map[string]azfunc.Run{
						"Timer": func(context.Context, *slog.Logger, azfunc.Invocation) (azfunc.Report, error) {
							time.Sleep(time.Hour - 1)
							return azfunc.Report{}, nil
						},
					},
					Log:     slog.New(slog.DiscardHandler),
					Limit:   limit,
					Overrun: func(id string) { t.Errorf("Overrun was called for %q", id) },
				}
				for range 3 {
					server.Handler(t.Context()).ServeHTTP(httptest.NewRecorder(), timerRequest())
				}
				time.Sleep(2 * time.Hour)
			})
		})
	}
}

func timerRequest() *http.Request {
	r := httptest.NewRequest("POST", "http://127.0.0.1:1/Timer", strings.NewReader("{}"))
	r.Header.Set("X-Azure-Functions-InvocationId", "id-1")
	return r
}

func TestLastWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		said := false
		azfunc.LastWords(func() { time.Sleep(time.Second); said = true })
		if took := time.Since(began); !said || took != time.Second {
			t.Errorf("LastWords of a second returned after %v, said %v, want it to wait for them", took, said)
		}
		g := make(gate)
		began = time.Now()
		azfunc.LastWords(func() { g.Write(nil) })
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("LastWords that are blocked returned after %v, want 5s", took)
		}
		close(g)
	})
}

// TestWriteStacks: every goroutine is there, each in a line that a JSON reader
// and the host take as an error.
func TestWriteStacks(t *testing.T) {
	g := make(gate)
	defer close(g)
	started := make(chan bool)
	for range 100 {
		go waitsForWarning(started, g)
		<-started
	}
	var out bytes.Buffer
	azfunc.WriteStacks(&out, "a run is stuck", "id-1")
	waiting := 0
	for i, line := range strings.SplitAfter(strings.TrimSuffix(out.String(), "\n"), "\n") {
		got := fields(t, strings.TrimSuffix(line, "\n")+"\n")
		want, stack := "goroutine", got["stack"]
		if i == 0 {
			want, stack = "a run is stuck", "goroutine "
		}
		text, _ := stack.(string)
		if got["msg"] != want || got["level"] != "ERROR" || got["invocation_id"] != "id-1" ||
			!strings.HasPrefix(text, "goroutine ") || strings.Contains(strings.ToLower(line), "warn") {
			t.Errorf("line %d = %s, want %s with one stack and no warn in it", i, line, want)
		}
		if strings.Contains(text, "azfunc_test.waitsForWarning(") {
			waiting++
		}
	}
	if waiting != 100 {
		t.Errorf("%d stacks of the 100 goroutines that wait, want all", waiting)
	}
}

// waitsForWarning has a name by which the host would take its stack for a
// warning.
func waitsForWarning(started chan<- bool, g gate) {
	started <- true
	<-g
}
