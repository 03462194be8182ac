package ingesttest

import (
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// StateFixture is a state without rows and the ways to look at what it never
// gives back.
type StateFixture struct {
	State ingest.State
	Breaker
	// Quarantine lists what was quarantined, as key, colon and line.
	Quarantine func(t *testing.T) []string
	// Summaries lists when the runs began whose summaries are kept, the newest
	// first.
	Summaries func(t *testing.T) []time.Time
}

// State checks a state. Each case has a new one.
func State(t *testing.T, fresh func(t *testing.T) StateFixture) {
	cases := map[string]func(*testing.T, state){
		"empty": empty, "done": recordDone, "pending": recordPending, "quarantine": recordQuarantine,
		"versions": versions, "many entries": manyEntries, "many updates": manyUpdates,
		"pending then done": pendingThenDone, "pending replaced": pendingReplaced,
		"advance": advance, "advance by one of many": advanceByOne, "floor": floor,
		"recorded": recorded, "recorded many": recordedMany,
		"held": holdFolders, "held in one folder": holdOneFolder,
		"held by a run that was overtaken": holdOvertaken, "listed again": relist,
		"prune": prune, "prune many": pruneMany, "prune with held": pruneHeld,
		"prune quarantine": pruneQuarantine, "summaries": summaries,
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) { cases[name](t, state{fresh(t)}) })
	}
	for _, name := range slices.Sorted(maps.Keys(stateFaults)) {
		t.Run("lost "+name, func(t *testing.T) {
			eachLoss(t, func(t *testing.T, l loss) { stateFaults[name](t, state{fresh(t)}, l) })
		})
	}
}

// state is a state under test.
type state struct{ f StateFixture }

func (s state) record(t *testing.T, entries ...ingest.Entry) {
	t.Helper()
	if err := s.f.State.Record(t.Context(), entries); err != nil {
		t.Fatalf("Record = %v", err)
	}
}

func (s state) load(t *testing.T) ingest.Snapshot {
	t.Helper()
	snap, err := s.f.State.Load(t.Context())
	if err != nil {
		t.Fatalf("Load = %v", err)
	}
	return snap
}

// advance moves the watermark and wants it moved.
func (s state) advance(t *testing.T, from, next ingest.Mark) ingest.Mark {
	t.Helper()
	got, err := s.f.State.Advance(t.Context(), from, next)
	if err != nil {
		t.Fatalf("Advance to %v = %v", next.Time, err)
	}
	if !got.Time.Equal(next.Time) || !got.Floor.Equal(next.Floor) || !got.Kept.Equal(next.Kept) ||
		!got.Swept.Equal(next.Swept) || got.Version == "" || got.Version == from.Version {
		t.Fatalf("Advance from %+v = %+v, want %+v and another version", from, got, next)
	}
	if now := s.load(t).Mark; now != got {
		t.Fatalf("Load = %+v, want the mark that Advance gave, %+v", now, got)
	}
	return got
}

// want checks what a state has as done, as pending and as sent.
func (s state) want(t *testing.T, done []ingest.Object, pending []ingest.Pending, sent []ingest.Update) {
	t.Helper()
	snap := s.load(t)
	for _, o := range done {
		if _, ok := snap.Done[o.ID()]; !ok {
			t.Errorf("Load lacks the done object %s", o.Key)
		}
	}
	for _, p := range pending {
		if !slices.Contains(snap.Pending, p) {
			t.Errorf("Load = pending %+v, want %+v", snap.Pending, p)
		}
	}
	for _, u := range sent {
		if _, ok := snap.Sent[u]; !ok {
			t.Errorf("Load lacks the update %x", u)
			break
		}
	}
	if len(snap.Done) != len(done) || len(snap.Pending) != len(pending) || len(snap.Sent) != len(sent) {
		t.Errorf("Load has %d done, %d pending, %d sent, want %d, %d, %d",
			len(snap.Done), len(snap.Pending), len(snap.Sent), len(done), len(pending), len(sent))
	}
}

// wantQuarantine checks what was quarantined, in any order.
func (s state) wantQuarantine(t *testing.T, want ...string) {
	t.Helper()
	if got := slices.Sorted(slices.Values(s.f.Quarantine(t))); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("quarantined are %.500q, want %.500q", got, want)
	}
}

// at is a mark at t with its floor an hour before.
func at(t time.Time) ingest.Mark { return ingest.Mark{Time: t, Floor: t.Add(-time.Hour)} }

func advance(t *testing.T, s state) {
	s.record(t, done(objects(0, 1))...)
	first := s.advance(t, ingest.Mark{}, at(written))
	part := written.Add(123456789) // a part of a second is kept
	second := s.advance(t, first, ingest.Mark{Time: part.In(time.FixedZone("", 3600)), Floor: written})
	third := s.advance(t, second, ingest.Mark{
		Time: written.Add(time.Hour), Floor: written, Version: "ignored",
		Kept: written.Add(-48 * time.Hour).In(time.FixedZone("", -3600)), Swept: part,
	})
	for name, stale := range map[string]ingest.Mark{
		"of before": second, "of long before": first, "that never ran": {},
	} {
		got, err := s.f.State.Advance(t.Context(), stale, at(written.Add(2*time.Hour)))
		if !errors.Is(err, ingest.ErrConflict) || got != stale {
			t.Errorf("Advance of a mark %s = %+v, %v, want %v", name, got, err, ingest.ErrConflict)
		}
	}
	if got := s.load(t).Mark; got != third {
		t.Errorf("Load after conflicts = %+v, want %+v", got, third)
	}
	s.want(t, objects(0, 1), nil, nil)
	// What is not said is not kept from before.
	s.advance(t, third, ingest.Mark{Time: written.Add(2 * time.Hour), Floor: written})
}

func advanceByOne(t *testing.T, s state) {
	for round := range 10 {
		mark := s.load(t).Mark
		marks, errs := make([]ingest.Mark, 4), make([]error, 4)
		var group sync.WaitGroup
		for i := range marks {
			group.Go(func() {
				marks[i], errs[i] = s.f.State.Advance(t.Context(), mark,
					at(written.Add(time.Duration(round*10+i)*time.Second)))
			})
		}
		group.Wait()
		now, wins := s.load(t).Mark, 0
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
			t.Errorf("%d of %d advanced, want 1", wins, len(errs))
		}
	}
}

// summary is that of a run which began n hours after the first.
func summary(n int) ingest.Summary {
	return ingest.Summary{
		Started:   written.Add(time.Duration(n) * time.Hour),
		Duration:  12345 * time.Millisecond,
		Findings:  n,
		Bytes:     5 << 32,
		Watermark: written,
	}
}

// wantSummaries checks the runs, named by their hours.
func (s state) wantSummaries(t *testing.T, want ...int) {
	t.Helper()
	var got []int
	for _, started := range s.f.Summaries(t) {
		got = append(got, int(started.Sub(written)/time.Hour))
	}
	if !slices.Equal(got, want) {
		t.Errorf("summaries of the runs at the hours %v, want %v", got, want)
	}
}

func summaries(t *testing.T, s state) {
	const week = 7 * 24
	s.wantSummaries(t)
	for _, n := range []int{0, 1, 2, 2, 5} {
		if err := s.f.State.Summarize(t.Context(), summary(n)); err != nil {
			t.Fatalf("Summarize = %v", err)
		}
	}
	s.wantSummaries(t, 5, 2, 1, 0)
	for range 2 {
		if err := s.f.State.Summarize(t.Context(), summary(week+1)); err != nil {
			t.Fatalf("Summarize = %v", err)
		}
		s.wantSummaries(t, week+1, 5, 2, 1) // that of 1 began no more than a week before
	}
	s.want(t, nil, nil, nil)
	s.wantQuarantine(t)
}
