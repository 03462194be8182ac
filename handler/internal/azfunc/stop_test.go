package azfunc_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/azfunc"
)

// TestStopWaitsForTheRunsAnswer stops the server during a run, which sees its
// context end and still has its answer delivered, whichever it is.
func TestStopWaitsForTheRunsAnswer(t *testing.T) {
	tests := map[string]struct {
		err  error
		want string
	}{
		"good":   {nil, "HTTP/1.1 200 OK\r\n"},
		"failed": {errors.New("GD1504 cut short"), "HTTP/1.1 500 GD1504 cut short\r\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			started := make(chan bool, 1)
			s := serve(t, func(ctx context.Context, _ *slog.Logger, _ azfunc.Invocation) (azfunc.Report, error) {
				started <- true
				<-ctx.Done()
				return azfunc.Report{Lines: []string{"recorded"}}, tt.err
			})
			conn := s.dial(t)
			io.WriteString(conn, post)
			receive(t, started)
			s.stop()
			got, err := io.ReadAll(conn)
			if err != nil || !strings.HasPrefix(string(got), tt.want) ||
				!strings.HasSuffix(string(got), `"ReturnValue":null}`) {
				t.Errorf("answer = %q, %v, want all of %q", got, err, tt.want)
			}
		})
	}
}

// TestStopIsBoundedByGrace: a run that does not end is left behind.
func TestStopIsBoundedByGrace(t *testing.T) {
	started, release := make(chan bool, 1), make(chan bool)
	ln := listen(t)
	run := func(context.Context, *slog.Logger, azfunc.Invocation) (azfunc.Report, error) {
		started <- true
		<-release
		return azfunc.Report{}, nil
	}
	s := serveOn(t, ln, 20*time.Millisecond, run)
	defer close(release)
	io.WriteString(s.dial(t), post)
	receive(t, started)
	s.stop()
	if err := receive(t, s.done); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Serve = %v, want %v", err, context.DeadlineExceeded)
	}
}

// TestStopWaitsForAnAnswerWrittenByHand: http.Server.Shutdown does not know a
// connection that was taken over, so the wait for it is the server's own. Here
// its answer cannot be written: only the end of the grace ends the wait.
func TestStopWaitsForAnAnswerWrittenByHand(t *testing.T) {
	const grace = 200 * time.Millisecond
	gate := &gatedListener{Listener: listen(t), writing: make(chan bool, 1), release: make(chan bool)}
	s := serveOn(t, gate, grace, reports(azfunc.Report{}, errors.New("no")))
	defer close(gate.release)
	io.WriteString(s.dial(t), post)
	receive(t, gate.writing)
	start := time.Now()
	s.stop()
	receive(t, s.done)
	if waited := time.Since(start); waited < grace {
		t.Errorf("Serve returned %v after the stop, want it to wait for the answer for %v", waited, grace)
	}
}

// TestServeFailsWithItsListener: an end that was not asked for is an error, so
// that the process does not exit with 0.
func TestServeFailsWithItsListener(t *testing.T) {
	ln := listen(t)
	s := serveOn(t, ln, patience, forbidden(t))
	ln.Close()
	if err := receive(t, s.done); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Serve = %v, want %v", err, net.ErrClosed)
	}
	s.stop()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// gatedListener's connections write when release is closed.
type gatedListener struct {
	net.Listener
	writing, release chan bool
}

func (l *gatedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return &gatedConn{conn, l}, err
}

type gatedConn struct {
	net.Conn
	gate *gatedListener
}

func (c *gatedConn) Write(p []byte) (int, error) {
	c.gate.writing <- true
	<-c.gate.release
	return c.Conn.Write(p)
}
