package funchost_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/funchost"
)

// kinds returns the kinds of the events up to the handler's end.
func (f *fixture) kinds() []string {
	f.t.Helper()
	var kinds []string
	late := time.After(patience)
	for {
		select {
		case ev := <-f.events:
			if ev.Kind == "gone" {
				return kinds
			}
			kinds = append(kinds, ev.Kind)
		case <-late:
			f.t.Fatalf("the handler lives on after %q, want it gone", kinds)
		}
	}
}

func TestShutdownOfIdleHostKills(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	began := time.Now()
	if err := h.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown() = %v, want nil", err)
	}
	if took := time.Since(began); took >= f.cfg.ShutdownGrace {
		t.Errorf("Shutdown() took %s, want it to wait for no grace", took)
	}
	if got := f.kinds(); !slices.Equal(got, []string{"start"}) {
		t.Errorf("events = %q, want no signal before the end", got)
	}
	if _, err := h.Invoke(t.Context(), fn); !errors.Is(err, funchost.ErrStopped) {
		t.Errorf("Invoke() after Shutdown = %v, want ErrStopped", err)
	}
	if h.HandlerPID() != 0 || h.OrphanPID() != 0 || h.Err() != nil {
		t.Errorf("handler %d, orphan %d, Err() = %v, want none", h.HandlerPID(), h.OrphanPID(), h.Err())
	}
	if err := h.Shutdown(t.Context()); err != nil {
		t.Errorf("second Shutdown() = %v, want nil", err)
	}
}

func TestShutdownWaitsForTheRun(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	run, stop := make(chan funchost.Invocation), make(chan error)
	go func() { run <- f.run(h) }()
	f.await("post")
	go func() { stop <- h.Shutdown(context.Background()) }()
	if _, err := h.Invoke(closed(t, h), fn); !errors.Is(err, funchost.ErrStopped) {
		t.Errorf("Invoke() during Shutdown = %v, want ErrStopped", err)
	}
	f.answers <- good("just in time")
	if inv := <-run; !inv.Succeeded {
		t.Errorf("Invoke() = %+v, want success", inv)
	}
	if err := <-stop; err != nil {
		t.Errorf("Shutdown() = %v, want nil", err)
	}
	if got := f.kinds(); slices.Contains(got, "signal") || h.OrphanPID() != 0 {
		t.Errorf("events = %q, orphan %d, want a kill without a signal, and no orphan", got, h.OrphanPID())
	}
	if got := messages(h, "Function.GuardDutyTimer", "(Succeeded,"); len(got) != 1 {
		t.Errorf("records of the success = %v, want one", got)
	}
}

// closed returns a context once the host takes no more runs.
func closed(t *testing.T, h *funchost.Host) context.Context {
	t.Helper()
	if err := h.RunTimer(t.Context()); err != nil { // returns as Shutdown begins
		t.Errorf("RunTimer() = %v, want nil after Shutdown", err)
	}
	return t.Context()
}

func TestShutdownLeavesALateHandlerAlive(t *testing.T) {
	f := newFixture(t)
	f.cfg.ShutdownGrace = 100 * time.Millisecond
	h := f.start()
	pid := h.HandlerPID()
	f.answers <- answer{AwaitCut: true}
	run := make(chan error)
	go func() {
		_, err := h.Invoke(t.Context(), fn)
		run <- err
	}()
	f.await("waiting")
	began := time.Now()
	if err := h.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown() = %v, want nil", err)
	}
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	if took := time.Since(began); took < f.cfg.ShutdownGrace {
		t.Errorf("Shutdown() took %s, want at least %s", took, f.cfg.ShutdownGrace)
	}
	if h.OrphanPID() != pid || h.HandlerPID() != 0 {
		t.Errorf("orphan %d, handler %d, want %d and none", h.OrphanPID(), h.HandlerPID(), pid)
	}
	if err := <-run; !errors.Is(err, funchost.ErrStopped) || len(h.History()) != 0 {
		t.Errorf("Invoke() = %v with %d runs in the history, want ErrStopped and none", err, len(h.History()))
	}
	f.await("cut") // its answer would meet a broken connection
	f.answers <- answer{}
	f.await("answered") // and it lives
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("kill(%d) = %v, want nil: the orphan lives", pid, err)
	}
	f.await("gone")
}

// An orphan's output meets a broken pipe, as when the real host has gone.
func TestOrphansOutputMeetsABrokenPipe(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	pid := h.HandlerPID()
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	go func() { _, _ = h.Invoke(t.Context(), fn) }()
	f.await("post")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Shutdown(ctx); !errors.Is(err, context.Canceled) || h.OrphanPID() != pid {
		t.Errorf("Shutdown(done) = %v, orphan %d, want context.Canceled and %d", err, h.OrphanPID(), pid)
	}
	f.answers <- answer{Stdout: "not read by anyone\n", Status: 200, Type: jsonType, Body: "{}"}
	f.await("gone") // by SIGPIPE
	if strings.Contains(f.console.String(), "not read by anyone") {
		t.Error("the console shows the orphan's line, want it lost")
	}
}

// The real host is stopped at the third exit with nothing left running.
func TestShutdownAfterTheHostGaveUp(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	for range 3 {
		f.invoke(h, exits(1, ""))
	}
	<-h.Done()
	if err := h.Shutdown(t.Context()); err != nil {
		t.Errorf("Shutdown() = %v, want nil", err)
	}
}
