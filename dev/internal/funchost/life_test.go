package funchost_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/funchost"
)

func exits(code int, stderr string) answer { return answer{Exit: &code, Stderr: stderr} }

func TestExitInRun(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	for i := range 3 {
		start := f.await("start")
		inv := f.invoke(h, exits(1, "one\ntwo\na warning\nthree\nfour\n"))
		if inv.Succeeded || !strings.Contains(inv.Exception, "The response ended prematurely") {
			t.Errorf("run %d: Invoke() = %+v, want failure: The response ended prematurely", i, inv)
		}
		exit := messages(h, "Worker.HttpWorkerProcess."+envOf(start)["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"],
			"Language Worker Process exited.")
		want := fmt.Sprintf("Language Worker Process exited. Pid=%d.\n"+
			"Microsoft.Azure.WebJobs.Script.Workers.WorkerProcessExitException: "+
			"%s/bin/handler exited with code 1 (0x1)\n"+
			" ---> System.Exception: two,three,four", start.PID, f.cfg.AppDir)
		if len(exit) != 1 || exit[0].Level != funchost.Error || exit[0].Message != want {
			t.Errorf("run %d: records of the exit = %+v, want one error %q", i, exit, want)
		}
		if got := f.await("gone"); got.PID != start.PID {
			t.Errorf("run %d: process %d has gone, want %d", i, got.PID, start.PID)
		}
	}
	const gaveUp = "Exceeded http worker restart retry count. Shutting down Functions Host"
	if got := messages(h, funchost.CategoryDispatcher, gaveUp); len(got) != 1 {
		t.Errorf("records of the third exit = %v, want one", got)
	}
	select {
	case <-h.Done():
	case <-time.After(patience):
		t.Fatal("the host continues after the third exit, want it stopped")
	}
	if _, err := h.Invoke(t.Context(), fn); !errors.Is(err, funchost.ErrStopped) ||
		!errors.Is(h.Err(), funchost.ErrStopped) {
		t.Errorf("Invoke() = %v, Err() = %v, want ErrStopped", err, h.Err())
	}
	if err := h.RunTimer(t.Context()); !errors.Is(err, funchost.ErrStopped) {
		t.Errorf("RunTimer() = %v, want ErrStopped", err)
	}
}

// After an exit the next handler is up within 0.2 s, on the same port.
func TestExitIsFollowedByANewHandlerAtOnce(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	first := f.await("start")
	f.invoke(h, exits(3, ""))
	second := f.await("start")
	if first.PID == second.PID ||
		envOf(first)["FUNCTIONS_CUSTOMHANDLER_PORT"] != envOf(second)["FUNCTIONS_CUSTOMHANDLER_PORT"] {
		t.Errorf("processes %d and %d, want two on one port", first.PID, second.PID)
	}
	if inv := f.invoke(h, good()); !inv.Succeeded || h.HandlerPID() != second.PID {
		t.Errorf("next run %t by %d, want true by %d", inv.Succeeded, h.HandlerPID(), second.PID)
	}
}

// A crash that comes half an hour after the last is counted as the first.
func TestOldCrashesAreForgotten(t *testing.T) {
	f := newFixture(t)
	var clock clock
	f.cfg.Now = clock.now
	h := f.start()
	for range 4 {
		f.invoke(h, exits(1, ""))
		clock.advance(31 * time.Minute)
	}
	if inv := f.invoke(h, good()); !inv.Succeeded {
		t.Errorf("run after four crashes far apart = %+v, want success", inv)
	}
}

func TestKilledHandlerIsReplaced(t *testing.T) {
	f := newFixture(t)
	f.start()
	pid := f.await("start").PID
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if next := f.await("start"); next.PID == pid {
		t.Errorf("handler %d started again, want another process", pid)
	}
	f.console.await(t, "info: "+funchost.CategoryDispatcher+"[0]\n      Worker process started and initialized.\n")
	if !strings.Contains(f.console.String(), "exited with code 137 (0x89)\n       ---> System.Exception\n") {
		t.Errorf("console = %s, want an exit with code 137", f.console)
	}
}

// The host takes an exit with 0 for intended: it starts nothing, and later
// runs meet a closed port.
func TestExitZeroIsNotRestarted(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	f.invoke(h, exits(0, ""))
	f.await("gone")
	for range 4 {
		inv := f.run(h)
		if inv.Succeeded || !strings.Contains(inv.Exception, "Connection refused (127.0.0.1:") {
			t.Errorf("Invoke() = %+v, want failure: Connection refused", inv)
		}
	}
	if got := f.pending(); slices.Contains(got, "start") || h.HandlerPID() != 0 || h.Err() != nil {
		t.Errorf("events %q, handler %d, Err() = %v, want no new handler and a host that continues", got,
			h.HandlerPID(), h.Err())
	}
}

// An exit with 200 asks for a new handler at once, and is never counted.
func TestExit200Restarts(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	for range 2 {
		f.await("start")
		f.invoke(h, exits(1, "")) // a third would end the host
	}
	for range 4 {
		id := envOf(f.await("start"))["FUNCTIONS_CUSTOMHANDLER_WORKER_ID"]
		f.invoke(h, exits(200, "not in any record of the exit\n"))
		const want = "Language Worker Process exited and needs to be restarted."
		if got := messages(h, "Worker.HttpWorkerProcess."+id, ""); len(got) != 1 || got[0].Message != want ||
			got[0].Level != funchost.Information {
			t.Errorf("records of the exit = %+v, want %q", got, want)
		}
	}
	if inv := f.invoke(h, good()); !inv.Succeeded || h.Err() != nil {
		t.Errorf("run after four restarts = %+v, Err() = %v, want success", inv, h.Err())
	}
	if got := messages(h, funchost.CategoryDispatcher, "Worker process started and initialized."); len(got) != 6 {
		t.Errorf("records of new handlers = %v, want one for each of 6", got)
	}
}

func TestTimeout(t *testing.T) {
	f := newFixture(t)
	f.cfg.FunctionTimeout = 2 * time.Second
	f.cfg.KillGrace = 300 * time.Millisecond
	h := f.start()
	began := time.Now()
	inv := f.run(h) // gets no answer
	if took := time.Since(began); inv.Duration < f.cfg.FunctionTimeout || took < inv.Duration+f.cfg.KillGrace {
		t.Errorf("run of %s, next one after %s, want it failed at the limit and the handler killed after the grace",
			inv.Duration, took)
	}
	limit := "Timeout value of 00:00:02 exceeded by function 'Functions.GuardDutyTimer' (Id: '" +
		inv.ID + "'). Initiating cancellation."
	if got := messages(h, "Function.GuardDutyTimer", limit); len(got) != 1 || got[0].Level != funchost.Error {
		t.Errorf("records of the limit = %v, want one error", got)
	}
	want := "Microsoft.Azure.WebJobs.Host.FunctionTimeoutException: " +
		"Timeout value of 00:00:02 was exceeded by function: Functions.GuardDutyTimer"
	if inv.Succeeded || inv.Exception != want {
		t.Errorf("Invoke() = %+v, want the exception %q", inv, want)
	}
	const replaced = "Microsoft.Azure.WebJobs.Script.WebHost.WebScriptHostExceptionHandler"
	restart := "A function timeout has occurred. Restarting worker process executing invocationId '" + inv.ID + "'."
	if got := messages(h, replaced, ""); len(got) != 2 ||
		got[0].Message != restart || got[0].Level != funchost.Warning ||
		got[1].Message != "Restart of language worker process(es) completed." {
		t.Errorf("records of the kill = %+v, want %q and its end", got, restart)
	}
	var seen []string
	for ev := f.await("post"); ev.Kind != "gone"; ev = <-f.events {
		seen = append(seen, ev.Kind)
	}
	if !slices.Equal(seen, []string{"post"}) {
		t.Errorf("the handler saw %q before it died, want one request and no signal", seen)
	}
	f.await("start") // or the next run's time passes while its handler starts
	if inv := f.invoke(h, good()); !inv.Succeeded || len(h.History()) != 2 {
		t.Errorf("next run %t, %d runs in all, want true and 2: no retry", inv.Succeeded, len(h.History()))
	}
}

func TestDefaultKillGraceIsTwoSeconds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.cfg.FunctionTimeout = 50 * time.Millisecond
	f.cfg.KillGrace = 0
	h := f.start()
	began := time.Now()
	f.run(h) // gets no answer
	f.await("gone")
	if took := time.Since(began); took < 2050*time.Millisecond {
		t.Errorf("killed after %s, want 2.05s or more", took)
	}
}

// As in the host's source: a run that answers within the grace has failed all
// the same, but its handler is not killed.
func TestAnswerWithinGrace(t *testing.T) {
	f := newFixture(t)
	f.cfg.FunctionTimeout = 100 * time.Millisecond
	f.cfg.KillGrace = patience
	h := f.start()
	pid := h.HandlerPID()
	done := make(chan funchost.Invocation)
	go func() { done <- f.run(h) }()
	f.console.await(t, "Executed 'Functions.GuardDutyTimer' (Failed")
	f.answers <- good("late")
	if inv := <-done; inv.Succeeded || len(inv.Logs) != 0 || h.HandlerPID() != pid {
		t.Errorf("Invoke() = %+v, handler %d, want failure and the handler %d alive", inv, h.HandlerPID(), pid)
	}
}

func TestRunsDoNotOverlap(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	first := make(chan funchost.Invocation)
	go func() { first <- f.run(h) }()
	f.await("post")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := h.Invoke(ctx, fn); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Invoke() during a run = %v, want it to wait until its deadline", err)
	}
	f.answers <- good()
	if inv := <-first; !inv.Succeeded || len(h.History()) != 1 || slices.Contains(f.pending(), "post") {
		t.Errorf("first run %t, %d in the history, want true and 1, with one request", inv.Succeeded, len(h.History()))
	}
}

// When its caller gives up, a run continues: nothing can call it back.
func TestRunOutlivesItsCaller(t *testing.T) {
	f := newFixture(t)
	h := f.start()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := h.Invoke(ctx, fn)
		done <- err
	}()
	f.await("post")
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Invoke() = %v, want context.Canceled", err)
	}
	f.answers <- good("first")
	f.invoke(h, good("second"))
	if got := h.History(); len(got) != 2 || !slices.Equal(got[0].Logs, []string{"first"}) {
		t.Errorf("History() = %+v, want both runs", got)
	}
}
