package e2e_test

import (
	"strings"
	"syscall"
	"testing"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/seed"
)

// An object that kills the handler whenever it is opened is quarantined after a
// few runs. Everything else is delivered meanwhile.
func TestObjectThatKillsTheHandlerIsQuarantined(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	const most = 8 // three crashes, three careful runs, and one that quarantines it; one to spare
	findings := f.builtIn()
	objects := f.export(findings, seed.Options{Seed: 16, OneFindingPerObject: true})
	poison := objects[len(objects)/2].Key
	f.strike("s3", faults.Fault{Method: "GET", Path: "/" + f.cloud.S3.Bucket() + "/" + poison, Times: -1, Delay: held})
	opened := func() int { return f.cloud.Faults["s3"].Fired() }
	runs := 0
	for ; len(f.stateRows("quarantine")) == 0 && runs < most; runs++ {
		before := opened()
		f.start() // the host itself ends with the third crash
		ended := f.background()
		f.wait("the object opened, or the run's end", func() bool { return opened() > before || len(ended) > 0 })
		if opened() > before {
			if err := syscall.Kill(f.host.HandlerPID(), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		f.receive(ended)
	}
	f.quiet()
	f.delivered(len(findings)-1, runs)
	bad := f.quarantine()
	name := strings.TrimSuffix(poison[strings.LastIndexByte(poison, '/')+1:], ".jsonl.gz")
	const reason = "the process ended 3 times"
	if rows := bad[name]; len(bad) != 1 || len(rows) != 1 || !strings.Contains(rows[0].reason, reason) {
		t.Errorf("quarantine = %v after %d runs, want only %s, as what ended the process", bad, runs, name)
	}
	t.Logf("%d runs, %d of %d findings came again", runs, len(f.deliveries())-len(f.times()), len(findings)-1)
	f.start()
	f.runsForNothing()
}

// What a run has read leaves after some seconds, though its batch is not full and
// the next objects do not come: a handler that is killed early has delivered
// something.
func TestRunsThatAreKilledEarlyDeliver(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	const prompt = 20 // objects that S3 gives at once in each run
	findings := f.builtIn()[:3*prompt]
	f.with(map[string]string{"FETCH_CONCURRENCY": "2"})
	f.export(findings, seed.Options{Seed: 17, OneFindingPerObject: true})
	for i := range 2 {
		f.strike("s3", faults.Fault{
			Method: "GET", Path: "/" + f.cloud.S3.Bucket() + "/AWSLogs/", Skip: prompt, Times: -1, Delay: held,
		})
		f.start()
		f.cloud.S3.ResetRequests()
		ended := f.background()
		f.wait("a recorded batch", func() bool { return len(f.stateRows("done")) == (i+1)*prompt })
		if got := f.cloud.Faults["s3"].Fired(); got > 2 {
			t.Errorf("S3 was asked for %d objects that do not come, want the batch to leave before that", got)
		}
		if err := syscall.Kill(f.host.HandlerPID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		f.receive(ended)
		t.Logf("%d objects read, %d findings delivered", f.cloud.S3.Count(s3server.GetObject), len(f.deliveries()))
		f.cloud.Faults["s3"].Reset()
	}
	f.start()
	f.run()
	f.deliveredOnce(len(findings))
}
