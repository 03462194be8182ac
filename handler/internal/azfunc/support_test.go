package azfunc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/azfunc"
)

// patience bounds every wait of these tests. None comes near it unless the
// code under test hangs.
const patience = 10 * time.Minute

// buffer is a bytes.Buffer for many goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// served is a server on a loopback listener with one function, Timer.
type served struct {
	addr           string
	stdout, stderr buffer
	stop           context.CancelFunc
	done           chan error // what Serve returned
}

// serve starts the server and stops it when the test ends.
func serve(t *testing.T, run azfunc.Run, changes ...func(*azfunc.Server)) *served {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := serveOn(t, ln, patience, run, changes...)
	t.Cleanup(func() {
		s.stop()
		if err := receive(t, s.done); err != nil {
			t.Errorf("Serve = %v, want nil", err)
		}
	})
	return s
}

func serveOn(t *testing.T, ln net.Listener, grace time.Duration, run azfunc.Run,
	changes ...func(*azfunc.Server)) *served {
	t.Helper()
	s := &served{addr: ln.Addr().String(), done: make(chan error, 1)}
	server := &azfunc.Server{
		Functions: map[string]azfunc.Run{"Timer": run},
		Log:       azfunc.NewLogger(&s.stdout, &s.stderr, slog.LevelDebug),
	}
	for _, change := range changes {
		change(server)
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() { s.done <- server.Serve(ctx, ln, grace) }()
	return s
}

// reports returns a run that always ends with r and err.
func reports(r azfunc.Report, err error) azfunc.Run {
	return func(context.Context, *slog.Logger, azfunc.Invocation) (azfunc.Report, error) { return r, err }
}

// forbidden is a run that must not happen.
func forbidden(t *testing.T) azfunc.Run {
	return func(context.Context, *slog.Logger, azfunc.Invocation) (azfunc.Report, error) {
		t.Error("the function ran")
		return azfunc.Report{}, nil
	}
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatal("waited in vain")
		panic("not reached")
	}
}

// dial opens a connection that fails instead of hanging.
func (s *served) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp4", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return conn
}

// raw sends text as it is and returns all that comes back until the server
// closes the connection.
func (s *served) raw(t *testing.T, text string) string {
	t.Helper()
	conn := s.dial(t)
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("read the answer: %v, after %q", err, got)
	}
	return string(got)
}

// reply is an answer as the host sees it.
type reply struct {
	status string // "200 OK"
	body   string
	logs   []string
}

// do makes one request and checks that its answer is one that the host takes.
func (s *served) do(t *testing.T, method, path, body string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Azure-Functions-InvocationId", "id-1")
	return send(t, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}, req)
}

func send(t *testing.T, client *http.Client, req *http.Request) reply {
	t.Helper()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%s %s: Content-Type = %q, want application/json", req.Method, req.URL.Path, got)
	}
	return reply{status: resp.Status, body: string(body), logs: logs(t, body)}
}

// logs reads an answer's body and checks that it has all of its members and no
// other.
func logs(t *testing.T, body []byte) []string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		t.Fatalf("answer %q: %v, want a JSON object", body, err)
	}
	var lines []string
	if err := json.Unmarshal(members["Logs"], &lines); err != nil || lines == nil {
		t.Errorf("answer %q: Logs = %s, want an array", body, members["Logs"])
	}
	if string(members["Outputs"]) != "{}" || string(members["ReturnValue"]) != "null" || len(members) != 3 {
		t.Errorf(`answer %q, want "Outputs":{}, "Logs":[…] and "ReturnValue":null`, body)
	}
	return lines
}
