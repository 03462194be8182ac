package azfunc_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/azfunc"
)

// playStuck makes one run that logs to both streams, and ends as the handler
// does when that takes too long.
func playStuck() {
	server := &azfunc.Server{
		Functions: map[string]azfunc.Run{
			"Timer": func(ctx context.Context, log *slog.Logger, _ azfunc.Invocation) (azfunc.Report, error) {
				log.InfoContext(ctx, "in the run")
				log.ErrorContext(ctx, "in the run")
				return azfunc.Report{}, nil
			},
		},
		Log:   azfunc.NewLogger(os.Stdout, os.Stderr, slog.LevelInfo),
		Limit: 10 * time.Millisecond,
		Overrun: func(id string) {
			azfunc.LastWords(func() { azfunc.WriteStacks(os.Stderr, "a run is stuck", id) })
			os.Exit(azfunc.ExitRestart)
		},
	}
	server.Handler(context.Background()).ServeHTTP(httptest.NewRecorder(), timerRequest())
	os.Exit(0)
}

// TestProcessEndsWithItsLogBlocked: a host that does not read one stream, or
// either, keeps no process from ending, and gets the reason where it does read.
func TestProcessEndsWithItsLogBlocked(t *testing.T) {
	for name, blocked := range map[string]struct{ stdout, stderr bool }{
		"stdout": {true, false},
		"stderr": {false, true},
		"both":   {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			child := exec.CommandContext(ctx, os.Args[0])
			child.Env = append(os.Environ(), roleVar+"=stuck")
			var stderr bytes.Buffer
			child.Stderr = &stderr
			if blocked.stdout {
				child.Stdout = fullPipe(t)
			}
			if blocked.stderr {
				child.Stderr = fullPipe(t)
			}
			err := child.Run()
			if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != azfunc.ExitRestart {
				t.Errorf("the process ended with %v, want exit %d", err, azfunc.ExitRestart)
			}
			if blocked.stderr {
				return
			}
			if got := stderr.String(); !strings.Contains(got, `"msg":"a run is stuck"`) ||
				!strings.Contains(got, "azfunc_test.playStuck.func1(") {
				t.Errorf("stderr = %s, want the stack of the run", got)
			}
		})
	}
}

// fullPipe returns the end of a pipe that takes nothing more, and that nothing
// is read from until the test ends.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	text := make([]byte, 64<<10)
	for range 1000 {
		if err = w.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err == nil {
			_, err = w.Write(text)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return w
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("the pipe is never full")
	return nil
}
