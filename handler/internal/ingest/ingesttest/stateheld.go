package ingesttest

import (
	"errors"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// heldAt is a folder that is held, with every field set.
func heldAt(folder string, since time.Time) ingest.Held {
	return ingest.Held{
		Folder: folder, Since: since, Mark: written.Add(-time.Hour + 1), Floor: written.Add(-2 * time.Hour),
		Until: written.Add(time.Hour + 123456789), Tries: 7,
		Next: written.Add(90 * time.Minute), Error: `AccessDenied: "é" <x>`,
	}
}

func sameHeld(a, b ingest.Held) bool {
	return a.Folder == b.Folder && a.Since.Equal(b.Since) && a.Mark.Equal(b.Mark) && a.Floor.Equal(b.Floor) &&
		a.Until.Equal(b.Until) && a.Tries == b.Tries && a.Next.Equal(b.Next) && a.Error == b.Error
}

// wantHeld checks the folders that are held, in any order.
func (s state) wantHeld(t *testing.T, want ...ingest.Held) {
	t.Helper()
	got := s.load(t).Held
	for _, w := range want {
		found := false
		for _, h := range got {
			found = found || sameHeld(h, w)
		}
		if !found {
			t.Errorf("Load = held %+v, want %+v", got, w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("Load = %d held folders, want %d", len(got), len(want))
	}
}

// known returns what is kept of the folder of h; without a row, an empty Held.
func (s state) known(t *testing.T, h ingest.Held) ingest.Held {
	t.Helper()
	for _, is := range s.load(t).Held {
		if is.Folder == h.Folder {
			return is
		}
	}
	return ingest.Held{}
}

// hold holds a folder as a run does that knows what is kept of it.
func (s state) hold(t *testing.T, h ingest.Held) {
	t.Helper()
	h.Version = s.known(t, h).Version
	version, err := s.f.State.Hold(t.Context(), h)
	if err != nil {
		t.Fatalf("Hold = %v", err)
	}
	if now := s.known(t, h).Version; version != now || version == "" || version == h.Version {
		t.Errorf("Hold = version %q over %q, want a new one, and Load = %q the same", version, h.Version, now)
	}
}

func (s state) unhold(t *testing.T, h ingest.Held) {
	t.Helper()
	h.Version = s.known(t, h).Version
	if err := s.f.State.Unhold(t.Context(), h); err != nil {
		t.Fatalf("Unhold = %v", err)
	}
}

func holdFolders(t *testing.T, s state) {
	s.wantHeld(t)
	s.unhold(t, heldAt(oddFolder, written)) // one that is not there
	s.record(t, done(objects(0, 2))...)
	odd, next := heldAt(oddFolder, written), heldAt(nextFolder, written)
	for range 2 { // to repeat it changes nothing
		s.hold(t, odd)
		s.hold(t, next)
		s.wantHeld(t, odd, next)
	}
	s.advance(t, ingest.Mark{}, at(written.Add(24*time.Hour))) // they stay whatever the floor
	least := ingest.Held{Folder: oddFolder, Since: written.In(time.FixedZone("", 3600)), Mark: written}
	s.hold(t, least)
	s.wantHeld(t, least, next)
	s.record(t, pendingEntry(3))
	for range 2 {
		s.unhold(t, ingest.Held{Folder: oddFolder, Since: written})
		s.wantHeld(t, next)
	}
	s.unhold(t, next)
	s.wantHeld(t)
	s.wantKept(t, objects(0, 2), []ingest.Pending{waiting(3)}, nil)
}

// holdOneFolder holds one folder again and again: there is one row of it.
func holdOneFolder(t *testing.T, s state) {
	for _, since := range []time.Duration{0, 1, time.Second, 1000 * time.Hour} {
		h := heldAt(oddFolder, written.Add(since))
		h.Tries = int(since)
		s.hold(t, h)
		s.wantHeld(t, h)
	}
	s.unhold(t, heldAt(oddFolder, written))
	s.wantHeld(t)
}

// holdOvertaken is a run that was frozen while another one changed what is kept
// of a folder: it changes nothing any more.
func holdOvertaken(t *testing.T, s state) {
	late := heldAt(oddFolder, written)
	late.Tries = 99
	conflicts := func(when string, kept ...ingest.Held) {
		t.Helper()
		if _, err := s.f.State.Hold(t.Context(), late); !errors.Is(err, ingest.ErrConflict) {
			t.Errorf("Hold of a folder that was %s meanwhile = %v, want %v", when, err, ingest.ErrConflict)
		}
		s.wantHeld(t, kept...)
	}
	first := heldAt(oddFolder, written)
	s.hold(t, first)
	conflicts("held", first) // late knew of none
	late.Version = s.known(t, first).Version
	again := heldAt(oddFolder, written.Add(time.Hour))
	s.hold(t, again)
	conflicts("changed", again)
	if err := s.f.State.Unhold(t.Context(), late); !errors.Is(err, ingest.ErrConflict) {
		t.Errorf("Unhold of a folder that was changed meanwhile = %v, want %v", err, ingest.ErrConflict)
	}
	s.wantHeld(t, again)
	late.Version = s.known(t, again).Version
	s.unhold(t, again)
	conflicts("forgotten")
	if err := s.f.State.Unhold(t.Context(), late); err != nil {
		t.Errorf("Unhold of a folder that was forgotten meanwhile = %v, want nil", err)
	}
}

// relist has a folder listed again, and a run that knows it as held still try to
// advance the watermark.
func relist(t *testing.T, s state) {
	for _, until := range []time.Time{{}, written.Add(time.Hour)} {
		mark := s.advance(t, s.load(t).Mark, at(s.load(t).Mark.Time.Add(time.Hour)))
		h, other := heldAt(oddFolder, written), heldAt(nextFolder, written)
		h.Until = time.Time{}
		s.hold(t, h)
		s.hold(t, other)
		stale := h
		stale.Version = "W/\"datetime'2026-01-01T00%3A00%3A00.0000000Z'\""
		if _, _, err := s.f.State.Relist(t.Context(), mark, stale); !errors.Is(err, ingest.ErrConflict) {
			t.Errorf("Relist of a folder of another version = %v, want %v", err, ingest.ErrConflict)
		}
		s.wantHeld(t, h, other)
		h.Version, h.Until = s.known(t, h).Version, until
		next, newHeld, err := s.f.State.Relist(t.Context(), mark, h)
		if err != nil {
			t.Fatalf("Relist = %v", err)
		}
		want := []ingest.Held{other}
		if !until.IsZero() {
			want = append(want, h)
		}
		s.wantHeld(t, want...)
		now := s.load(t).Mark
		if !now.Time.Equal(mark.Time) || now.Version != next.Version || now.Version == mark.Version ||
			now.Relists != mark.Relists+1 || newHeld != s.known(t, h).Version && !until.IsZero() {
			t.Errorf("Relist = versions %q and %q, Load = %+v, want a new version of the same watermark",
				next.Version, newHeld, now)
		}
		late := at(mark.Time.Add(time.Hour))
		if _, err := s.f.State.Advance(t.Context(), mark, late); !errors.Is(err, ingest.ErrConflict) {
			t.Errorf("Advance by a run that knows the folder as held = %v, want %v", err, ingest.ErrConflict)
		}
		again := s.known(t, other)
		again.Tries++
		if _, _, err := s.f.State.Relist(t.Context(), mark, again); !errors.Is(err, ingest.ErrConflict) {
			t.Errorf("Relist over an old watermark = %v, want %v", err, ingest.ErrConflict)
		}
		s.wantHeld(t, want...)
		s.unhold(t, h)
	}
}
