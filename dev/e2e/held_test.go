package e2e_test

import (
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/seed"
)

// An account of which nothing can be read, as when its KMS key is denied, fails
// the runs, which name it, and holds nothing else back: what is exported
// meanwhile arrives. Once it can be read all of it does.
func TestOneAccountUnreadable(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	findings := f.builtIn()
	half := len(findings) / 2
	objects := f.export(findings[:half], seed.Options{Seed: 22, OneFindingPerObject: true})
	account, others := firstAccount(objects)
	allow := f.cloud.S3.Deny(s3server.GetObject, account)
	f.start()
	for range 3 {
		f.failsWith(breakage{code: "GD1304", says: []string{strings.Trim(strings.TrimPrefix(account, "AWSLogs/"), "/"),
			" since ", "kms:Decrypt", "nothing is lost"}})
		f.deliveredOnce(others)
	}
	if len(f.stateRows("pending")) != 0 || len(f.stateRows("held")) == 0 {
		t.Errorf("%d pending and %d held rows, want none and some",
			len(f.stateRows("pending")), len(f.stateRows("held")))
	}
	allow()
	f.run()
	f.deliveredOnce(half)
	if held := f.stateRows("held"); len(held) != 0 {
		t.Errorf("held rows = %v, want none", held)
	}
}

// firstAccount is the folder of the first object's account, and how many findings
// lie elsewhere.
func firstAccount(objects []seed.Object) (folder string, others int) {
	folder, _, _ = strings.Cut(objects[0].Key, "GuardDuty/")
	for _, o := range objects {
		if !strings.HasPrefix(o.Key, folder) {
			others += o.Findings
		}
	}
	return folder, others
}

// Archived days at the beginning of the look-back are quarantined unread, with
// how to restore them, and everything else arrives in the first run.
func TestArchivedObjectsHoldNothingBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	findings := f.builtIn()
	objects := f.export(findings, seed.Options{Seed: 23, OneFindingPerObject: true})
	archived := 0
	for i, o := range objects {
		if i%3 > 0 {
			continue
		}
		place := s3server.Place{Class: "GLACIER"}
		if archived%2 == 1 { // what no listing shows
			place = s3server.Place{Class: "INTELLIGENT_TIERING", Tier: "ARCHIVE_ACCESS"}
		}
		if err := f.cloud.S3.Move(o.Key, place); err != nil {
			t.Fatal(err)
		}
		archived++
	}
	f.start()
	run := f.run()
	f.deliveredOnce(len(findings) - archived)
	f.tells(run, "GD1311")
	bad := f.quarantine()
	if len(bad) != archived {
		t.Errorf("%d objects in quarantine, want %d", len(bad), archived)
	}
	for key, lines := range bad {
		if !strings.Contains(lines[0].reason, "GD1311") || !strings.Contains(lines[0].reason, "restore-object") {
			t.Errorf("%s: reason %q, want GD1311 and how to restore it", key, lines[0].reason)
		}
	}
}

// A prefix under which nothing lies is a good run that says so.
func TestNothingBelowThePrefixIsSaid(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	f.export(f.builtIn()[:3], seed.Options{Seed: 24})
	f.with(map[string]string{"S3_PREFIX": "elsewhere"})
	f.start()
	f.tells(f.run(), "Nothing lies under s3://guardduty-findings/elsewhere/AWSLogs/: look at S3_PREFIX")
}

// A look-back that is changed once the source has a watermark is said to have no
// effect.
func TestLookbackOfARunningSourceIsSaid(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	f.export(f.builtIn()[:3], seed.Options{Seed: 26})
	f.start()
	f.tells(f.run(), "No watermark yet: starting at ")
	f.with(map[string]string{"INITIAL_LOOKBACK": "30d"})
	f.start()
	f.tells(f.run(), "INITIAL_LOOKBACK=30d has no effect: this source started with 4d and stands at ")
	f.with(map[string]string{"INITIAL_LOOKBACK": lookback})
	f.start()
	if run := f.run(); strings.Contains(strings.Join(run.Logs, " "), "INITIAL_LOOKBACK") {
		t.Errorf("Logs = %q, want nothing of the look-back", run.Logs)
	}
}

// Two apps with one state table and other tables to send to: the second one does
// not take a share of the findings, it fails.
func TestStateOfAnotherDestination(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	findings := f.builtIn()
	f.export(findings[:10], seed.Options{Seed: 25})
	f.start()
	f.run()
	f.deliveredOnce(10)
	f.stop()
	f.exportAt(findings[10:12], time.Now())
	stream := f.settings["DCR_STREAM"]
	f.with(map[string]string{"DCR_STREAM": "Custom-Other_CL"})
	f.start()
	f.failsWith(breakage{code: "GD1405", says: []string{"Custom-Other_CL", "STATE_TABLE"}})
	f.stop()
	f.with(map[string]string{"DCR_STREAM": stream})
	f.start()
	f.run()
	f.deliveredOnce(12)
}
