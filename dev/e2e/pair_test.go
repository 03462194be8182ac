package e2e_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/funchost"
)

// busy is how a run begins its story when another holds the source.
const busy = "Another run is in progress"

// Two hosts whose handlers are invoked again and again at once deliver each
// finding once: one run works, and the other says so and does nothing.
func TestTwoHandlersAtOnceDeliverEachFindingOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.WithIdentity)
	const rounds, added = 12, 25
	findings := f.many(f.builtIn(), rounds*added)
	f.strike("s3", faults.Fault{Method: "GET", Times: -1, Delay: 5 * time.Millisecond})
	f.strike("ingestion", faults.Fault{Method: "POST", Times: -1, Delay: 50 * time.Millisecond})
	f.start()
	hosts := []*funchost.Host{f.host, f.another()}
	done := make(chan struct{})
	var both sync.WaitGroup
	for i, host := range hosts {
		both.Go(func() { f.invokeUntil(done, host, rand.New(rand.NewPCG(uint64(i), 2))) })
	}
	for i := range rounds {
		f.exportNow(findings[i*added : (i+1)*added])
		before := len(hosts[0].History()) + len(hosts[1].History())
		f.wait("more runs", func() bool { return len(hosts[0].History())+len(hosts[1].History()) >= before+3 })
	}
	close(done)
	both.Wait()
	if f.Failed() {
		return
	}
	f.run()
	f.deliveredOnce(len(findings))
	f.busyWithReason(hosts)
}

// another starts a second host with the settings of the first.
func (f *fixture) another() *funchost.Host {
	f.Helper()
	host, err := funchost.Start(f.Context(), funchost.Config{
		AppDir: f.app, Settings: maps.Clone(f.settings), Environ: f.environ, Output: &f.output,
	})
	if err != nil {
		f.Fatalf("Start() = %v, want nil", err)
	}
	f.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := host.Shutdown(ctx); err != nil {
			f.Errorf("Shutdown() = %v, want nil", err)
		}
	})
	return host
}

// invokeUntil makes runs, with pauses of random length, until done is closed.
func (f *fixture) invokeUntil(done <-chan struct{}, host *funchost.Host, rng *rand.Rand) {
	for {
		select {
		case <-done:
			return
		case <-time.After(time.Duration(rng.Int64N(int64(80 * time.Millisecond)))):
		}
		inv, err := host.Invoke(context.WithoutCancel(f.Context()), function)
		if err != nil || !inv.Succeeded {
			f.Errorf("Invoke(%s) = succeeded %t, %s, %v, want success", function, inv.Succeeded, inv.Reason, err)
			return
		}
	}
}

// busyWithReason fails the test unless some runs gave way to another, and each
// of those to one of the other host that worked at that time.
func (f *fixture) busyWithReason(hosts []*funchost.Host) {
	f.Helper()
	gaveWay := 0
	for i, host := range hosts {
		worked := 0
		for _, inv := range host.History() {
			if !strings.HasPrefix(inv.Logs[0], busy) {
				worked++
				continue
			}
			gaveWay++
			reason := false
			for _, other := range hosts[1-i].History() {
				reason = reason || !strings.HasPrefix(other.Logs[0], busy) && overlap(inv, other)
			}
			if !reason {
				f.Errorf("a run of host %d at %v said %q, want that only beside a run of the other host", i, inv.Fired,
					inv.Logs[0])
			}
		}
		f.Logf("host %d: %d runs, %d of which worked", i, len(host.History()), worked)
		if worked == 0 {
			f.Errorf("runs of host %d that worked = 0, want some", i)
		}
	}
	if gaveWay == 0 {
		f.Error("runs that gave way to another = 0, want some: the two were never at work at once")
	}
}

// overlap says whether two runs were under way at one time.
func overlap(a, b funchost.Invocation) bool {
	return a.Fired.Before(b.Fired.Add(b.Duration)) && b.Fired.Before(a.Fired.Add(a.Duration))
}
