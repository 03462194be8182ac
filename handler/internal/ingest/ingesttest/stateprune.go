package ingesttest

import (
	"slices"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

func prune(t *testing.T, s state) {
	entries := done(objects(0, 6))
	for i := range entries {
		entries[i].Sent = updates(byte(i), 3)
	}
	entries[0].Quarantine = []ingest.Quarantined{{Line: 7, Reason: "not JSON"}}
	waits := pendingEntry(1)
	waits.Sent = updates(1, 3)
	entries[1] = waits
	s.record(t, entries...)
	mark := s.advance(t, ingest.Mark{}, at(written.Add(24*time.Hour)))
	for range 2 { // to repeat it changes nothing
		if err := s.f.State.Prune(t.Context(), object(4).LastModified, nil); err != nil {
			t.Fatalf("Prune = %v", err)
		}
		s.wantKept(t, objects(4, 6), []ingest.Pending{waiting(1)},
			slices.Concat(updates(1, 3), updates(4, 3), updates(5, 3)))
		s.wantQuarantine(t, object(0).Key+":7")
	}
	if got := s.load(t).Mark; got != mark {
		t.Errorf("Load after Prune = %+v, want %+v", got, mark)
	}
}

// pruneMany forgets more than one transaction takes.
func pruneMany(t *testing.T, s state) {
	s.record(t, done(objects(0, 230))...)
	s.advance(t, ingest.Mark{}, at(written.Add(24*time.Hour)))
	for _, step := range []struct {
		t    time.Time
		kept int
	}{
		{time.Time{}, 0},
		{object(0).LastModified, 0},
		{object(1).LastModified, 1},
		{object(215).LastModified, 215},
		{object(230).LastModified, 230},
	} {
		if err := s.f.State.Prune(t.Context(), step.t, nil); err != nil {
			t.Fatalf("Prune(%v, nil) = %v", step.t, err)
		}
		s.wantKept(t, objects(step.kept, 230), nil, nil)
	}
}

// pruneHeld keeps what is below a held folder from its floor on, whatever room
// the updates of an object need.
func pruneHeld(t *testing.T, s state) {
	var entries []ingest.Entry
	for i, folder := range []string{oddFolder, nextFolder} {
		for n := range 6 {
			entries = append(entries, ingest.Entry{Object: in(folder, n), Sent: updates(byte(10*i+n), 2)})
		}
	}
	for n := 1; n < 3; n++ {
		entries[n].Sent = updates(byte(n), 4000)
	}
	waits := ingest.Pending{Object: in(oddFolder, 0), Next: written}
	entries[0] = ingest.Entry{Object: waits.Object, Pending: &waits, Sent: updates(0, 2)}
	s.record(t, entries...)
	s.advance(t, ingest.Mark{}, at(written.Add(24*time.Hour)))
	other := ingest.Held{Folder: "none/", Since: written, Mark: written}
	held := ingest.Held{Folder: oddFolder, Since: written, Mark: written.Add(time.Hour), Floor: object(2).LastModified}
	next := slices.Concat(updates(14, 2), updates(15, 2))
	for range 2 { // to repeat it changes nothing
		if err := s.f.State.Prune(t.Context(), object(4).LastModified, []ingest.Held{other, held}); err != nil {
			t.Fatalf("Prune = %v", err)
		}
		s.wantKept(t, slices.Concat(ins(oddFolder, 2, 6), ins(nextFolder, 4, 6)), []ingest.Pending{waits},
			slices.Concat(next, updates(0, 2), updates(2, 4000), updates(3, 2), updates(4, 2), updates(5, 2)))
	}
	if err := s.f.State.Prune(t.Context(), object(4).LastModified, []ingest.Held{other}); err != nil {
		t.Fatalf("Prune = %v", err)
	}
	s.wantKept(t, slices.Concat(ins(oddFolder, 4, 6), ins(nextFolder, 4, 6)), []ingest.Pending{waits},
		slices.Concat(next, updates(0, 2), updates(4, 2), updates(5, 2)))
}

// pruneQuarantine forgets what was quarantined before a time, and nothing else.
func pruneQuarantine(t *testing.T, s state) {
	bad := pendingEntry(0)
	bad.Quarantine = []ingest.Quarantined{{Line: 7, Reason: "not JSON"}, {Line: 8, Reason: "not JSON"}}
	s.record(t, bad)
	at := func(when time.Time, want ...string) {
		if err := s.f.State.PruneQuarantine(t.Context(), when); err != nil {
			t.Fatalf("PruneQuarantine = %v", err)
		}
		s.wantQuarantine(t, want...)
		s.wantKept(t, nil, []ingest.Pending{waiting(0)}, nil)
	}
	at(time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), object(0).Key+":7", object(0).Key+":8")
	at(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
	at(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
}
