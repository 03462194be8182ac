package main_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/servers"
)

// patience bounds every wait for something that does happen.
const patience = 2 * time.Minute

// built is the folder of the programs under test, root that of the repository.
var built, root string

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "func" {
		os.Exit(coreTools())
	}
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	var err error
	if built, err = os.MkdirTemp("", "localcloud-test-"); err == nil {
		defer os.RemoveAll(built)
		err = build()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "localcloud:", err)
		return 1
	}
	return m.Run()
}

// build builds the handler and the local cloud with the flags of the Makefile.
func build() (err error) {
	if root, err = servers.Root(); err != nil {
		return err
	}
	for program, module := range map[string]string{"./handler": root, "./cmd/localcloud": filepath.Join(root, "dev")} {
		to := filepath.Join(built, filepath.Base(program))
		cmd := exec.Command("go", "build", "-C", module, "-trimpath", "-ldflags=-s -w", "-o", to, program)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build %s: %w: %s", program, err, out)
		}
	}
	return nil
}

// place is a repository of a test's own: the files of this one by links, and a
// handler that the test may replace.
type place struct {
	*testing.T
	root string
	env  map[string]string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{T: t, root: t.TempDir(), env: map[string]string{
		"PATH": t.TempDir(), "HOME": t.TempDir(), "EVERY": "24h", // however slow the machine is
	}}
	for _, name := range []string{"host.json", "GuardDutyTimer", "infra", "dev", "sentinel"} {
		p.link(filepath.Join(root, name), filepath.Join(p.root, name))
	}
	if err := os.Mkdir(filepath.Join(p.root, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.link(filepath.Join(built, "handler"), filepath.Join(p.root, "bin", "handler"))
	return p
}

func (p *place) link(from, to string) {
	p.Helper()
	if err := os.Symlink(from, to); err != nil {
		p.Fatal(err)
	}
}

// write writes a file of the place, seen from its root.
func (p *place) write(name, text string, mode os.FileMode) string {
	p.Helper()
	file := filepath.Join(p.root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), mode); err != nil {
		p.Fatal(err)
	}
	return file
}

func (p *place) read(name string) string {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(p.root, name))
	if err != nil {
		p.Fatal(err)
	}
	return string(text)
}

// command is the local cloud with the place's environment and nothing else.
func (p *place) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(p.Context(), filepath.Join(built, "localcloud"), args...)
	cmd.Dir = p.root
	cmd.Env = []string{"TMPDIR=" + p.TempDir()}
	for _, name := range slices.Sorted(maps.Keys(p.env)) {
		cmd.Env = append(cmd.Env, name+"="+p.env[name])
	}
	return cmd
}

// run runs the local cloud to its end and returns all that it printed.
func (p *place) run(args ...string) (output string, failed bool) {
	p.Helper()
	out, err := p.command(args...).CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		p.Fatal(err)
	}
	return string(out), err != nil
}

// wantIn wants texts in what was printed.
func (p *place) wantIn(output string, texts ...string) {
	p.Helper()
	for _, text := range texts {
		if !strings.Contains(output, text) {
			p.Errorf("the output has no %q:\n%s", text, output)
		}
	}
}

// running is a local cloud that runs until it is interrupted.
type running struct {
	*place
	cmd  *exec.Cmd
	mu   sync.Mutex
	out  bytes.Buffer
	more chan struct{} // gets one for each write, when there is room
}

// Write keeps what the local cloud prints.
func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case r.more <- struct{}{}:
	default:
	}
	return r.out.Write(p)
}

func (r *running) output() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}

func (p *place) start(args ...string) *running {
	p.Helper()
	r := &running{place: p, cmd: p.command(args...), more: make(chan struct{}, 1)}
	r.cmd.Stdout, r.cmd.Stderr = r, r
	if err := r.cmd.Start(); err != nil {
		p.Fatal(err)
	}
	return r
}

// await waits until a text was printed n times.
func (r *running) await(text string, n int) {
	r.Helper()
	late := time.After(patience)
	for strings.Count(r.output(), text) < n {
		select {
		case <-r.more:
		case <-late:
			r.Fatalf("the output has %q fewer than %d times:\n%s", text, n, r.output())
		}
	}
}

// interrupt ends the local cloud as Ctrl-C does.
func (r *running) interrupt() {
	r.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGINT); err != nil {
		r.Fatal(err)
	}
	if err := r.cmd.Wait(); err != nil {
		r.Errorf("after an interrupt: %v\n%s", err, r.output())
	}
}
