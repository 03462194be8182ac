package e2e_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/seed"
)

// backlogged is how many findings make several batches.
const backlogged = 900

// held is a delay that a kill ends long before its time.
const held = time.Hour

// kills are the instants at which the handler is killed.
var kills = []struct {
	name string
	pass int // calls of Logs Ingestion that pass before one is held
	when func(*fixture) bool
}{
	{"first batch under way", 0, func(f *fixture) bool { return f.cloud.Faults["ingestion"].Fired() > 0 }},
	{"some accepted, not recorded", 100, func(f *fixture) bool { return f.cloud.Ingestion.Stats().Calls > 0 }},
	{"some recorded, some under way", 2, func(f *fixture) bool {
		return f.cloud.Faults["ingestion"].Fired() > 0 && len(f.stateRows("done")) > 0
	}},
}

// The host ends a handler only with SIGKILL. Whenever it does, nothing is
// lost, and what arrives twice was accepted and not yet recorded.
func TestKilledHandlerLosesNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range kills {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, cloud.InMemory)
			f.with(map[string]string{"UPLOAD_CONCURRENCY": "2"})
			f.export(f.many(f.builtIn(), backlogged), seed.Options{Seed: 9, Days: 3})
			f.strike("ingestion", faults.Fault{Method: "POST", Skip: tt.pass, Times: -1, Delay: held})
			f.start()
			pid := f.host.HandlerPID()
			ended := f.background()
			f.wait(tt.name, func() bool { return tt.when(f) })
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if inv := f.receive(ended); inv.Succeeded || inv.Exception == "" {
				t.Errorf("the killed run = succeeded %t, %q, want its failure on record", inv.Succeeded, inv.Exception)
			}
			f.cloud.Faults["ingestion"].Reset()
			f.afterKill(pid)
		})
	}
}

// afterKill makes the next run and compares what arrived with the state that
// the killed handler left.
func (f *fixture) afterKill(pid int) {
	f.Helper()
	recorded := f.recorded()
	f.run()
	if got := f.host.HandlerPID(); got == pid || got == 0 {
		f.Errorf("handler = %d, want another than %d", got, pid)
	}
	f.delivered(backlogged, 2)
	f.recordedCameOnce(recorded)
	f.Logf("objects recorded before the kill: %d; rows that came twice: %d", len(recorded),
		len(f.deliveries())-backlogged)
	f.runsForNothing()
}

// recorded returns the objects that are recorded as done.
func (f *fixture) recorded() map[string]bool {
	f.Helper()
	objects := make(map[string]bool)
	for _, row := range f.stateRows("done") {
		objects["s3://"+f.cloud.S3.Bucket()+"/"+row.ObjectKey] = true
	}
	return objects
}

// recordedCameOnce fails the test if a finding of a recorded object has two rows.
func (f *fixture) recordedCameOnce(recorded map[string]bool) {
	f.Helper()
	times := f.times()
	for _, d := range f.deliveries() {
		if recorded[d.object] && times[d.id] != 1 {
			f.Errorf("finding %s of %s, which was recorded, came %d times, want 1", d.id, d.object, times[d.id])
		}
	}
}

// stops are the signals that ask the handler to stop, and its exit code then.
// After 200 the host starts another handler, after 0 it does not.
var stops = map[syscall.Signal]int{syscall.SIGTERM: 200, syscall.SIGINT: 0}

// A handler that is signalled to stop delivers and records what it has in flight,
// says what is left, and ends in order; the next one sends nothing again.
func TestSignalDuringARunEndsItInOrder(t *testing.T) {
	t.Parallel()
	for signal, code := range stops {
		t.Run(signal.String(), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, cloud.InMemory)
			f.with(map[string]string{"UPLOAD_CONCURRENCY": "1", "FETCH_CONCURRENCY": "8"})
			f.export(f.many(f.builtIn(), backlogged), seed.Options{Seed: 10, Days: 2})
			f.strike("ingestion", faults.Fault{Method: "POST", Times: -1, Delay: 700 * time.Millisecond})
			f.start()
			pid := f.host.HandlerPID()
			ended := f.background()
			f.wait("a batch under way", func() bool { return f.cloud.Faults["ingestion"].Fired() > 0 })
			asked := time.Now()
			if err := syscall.Kill(pid, signal); err != nil {
				t.Fatal(err)
			}
			inv := f.receive(ended)
			took := time.Since(asked)
			// objects of the day at work, or whole days when the signal came at the end of one
			said := strings.Join(inv.Logs, " ")
			if !inv.Succeeded || inv.StatusCode != 200 || !strings.Contains(said, " left for the next run") &&
				!strings.Contains(said, "The next run continues with ") {
				t.Errorf("Invoke(%s) = succeeded %t, %d, %q, %s, want success and what is left", function,
					inv.Succeeded, inv.StatusCode, inv.Logs, inv.Exception)
			}
			f.replaced(pid, code == 200)
			first := len(f.deliveries())
			if first == 0 && took < stopGrace || first >= backlogged {
				t.Errorf("rows of the run = %d, want some of %d", first, backlogged)
			}
			f.cloud.Faults["ingestion"].Reset()
			if code == 0 {
				f.start()
			}
			f.run()
			f.deliveredInOrder(backlogged, took)
		})
	}
}

// replaced waits for the end of a handler that was asked to stop, and fails the
// test unless the host started another, or none, and counted no error.
func (f *fixture) replaced(pid int, another bool) {
	f.Helper()
	next := 0
	f.wait("the handler's exit", func() bool {
		next = f.host.HandlerPID()
		return next != pid && (next != 0 || !another)
	})
	if got := f.output.String(); !another && next != 0 || strings.Contains(got, "exited with code") {
		f.Errorf("handler = %d, console %s, want another handler: %t, and no error", next, got, another)
	}
}

// An idle handler that is signalled to stop ends with the code of the signal.
func TestSignalWhenIdleEndsTheHandler(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	for signal, code := range stops {
		h := f.launch()
		h.answered()
		if err := h.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		h.endsWith(code)
	}
}

// However often a handler is terminated, its host starts another and runs on.
func TestTerminatedHandlerIsReplaced(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	f.export(f.builtIn(), seed.Options{Seed: 11})
	f.start()
	for range 4 { // three errors would end the host
		pid := f.host.HandlerPID()
		if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		f.replaced(pid, true)
		f.run()
	}
	f.deliveredOnce(len(f.builtIn()))
}
