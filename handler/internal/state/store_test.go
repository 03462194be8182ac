package state_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	return ingest.Pending{
		Object:   object(n),
		Lines:    17,
		BadLines: 4,
		Attempts: 3,
		Opens:    2,
		Next:     written.Add(90*time.Minute + 123456789),
		Error:    "unexpected EOF",
	}
}

func pendingEntry(n int) ingest.Entry {
	p := waiting(n)
	return ingest.Entry{Object: object(n), Pending: &p}
}

func TestRecordOfNothing(t *testing.T) {
	_, s := store(t)
	record(t, s)
}

func TestLongReasonIsCut(t *testing.T) {
	cfg, s := store(t)
	record(t, s, ingest.Entry{
		Object:     object(1),
		Quarantine: []ingest.Quarantined{{Line: 150, Reason: strings.Repeat("é", 5000)}},
	})
	reason := fmt.Sprint(kind(t, cfg, "quarantine|")[0]["Reason"])
	if want := strings.Repeat("é", 500) + "…"; reason != want {
		t.Errorf("Reason = %.20q of %d bytes, want %d", reason, len(reason), len(want))
	}
}

func TestPendingRowGoesWhenTheObjectIsDone(t *testing.T) {
	cfg, s := store(t)
	record(t, s, pendingEntry(1), pendingEntry(2))
	record(t, s, ingest.Entry{Object: object(1), WasPending: true})
	if rows := kind(t, cfg, "pending|"); len(rows) != 1 || rows[0]["ObjectKey"] != object(2).Key {
		t.Errorf("the pending rows are %v, want that of object 2", rows)
	}
}

// A crash between the two writes leaves the pending row beside the done row.
// It must neither be tried again nor come back when the ledger is pruned.
func TestStalePendingIsPassedOverAndPruned(t *testing.T) {
	cfg, s := store(t)
	record(t, s, pendingEntry(1), pendingEntry(5))
	record(t, s, ingest.Entry{Object: object(1)})
	wantPending(t, load(t, s), waiting(5))
	if err := s.Prune(t.Context(), object(4).LastModified, nil); err != nil {
		t.Fatal(err)
	}
	snap := load(t, s)
	wantDone(t, snap, 0, 0)
	wantPending(t, snap, waiting(5))
	if n := len(rowsOf(t, cfg)); n != 1 {
		t.Errorf("the table has %d rows, want the one that waits", n)
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

// What a run without new objects asks of the service, many times a day.
func TestCallsOfAnIdleRun(t *testing.T) {
	cfg, s := store(t)
	record(t, s, append(done(0, 50), pendingEntry(50))...)
	acquire(t, s, "one")
	if _, err := s.Advance(t.Context(), ingest.Mark{}, at(written)); err != nil {
		t.Fatal(err)
	}
	own, proxy := through(t, cfg)
	s = newStore(t, own)
	hold := ingest.Held{Folder: "AWSLogs/2/", Since: written, Mark: written}
	for name, c := range map[string]struct {
		call func() error
		want int
	}{
		"Load":      {func() error { _, err := s.Load(t.Context()); return err }, 2},
		"Hold":      {func() error { _, err := s.Hold(t.Context(), hold); return err }, 1},
		"Prune":     {func() error { return s.Prune(t.Context(), written, nil) }, 1},
		"held":      {func() error { return s.Prune(t.Context(), written, []ingest.Held{hold}) }, 1},
		"Summarize": {func() error { return s.Summarize(t.Context(), ingest.Summary{Started: written}) }, 2},
	} {
		before := proxy.Served()
		if err := c.call(); err != nil {
			t.Errorf("%s = %v", name, err)
		}
		if got := proxy.Served() - before; got != c.want {
			t.Errorf("%s made %d calls, want %d", name, got, c.want)
		}
	}
}

// Rows of recorded objects are kept for days: a run must not read them all, nor
// look for updates of old pending objects that had none.
func TestCallsOfALoadFarFromTheFloor(t *testing.T) {
	cfg, s := store(t)
	accepted := pendingEntry(3)
	accepted.Sent = updates(4)
	record(t, s, append(done(100, 1300), pendingEntry(1), pendingEntry(2), accepted)...)
	mark := ingest.Mark{Time: object(1300).LastModified, Floor: object(1200).LastModified}
	if _, err := s.Advance(t.Context(), ingest.Mark{}, mark); err != nil {
		t.Fatal(err)
	}
	own, proxy := through(t, cfg)
	s = newStore(t, own)
	for _, want := range []int{3, 2} {
		before := proxy.Served()
		snap := load(t, s)
		if got := proxy.Served() - before; got != want {
			t.Errorf("Load made %d calls, want %d", got, want)
		}
		wantDone(t, snap, 1200, 1300)
		if want == 3 {
			wantPending(t, snap, waiting(1), waiting(2), waiting(3))
			wantUpdates(t, snap.Ledger, accepted.Sent...)
			record(t, s, ingest.Entry{Object: object(3), WasPending: true})
		}
	}
}

// The row of earlier attempts goes with the one transaction that has the object
// done: a crash leaves neither or both.
func TestSettledObjectsAreOneTransaction(t *testing.T) {
	cfg, s := store(t)
	var entries, settled []ingest.Entry
	for n := range 50 {
		entries = append(entries, pendingEntry(n))
		settled = append(settled, ingest.Entry{Object: object(n), WasPending: true})
	}
	record(t, s, entries...)
	own, proxy := through(t, cfg)
	record(t, newStore(t, own), settled...)
	if got := proxy.Served(); got != 1 {
		t.Errorf("Record made %d calls, want 1", got)
	}
	wantDone(t, load(t, s), 0, 50)
	wantPending(t, load(t, s))
}

// A group may hold two entries of one object, which one transaction may not.
func TestTwoEntriesOfOneObject(t *testing.T) {
	_, s := store(t)
	record(t, s, pendingEntry(1), ingest.Entry{Object: object(1), WasPending: true})
	wantDone(t, load(t, s), 1, 2)
	wantPending(t, load(t, s))
}

func TestSourcesAreApart(t *testing.T) {
	cfg, _ := store(t)
	sources := map[string][2]string{}
	for _, bucket := range []string{"b", "b.c"} {
		for _, prefix := range []string{
			"", "/", "a", "a/", "a:", "a b/", "a%20b/", "a+b", "a=20b", "it's", "é", `#?\`, "A", "b.c/",
		} {
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
		next := at(written.Add(time.Duration(i) * time.Hour))
		next.Floor = written
		if _, err := with(name).Advance(t.Context(), ingest.Mark{}, next); err != nil {
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
		URL:        c.Settings["AzureWebJobsStorage__tableServiceUri"],
		Credential: credential,
		Table:      "GuardDutyState",
		Bucket:     "b",
		Options:    options,
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
	if err := s.Prune(t.Context(), object(200).LastModified, nil); err != nil {
		t.Fatal(err)
	}
	wantDone(t, load(t, s), 0, 0)
}
