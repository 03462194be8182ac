package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/seed"
)

// A host that does not read the handler's stdout blocks a run at its first
// line. A minute after the run's budget the handler says where it hangs and
// asks for another one, and that one does the work.
func TestRunThatHangsEndsTheHandler(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	findings := f.builtIn()
	f.export(findings, seed.Options{Seed: 14})
	f.with(map[string]string{"RUN_BUDGET": "10s"})
	stdout, fill := f.unread("stdout")
	h := f.launchInto(stdout, &f.output)
	h.answered()
	fill()
	go h.post("hangs")
	h.endsWith(200)
	for _, text := range []string{
		`"level":"ERROR","msg":"run hangs beyond its budget; the handler ends","invocation_id":"hangs"}`,
		`"level":"ERROR","msg":"goroutine","invocation_id":"hangs","stack":"goroutine `,
		"(*connector).run(",
	} {
		if got := f.output.String(); !strings.Contains(got, text) {
			t.Errorf("stderr = %s, want %s", got, text)
		}
	}
	f.with(map[string]string{"RUN_BUDGET": ""})
	f.start()
	f.run()
	f.deliveredOnce(len(findings))
}

// A handler whose streams the host does not read hangs in its run. When it is
// asked to stop it ends nevertheless.
func TestStopOfAHandlerThatHangs(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	f.export(f.builtIn(), seed.Options{Seed: 15})
	stdout, fillOut := f.unread("stdout")
	stderr, fillErr := f.unread("stderr")
	h := f.launchInto(stdout, stderr)
	h.answered()
	fillOut()
	fillErr()
	go h.post("hangs")
	h.answered() // while the run does not get on
	if err := h.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	h.endsWith(200)
	f.start()
	f.run()
	f.deliveredOnce(len(f.builtIn()))
}

// unread returns a stream for a handler that nothing is read from until the
// test ends, and what fills it up.
func (f *fixture) unread(name string) (stream *os.File, fill func()) {
	f.Helper()
	path := filepath.Join(f.TempDir(), name)
	open := func(flags int) *os.File {
		file, err := os.OpenFile(path, flags, 0)
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { _ = file.Close() })
		return file
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		f.Fatal(err)
	}
	open(os.O_RDONLY | syscall.O_NONBLOCK)
	stream, own := open(os.O_WRONLY), open(os.O_WRONLY|syscall.O_NONBLOCK)
	return stream, func() {
		f.Helper()
		var err error
		for err == nil {
			if err = own.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err == nil {
				_, err = own.Write(make([]byte, 64<<10))
			}
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			f.Fatalf("fill %s: %v, want it full", name, err)
		}
	}
}

// post asks for a run, whose answer does not matter.
func (d *direct) post(invocation string) {
	req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/%s", d.port, function),
		strings.NewReader("{}"))
	if err != nil {
		panic(err)
	}
	req.Header.Set("X-Azure-Functions-InvocationId", invocation)
	if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
		_ = resp.Body.Close()
	}
}
