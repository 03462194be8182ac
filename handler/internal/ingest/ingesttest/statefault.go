package ingesttest

import (
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// stateFaults lose each write of a state, whose call is then repeated. Wherever
// a write was lost, its repeat ends where it would have.
var stateFaults = map[string]func(t *testing.T, s state, l loss){
	"record": func(t *testing.T, s state, l loss) {
		entries := done(objects(0, 120))
		entries[0].Quarantine = []ingest.Quarantined{{Line: 7, Reason: "not JSON"}}
		entries[0].Sent = updates(1, 2000)
		entries = append(entries, pendingEntry(120))
		s.f.lose(t, l, func() error { return s.f.State.Record(t.Context(), entries) })
		s.record(t, entries...)
		s.want(t, objects(0, 120), []ingest.Pending{waiting(120)}, updates(1, 2000))
		s.wantQuarantine(t, object(0).Key+":7")
	},
	"pending then done": func(t *testing.T, s state, l loss) {
		s.record(t, pendingEntry(1), pendingEntry(2))
		settled := ingest.Entry{Object: object(1), WasPending: true, Sent: updates(1, 2)}
		s.f.lose(t, l, func() error { return s.f.State.Record(t.Context(), []ingest.Entry{settled}) })
		s.record(t, settled)
		s.want(t, objects(1, 2), []ingest.Pending{waiting(2)}, updates(1, 2))
	},
	"pending replaced": func(t *testing.T, s state, l loss) {
		s.record(t, pendingEntry(1))
		again := pendingEntry(1)
		again.WasPending, again.Pending.Attempts = true, 4
		s.f.lose(t, l, func() error { return s.f.State.Record(t.Context(), []ingest.Entry{again}) })
		s.record(t, again)
		s.want(t, nil, []ingest.Pending{*again.Pending}, nil)
	},
	"first advance": func(t *testing.T, s state, l loss) {
		s.advanceAfterLoss(t, ingest.Mark{}, l)
	},
	"advance": func(t *testing.T, s state, l loss) {
		s.advanceAfterLoss(t, s.advance(t, ingest.Mark{}, at(written)), l)
	},
	"prune": func(t *testing.T, s state, l loss) {
		entries := done(objects(0, 120))
		entries[0].Sent = updates(1, 2000)
		s.record(t, append(entries, pendingEntry(120))...)
		s.advance(t, ingest.Mark{}, at(written.Add(24*time.Hour)))
		forget := func() error { return s.f.State.Prune(t.Context(), object(110).LastModified, nil) }
		s.f.lose(t, l, forget)
		if err := forget(); err != nil {
			t.Errorf("Prune = %v", err)
		}
		s.wantKept(t, objects(110, 120), []ingest.Pending{waiting(120)}, nil)
	},
	"hold": func(t *testing.T, s state, l loss) {
		before, after, other := heldAt(oddFolder, written), heldAt(oddFolder, written), heldAt(nextFolder, written)
		after.Tries, after.Mark = 8, written
		for _, h := range []ingest.Held{before, other} {
			s.hold(t, h)
		}
		after.Version = s.known(t, before).Version
		s.f.lose(t, l, func() error { _, err := s.f.State.Hold(t.Context(), after); return err })
		s.hold(t, after)
		s.wantHeld(t, after, other)
	},
	"first hold": func(t *testing.T, s state, l loss) {
		h := heldAt(oddFolder, written)
		s.f.lose(t, l, func() error { _, err := s.f.State.Hold(t.Context(), h); return err })
		s.hold(t, h)
		s.wantHeld(t, h)
	},
	"relist": func(t *testing.T, s state, l loss) {
		mark := s.advance(t, ingest.Mark{}, at(written))
		h := heldAt(oddFolder, written)
		s.hold(t, h)
		h.Version = s.known(t, h).Version
		s.f.lose(t, l, func() error { _, _, err := s.f.State.Relist(t.Context(), mark, h); return err })
		mark, h.Version = s.load(t).Mark, s.known(t, h).Version
		if _, _, err := s.f.State.Relist(t.Context(), mark, h); err != nil {
			t.Errorf("Relist = %v", err)
		}
		s.wantHeld(t, h)
	},
	"unhold": func(t *testing.T, s state, l loss) {
		gone, other := heldAt(oddFolder, written), heldAt(nextFolder, written)
		for _, h := range []ingest.Held{gone, other} {
			s.hold(t, h)
		}
		gone.Version = s.known(t, gone).Version
		s.f.lose(t, l, func() error { return s.f.State.Unhold(t.Context(), gone) })
		s.unhold(t, gone)
		s.wantHeld(t, other)
	},
	"summary": func(t *testing.T, s state, l loss) {
		for n := range 2 {
			if err := s.f.State.Summarize(t.Context(), summary(n)); err != nil {
				t.Fatal(err)
			}
		}
		last := func() error { return s.f.State.Summarize(t.Context(), summary(7*24+1)) }
		s.f.lose(t, l, last)
		if err := last(); err != nil {
			t.Errorf("Summarize = %v", err)
		}
		s.wantSummaries(t, 7*24+1, 1)
	},
}

// advanceAfterLoss advances while the write is lost, and then as the next run
// would: from where the watermark stands.
func (s state) advanceAfterLoss(t *testing.T, from ingest.Mark, l loss) {
	t.Helper()
	next := at(written.Add(time.Hour))
	var advanced ingest.Mark
	var err error
	s.f.lose(t, l, func() error { advanced, err = s.f.State.Advance(t.Context(), from, next); return err })
	now := s.load(t).Mark
	if err == nil && now != advanced {
		t.Errorf("Load = %+v, want the mark that Advance gave, %+v", now, advanced)
	}
	isNow := func(m ingest.Mark) bool { return m.Time.Equal(now.Time) && m.Floor.Equal(now.Floor) }
	if !isNow(from) && !isNow(next) {
		t.Errorf("Load = %+v, want the mark of before or the next", now)
	}
	s.advance(t, now, at(written.Add(2*time.Hour)))
}
