package state_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/aztoken"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/state"
)

func TestLoadCreatesTheTable(t *testing.T) {
	cfg := config(t)
	for range 2 {
		snap := load(t, newStore(t, cfg))
		if len(snap.Done) != 0 || len(snap.Pending) != 0 || snap.Mark != (ingest.Mark{}) {
			t.Errorf("Load = %+v, want nothing", snap)
		}
	}
	if rows := rowsOf(t, cfg); len(rows) != 0 {
		t.Errorf("the table has %d rows, want none", len(rows))
	}
}

// waiting is an object to be tried again, with every field set.
func waiting(n int) ingest.Pending {
	return ingest.Pending{Object: object(n), Lines: 17, Attempts: 3, Next: written.Add(90*time.Minute + 123456789), Error: "unexpected EOF"}
}

func pendingEntry(n int) ingest.Entry {
	p := waiting(n)
	return ingest.Entry{Object: object(n), Pending: &p}
}

func TestRecordedEntriesAreLoaded(t *testing.T) {
	cfg, s := store(t)
	entries := append(done(0, 3), pendingEntry(3), ingest.Entry{
		Object: object(4), Findings: 2, Quarantine: []ingest.Quarantined{{Line: 7, Reason: "not JSON"}, {Reason: "the object itself"}},
	})
	for range 2 { // to repeat it changes nothing
		record(t, s, entries...)
		snap := load(t, s)
		delete(snap.Done, object(4).ID())
		wantDone(t, snap, 0, 3)
		wantPending(t, snap, waiting(3))
		if n := len(rowsOf(t, cfg)); n != 7 {
			t.Errorf("the table has %d rows, want 4 done, 1 pending, 2 in quarantine", n)
		}
	}
	// Another version of an object is another object.
	other := object(0)
	other.ETag = "other"
	if _, ok := load(t, s).Done[other.ID()]; ok {
		t.Error("Load has another version of an object as done")
	}
}

func TestRecordOfNothing(t *testing.T) {
	_, s := store(t)
	record(t, s)
}

func TestMoreRowsThanOneTransactionTakes(t *testing.T) {
	cfg, s := store(t)
	record(t, s, done(0, 250)...)
	wantDone(t, load(t, s), 0, 250)
	big := ingest.Entry{Object: object(250)}
	for line := range 150 {
		big.Quarantine = append(big.Quarantine, ingest.Quarantined{Line: line + 1, Reason: strings.Repeat("é", 5000)})
	}
	record(t, s, big)
	wantDone(t, load(t, s), 0, 251)
	rows := rowsOf(t, cfg)
	if len(rows) != 251+150 {
		t.Errorf("the table has %d rows, want %d", len(rows), 251+150)
	}
	reason := fmt.Sprint(rows["s3:guardduty-findings:exports: quarantine|"+object(250).ID().String()+"|0000000150"]["Reason"])
	if want := strings.Repeat("é", 500) + "…"; reason != want {
		t.Errorf("Reason = %.20q of %d bytes, want %d", reason, len(reason), len(want))
	}
}

func TestPendingIsReplacedByDone(t *testing.T) {
	cfg, s := store(t)
	record(t, s, pendingEntry(1), pendingEntry(2))
	again := pendingEntry(2)
	again.WasPending, again.Pending.Attempts = true, 4
	record(t, s, ingest.Entry{Object: object(1), WasPending: true}, again)
	snap := load(t, s)
	wantDone(t, snap, 1, 2)
	wantPending(t, snap, *again.Pending)
	if n := len(rowsOf(t, cfg)); n != 2 {
		t.Errorf("the table has %d rows, want 2: the pending row of the object that is done is gone", n)
	}
	record(t, s, ingest.Entry{Object: object(1), WasPending: true}) // its pending row is not there any more
}

// A crash between the two writes leaves the pending row beside the done row.
// It must neither be tried again nor come back when the ledger is pruned.
func TestStalePendingIsPassedOverAndPruned(t *testing.T) {
	cfg, s := store(t)
	record(t, s, pendingEntry(1), pendingEntry(5))
	record(t, s, ingest.Entry{Object: object(1)})
	wantPending(t, load(t, s), waiting(5))
	if err := s.Prune(t.Context(), object(4).LastModified); err != nil {
		t.Fatal(err)
	}
	snap := load(t, s)
	wantDone(t, snap, 0, 0)
	wantPending(t, snap, waiting(5))
	if n := len(rowsOf(t, cfg)); n != 1 {
		t.Errorf("the table has %d rows, want the one that waits", n)
	}
}

func TestPruneKeepsTheWindow(t *testing.T) {
	_, s := store(t)
	record(t, s, done(0, 230)...)
	for _, step := range []struct {
		t    time.Time
		kept int
	}{
		{time.Time{}, 0}, {object(0).LastModified, 0}, {object(1).LastModified.Add(time.Millisecond), 1}, {object(215).LastModified, 215}, {object(215).LastModified, 215},
	} {
		if err := s.Prune(t.Context(), step.t); err != nil {
			t.Fatalf("Prune(%v) = %v", step.t, err)
		}
		wantDone(t, load(t, s), step.kept, 230)
	}
}

func TestAdvance(t *testing.T) {
	_, s := store(t)
	first, err := s.Advance(t.Context(), ingest.Mark{}, at(written))
	if err != nil || !first.Time.Equal(written) || first.Version == "" {
		t.Fatalf("Advance = %+v, %v, want the first mark", first, err)
	}
	if got := load(t, s).Mark; got != first {
		t.Errorf("Load = %+v, want %+v", got, first)
	}
	next := written.Add(123456789) // a part of a second is kept
	second, err := s.Advance(t.Context(), first, at(next.In(time.FixedZone("", 3600))))
	if err != nil || !second.Time.Equal(next) || second.Version == first.Version {
		t.Fatalf("Advance = %+v, %v, want another version", second, err)
	}
	if got := load(t, s).Mark; got != second {
		t.Errorf("Load = %+v, want %+v", got, second)
	}
	for name, stale := range map[string]ingest.Mark{"stale": first, "never ran": {}} {
		got, err := s.Advance(t.Context(), stale, at(next.Add(time.Hour)))
		if !errors.Is(err, ingest.ErrConflict) || got != stale {
			t.Errorf("Advance of a mark that is %s = %+v, %v, want %v", name, got, err, ingest.ErrConflict)
		}
	}
	if got := load(t, s).Mark; got != second {
		t.Errorf("Load after conflicts = %+v, want %+v", got, second)
	}
}

func TestAdvanceOfADeletedMarkIsAConflict(t *testing.T) {
	cfg, s := store(t)
	mark, err := s.Advance(t.Context(), ingest.Mark{}, at(written))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw(t, cfg).DeleteEntity(t.Context(), "s3:guardduty-findings:exports:", "watermark", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Advance(t.Context(), mark, at(written.Add(time.Hour))); !errors.Is(err, ingest.ErrConflict) {
		t.Errorf("Advance = %v, want %v", err, ingest.ErrConflict)
	}
}

func TestOneOfManyStoresAdvances(t *testing.T) {
	cfg, s := store(t)
	for round := range 10 {
		mark := load(t, s).Mark
		marks := make([]ingest.Mark, 4)
		errs := make([]error, len(marks))
		var group sync.WaitGroup
		for i := range marks {
			group.Go(func() {
				marks[i], errs[i] = newStore(t, cfg).Advance(t.Context(), mark, at(written.Add(time.Duration(round*10+i)*time.Second)))
			})
		}
		group.Wait()
		now := load(t, s).Mark
		wins := 0
		for i, err := range errs {
			switch {
			case err == nil:
				wins++
				if marks[i] != now {
					t.Errorf("the winner has %+v, want what is there, %+v", marks[i], now)
				}
			case !errors.Is(err, ingest.ErrConflict):
				t.Errorf("Advance = %v, want %v", err, ingest.ErrConflict)
			}
		}
		if wins != 1 {
			t.Errorf("%d of %d stores advanced, want 1", wins, len(errs))
		}
	}
}

func TestSourcesAreApart(t *testing.T) {
	cfg, _ := store(t)
	sources := map[string][2]string{}
	for _, bucket := range []string{"b", "b.c"} {
		for _, prefix := range []string{"", "/", "a", "a/", "a:", "a b/", "a%20b/", "a+b", "a=20b", "it's", "é", `#?\`, "A", "b.c/"} {
			sources[bucket+" "+prefix] = [2]string{bucket, prefix}
		}
	}
	names := slices.Sorted(maps.Keys(sources))
	with := func(name string) *state.Store {
		own := cfg
		own.Bucket, own.Prefix = sources[name][0], sources[name][1]
		return newStore(t, own)
	}
	for i, name := range names {
		record(t, with(name), done(i, i+1)...)
		if _, err := with(name).Advance(t.Context(), ingest.Mark{}, at(written.Add(time.Duration(i)*time.Hour))); err != nil {
			t.Errorf("Advance of source %q = %v", name, err)
		}
	}
	for i, name := range names {
		snap := load(t, with(name))
		wantDone(t, snap, i, i+1)
		if !snap.Mark.Time.Equal(written.Add(time.Duration(i) * time.Hour)) {
			t.Errorf("source %q has the mark %v", name, snap.Mark.Time)
		}
	}
}

func TestStoreWithAnIdentity(t *testing.T) {
	c := identity.Cloud(t)
	c.UseIdentity(t)
	options := c.Options(t)
	credential, err := aztoken.Default(options)
	if err != nil {
		t.Fatal(err)
	}
	s := newStore(t, state.Config{
		URL: c.Settings["AzureWebJobsStorage__tableServiceUri"], Credential: credential, Table: "GuardDutyState", Bucket: "b", Options: options,
	})
	load(t, s)
	record(t, s, append(done(0, 120), pendingEntry(120))...)
	mark, err := s.Advance(t.Context(), ingest.Mark{}, at(written))
	if err != nil {
		t.Fatal(err)
	}
	snap := load(t, s)
	wantDone(t, snap, 0, 120)
	wantPending(t, snap, waiting(120))
	if snap.Mark != mark {
		t.Errorf("Load = %+v, want %+v", snap.Mark, mark)
	}
	if err := s.Prune(t.Context(), object(200).LastModified); err != nil {
		t.Fatal(err)
	}
	wantDone(t, load(t, s), 0, 0)
}
