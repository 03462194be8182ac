package e2e_test

import (
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/seed"
)

// An upgrade, a rollback and another upgrade over one state: whatever one
// version recorded the other does not send again, and each continues with what
// the other left to be tried again.
func TestUpgradeAndRollback(t *testing.T) {
	t.Parallel()
	v := newVersions(t)
	const step = 40
	findings := v.many(v.builtIn(), 5*step)
	objects := v.export(findings[:step], seed.Options{Seed: 31, OneFindingPerObject: true})
	sent := step
	for i, name := range []string{before, now, before, now} {
		bad := "/" + v.cloud.S3.Bucket() + "/" + objects[len(objects)/2].Key
		v.strike("s3", faults.Fault{Method: "GET", Path: bad, Times: -1, Status: 503, Body: xmlError("SlowDown")})
		v.startVersion(name)
		v.run()
		v.deliveredOnce(sent - 1)
		v.cloud.Faults["s3"].Reset()
		other := map[string]string{before: now, now: before}[name]
		v.startVersion(other)
		v.makeDue(1)
		v.run()
		v.deliveredOnce(sent)
		if left := v.stateRows("pending"); len(left) > 0 {
			t.Errorf("step %d: pending rows = %+v, want none", i, left)
		}
		objects = seed.Plan(findings[sent:sent+step], seed.Options{
			Now: time.Now(), Seed: uint64(i), OneFindingPerObject: true,
		})
		for _, o := range objects {
			if err := v.cloud.S3.Put(o.Key, o.Body, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		sent += step
	}
	v.startVersion(now)
	v.run()
	v.deliveredOnce(sent)
}

// What a folder is held with survives a rollback: the earlier version delivers
// what is new, also of that folder, and the next upgrade what was left behind.
func TestRollbackWhileAnAccountIsHeld(t *testing.T) {
	t.Parallel()
	v := newVersions(t)
	findings := v.many(v.builtIn(), 120)
	objects := v.export(findings[:60], seed.Options{Seed: 32, OneFindingPerObject: true})
	account, others := firstAccount(objects)
	allow := v.cloud.S3.Deny(s3server.GetObject, account)
	v.startVersion(now)
	v.failsWith(breakage{code: "GD1304", says: []string{" since "}})
	v.deliveredOnce(others)
	heldRows := v.stateRows("held")
	allow()

	v.exportAt(findings[60:], time.Now())
	v.startVersion(before)
	v.run()
	if rows := v.stateRows("held"); !slices.Equal(rows, heldRows) || len(rows) == 0 {
		t.Errorf("held rows after the earlier version's run = %+v, want them as before: %+v", rows, heldRows)
	}
	v.startVersion(now)
	v.run()
	v.deliveredOnce(120)
	if rows := v.stateRows("held"); len(rows) > 0 {
		t.Errorf("held rows = %+v, want none", rows)
	}
}

// A run that is frozen until its lease has expired is overtaken by one of the
// other version. When it wakes up it ends, and takes nothing back.
func TestFrozenRunIsOvertakenByAnotherVersion(t *testing.T) {
	t.Parallel()
	for first, second := range map[string]string{before: now, now: before} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			v := newVersions(t)
			v.with(map[string]string{"UPLOAD_CONCURRENCY": "2"})
			v.export(v.many(v.builtIn(), backlogged), seed.Options{Seed: 33, Days: 3})
			v.strike("ingestion", faults.Fault{Method: "POST", Skip: 2, Times: -1, Delay: time.Second})
			v.startVersion(first)
			pid, ended := v.host.HandlerPID(), v.background()
			v.wait("some recorded, some in flight", func() bool {
				return v.cloud.Faults["ingestion"].Fired() > 0 && len(v.stateRows("done")) > 0
			})
			v.signal(pid, syscall.SIGSTOP)
			v.cloud.Faults["ingestion"].Reset()
			recorded := v.recorded()

			frozen := v.host
			v.app = v.apps[second]
			v.host = v.another()
			v.overtake()
			v.delivered(backlogged, 2)
			mark := v.watermark()
			v.signal(pid, syscall.SIGCONT)
			v.receive(ended)
			v.quiet()
			v.delivered(backlogged, 2)
			v.recordedCameOnce(recorded)
			v.host = frozen // to be stopped with the fixture
			rows := len(v.deliveries())
			t.Logf("objects recorded before the run was frozen: %d; rows that came twice: %d", len(recorded),
				rows-backlogged)
			for _, name := range []string{second, first, second} {
				v.startVersion(name)
				v.run()
			}
			if got := len(v.deliveries()); got != rows {
				t.Errorf("rows after more runs of both = %d, want %d as before", got, rows)
			}
			if got := v.watermark(); got.Before(mark) {
				t.Errorf("watermark = %v, want it no earlier than %v", got, mark)
			}
		})
	}
}

func (v *versions) signal(pid int, signal syscall.Signal) {
	v.Helper()
	if err := syscall.Kill(pid, signal); err != nil {
		v.Fatal(err)
	}
}

// overtake makes runs until one takes the lease, and then one more.
func (v *versions) overtake() {
	v.Helper()
	const between = time.Second
	for end := time.Now().Add(patience); ; time.Sleep(between) {
		if inv := v.run(); !strings.HasPrefix(inv.Logs[0], busy) {
			break
		}
		if time.Now().After(end) {
			v.Fatal("the frozen run keeps the lease")
		}
	}
	v.run()
}
