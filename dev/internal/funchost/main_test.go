package funchost_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/funchost"
)

const (
	fn = "GuardDutyTimer"
	// patience bounds every wait for something that does happen.
	patience = 10 * time.Minute

	hostJSON  = `{"version":"2.0","functionTimeout":"00:30:00","customHandler":{"description":{"defaultExecutablePath":"bin/handler","workingDirectory":"","arguments":[]}}}`
	timerJSON = `{"bindings":[{"name":"timer","type":"timerTrigger","direction":"in","schedule":"%GUARDDUTY_SCHEDULE%","useMonitor":true,"runOnStartup":false}]}`
)

// noon is a time half way between two runs of the schedule every five minutes.
var noon = time.Date(2026, 11, 22, 12, 2, 30, 123456700, time.UTC)

func TestMain(m *testing.M) {
	if address := os.Getenv(controlEnv); address != "" {
		os.Exit(runHandler(address))
	}
	code := m.Run()
	if left := leaked(); code == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "goroutines of the host left after the tests:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leaked returns the host's goroutines that do not end within a while.
func leaked() string {
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		buf := make([]byte, 1<<20)
		stacks := string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "internal/funchost.") {
			return ""
		}
		if time.Now().After(end) {
			return stacks
		}
	}
}

// fixture is an app folder, and the socket its handlers talk to.
type fixture struct {
	t       *testing.T
	cfg     funchost.Config
	console *buffer
	answers chan answer
	events  chan event
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, console: newBuffer(), answers: make(chan answer, 16), events: make(chan event, 4096)}
	dir := t.TempDir()
	f.write(filepath.Join(dir, "host.json"), hostJSON)
	f.write(filepath.Join(dir, fn, "function.json"), timerJSON)
	f.write(filepath.Join(dir, "bin", "README"), "")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "bin", "handler")); err != nil {
		t.Fatal(err)
	}
	f.cfg = funchost.Config{
		AppDir:        dir,
		Settings:      map[string]string{"GUARDDUTY_SCHEDULE": "0 */5 * * * *", controlEnv: f.listen()},
		Environ:       append(quiet(t), "HOSTS_OWN=1", "PATH="+os.Getenv("PATH"), "SHARED=host"),
		Output:        f.console,
		KillGrace:     50 * time.Millisecond,
		ShutdownGrace: patience,
	}
	return f
}

// quiet returns settings by which a handler built with the race detector or
// for coverage exits at once and without a word.
func quiet(t *testing.T) []string {
	return []string{"GORACE=atexit_sleep_ms=0", "GOCOVERDIR=" + t.TempDir()}
}

func (f *fixture) write(path, text string) {
	f.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		f.t.Fatal(err)
	}
}

// app replaces one of the app folder's files.
func (f *fixture) app(name, text string) {
	f.t.Helper()
	f.write(filepath.Join(f.cfg.AppDir, name), text)
}

// listen takes the handlers' connections until the test ends.
func (f *fixture) listen() string {
	f.t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go f.talk(conn)
		}
	}()
	return l.Addr().String()
}

// talk passes one handler's events on, and an answer for each post.
func (f *fixture) talk(conn net.Conn) {
	gone := make(chan struct{})
	var writing sync.Mutex
	d, e := json.NewDecoder(conn), json.NewEncoder(conn)
	pid := 0
	for {
		var ev event
		if d.Decode(&ev) != nil {
			close(gone)
			f.events <- event{Kind: "gone", PID: pid}
			return
		}
		pid = ev.PID
		f.events <- ev
		if ev.Kind == "post" || ev.Kind == "cut" {
			go func() {
				select {
				case a := <-f.answers:
					writing.Lock()
					defer writing.Unlock()
					_ = e.Encode(a)
				case <-gone:
				}
			}()
		}
	}
}

// start starts the host, and stops it when the test ends.
func (f *fixture) start() *funchost.Host {
	f.t.Helper()
	h, err := funchost.Start(f.t.Context(), f.cfg)
	if err != nil {
		f.t.Fatalf("Start() = %v, want nil", err)
	}
	f.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := h.Shutdown(ctx); err != nil {
			f.t.Errorf("Shutdown() = %v, want nil", err)
		}
	})
	return h
}

// invoke makes one run that the handler answers with a.
func (f *fixture) invoke(h *funchost.Host, a answer, options ...funchost.Option) funchost.Invocation {
	f.t.Helper()
	f.answers <- a
	return f.run(h, options...)
}

func (f *fixture) run(h *funchost.Host, options ...funchost.Option) funchost.Invocation {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	inv, err := h.Invoke(ctx, fn, options...)
	if err != nil {
		f.t.Fatalf("Invoke(%s) = %v, want nil", fn, err)
	}
	return inv
}

// await returns the next event of a kind, and drops those before it.
func (f *fixture) await(kind string) event {
	f.t.Helper()
	late := time.After(patience)
	for {
		select {
		case ev := <-f.events:
			if ev.Kind == kind {
				return ev
			}
		case <-late:
			f.t.Fatalf("no %s event from the handler", kind)
		}
	}
}

// pending returns the kinds of the events that are waiting.
func (f *fixture) pending() []string {
	var kinds []string
	for {
		select {
		case ev := <-f.events:
			kinds = append(kinds, ev.Kind)
		default:
			return kinds
		}
	}
}

// body returns the parsed body of the next request.
func (f *fixture) body() map[string]any {
	f.t.Helper()
	var parsed map[string]any
	if err := json.Unmarshal([]byte(f.await("post").Body), &parsed); err != nil {
		f.t.Fatal(err)
	}
	return parsed
}

func good(logs ...string) answer {
	data, err := json.Marshal(map[string]any{"Outputs": map[string]any{}, "Logs": logs, "ReturnValue": nil})
	if err != nil {
		panic(err)
	}
	return answer{Status: 200, Type: "application/json", Body: string(data)}
}

// messages returns the records that match: category, then part of the message.
func messages(h *funchost.Host, category, part string) []funchost.Record {
	var found []funchost.Record
	for _, r := range h.Records() {
		if r.Category == category && strings.Contains(r.Message, part) {
			found = append(found, r)
		}
	}
	return found
}

func setting(f *fixture, name, value string) {
	f.cfg.Settings = maps.Clone(f.cfg.Settings)
	f.cfg.Settings[name] = value
}
