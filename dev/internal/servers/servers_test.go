package servers_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"guardduty-sentinel/dev/internal/servers"
)

// TestMain also plays a starter that is killed (see TestServerEndsWithItsStarter).
func TestMain(m *testing.M) {
	if os.Getenv("SERVERS_TEST_STARTER") == "" {
		os.Exit(m.Run())
	}
	v, err := servers.StartVersity(context.Background(), servers.VersityOptions{Dir: os.Getenv("SERVERS_TEST_STARTER")})
	if err != nil {
		_, _ = os.Stdout.WriteString("error " + err.Error() + "\n")
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString(v.Endpoint + "\n")
	select {} // until killed
}

// dial connects to a URL's host, and reports whether something listens there.
func dial(t *testing.T, endpoint string) bool {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestRoot(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("host/host.json", "{}")
	write("host/dev/go.mod", "module guardduty-sentinel/dev\n")
	write("host/dev/internal/x/x.go", "package x\n")
	write("module/go.mod", "// comment\n\nmodule guardduty-sentinel\n\ngo 1.26.0\n")
	write("module/handler/x.go", "package main\n")
	write("other/go.mod", "module guardduty-sentinel/dev\n")
	for dir, want := range map[string]string{
		"host": "host", "host/dev/internal/x": "host", "module/handler": "module", "other": "",
	} {
		t.Run(dir, func(t *testing.T) {
			t.Chdir(filepath.Join(root, dir))
			got, err := servers.Root()
			if want == "" {
				if err == nil {
					t.Errorf("Root() = %s, want an error", got)
				}
				return
			}
			if same, err2 := sameFile(got, filepath.Join(root, want)); err != nil || err2 != nil || !same {
				t.Errorf("Root() = %s, %v, want %s", got, err, want)
			}
		})
	}
}

func sameFile(a, b string) (bool, error) {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y), errors.Join(errX, errY)
}

func TestMissingProgram(t *testing.T) {
	dir := t.TempDir()
	if _, err := servers.StartAzurite(t.Context(), servers.AzuriteOptions{Dir: dir}); !errors.Is(err,
		servers.ErrMissing) {
		t.Errorf("StartAzurite() = %v, want ErrMissing", err)
	}
	_, err := servers.StartVersity(t.Context(), servers.VersityOptions{Binary: filepath.Join(dir, "none")})
	if !errors.Is(err, servers.ErrMissing) {
		t.Errorf("StartVersity() = %v, want ErrMissing", err)
	}
}

func TestServerThatEndsAtOnce(t *testing.T) {
	program := script(t, "echo out of order >&2; exit 3")
	var log buffer
	_, err := servers.StartVersity(t.Context(), servers.VersityOptions{Binary: program, Log: &log})
	if err == nil || !strings.Contains(err.Error(), "out of order") || !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("StartVersity() = %v, want what it printed and its status", err)
	}
	if got := strings.Count(log.String(), "out of order"); got != 3 {
		t.Errorf("log = %q, want 3 attempts", log.String())
	}
}

func TestServerThatNeverAnswers(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	program := script(t, "echo $$ >"+pidFile+"; mv "+pidFile+" "+pidFile+".done; exec tail -f /dev/null")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ctx.Err() == nil { // until the program runs
			if _, err := os.Stat(pidFile + ".done"); err == nil {
				return
			}
		}
	}()
	if _, err := servers.StartVersity(ctx, servers.VersityOptions{Binary: program}); !errors.Is(err, context.Canceled) {
		t.Errorf("StartVersity() = %v, want context.Canceled", err)
	}
	pid, err := os.ReadFile(pidFile + ".done")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/" + strings.TrimSpace(string(pid))); err == nil {
		t.Errorf("process %s runs after StartVersity() gave up, want it stopped", bytes.TrimSpace(pid))
	}
}

// script makes a program of a shell script.
func script(t *testing.T, text string) string {
	t.Helper()
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip(err)
	}
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// starter runs this test's program as another process that starts versitygw,
// and gives the server's endpoint.
func starter(t *testing.T) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SERVERS_TEST_STARTER="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line)
}
