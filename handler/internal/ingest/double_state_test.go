package ingest_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

type state struct{ c *cloud }

func (s state) Load(ctx context.Context) (ingest.Snapshot, error) {
	defer s.c.enter(ctx)()
	if _, err := s.c.call(ctx, "Load"); err != nil {
		return ingest.Snapshot{}, err
	}
	snap := ingest.Snapshot{Mark: s.c.mark, Ledger: s.ledger("", s.c.mark.Floor, far)}
	for id, p := range s.c.pending {
		if _, done := snap.Done[id]; !done { // otherwise of a run that was overtaken
			snap.Pending = append(snap.Pending, p)
		}
	}
	for _, h := range s.c.held {
		snap.Held = append(snap.Held, h)
	}
	return snap, nil
}

// far is later than every time of a test.
var far = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

func (s state) Recorded(ctx context.Context, folder string, from, to time.Time) (ingest.Ledger, error) {
	defer s.c.enter(ctx)()
	if _, err := s.c.call(ctx, "Recorded"); err != nil {
		return ingest.Ledger{}, err
	}
	return s.ledger(folder, from, to), nil
}

func (s state) ledger(folder string, from, to time.Time) ingest.Ledger {
	l := ingest.Ledger{Done: map[ingest.ID]struct{}{}, Sent: map[ingest.Update]struct{}{}}
	holds := func(o ingest.Object) bool {
		return strings.HasPrefix(o.Key, folder) && !o.LastModified.Before(from) && !o.LastModified.After(to)
	}
	for id, e := range s.c.done {
		if holds(e.Object) {
			l.Done[id] = struct{}{}
		}
	}
	for u, o := range s.c.sent {
		if _, waits := s.c.pending[o.ID()]; waits || holds(o) {
			l.Sent[u] = struct{}{}
		}
	}
	return l
}

// heldName is what a held folder is known by.
func heldName(h ingest.Held) string { return h.Folder }

func (s state) Hold(ctx context.Context, h ingest.Held) (string, error) {
	defer s.c.enter(ctx)()
	if !strings.HasSuffix(h.Folder, "/") || h.Since.IsZero() || h.Mark.IsZero() || h.Floor.After(h.Mark) {
		s.c.t.Errorf("Hold(%+v), want a folder, when and a mark not before the floor", h)
	}
	if s.c.held[heldName(h)].Version != h.Version {
		return "", ingest.ErrConflict
	}
	apply, err := s.c.call(ctx, "Hold")
	if apply {
		s.c.holds++
		h.Version = fmt.Sprint(s.c.holds)
		s.c.held[heldName(h)] = h
	}
	return h.Version, err
}

func (s state) Unhold(ctx context.Context, h ingest.Held) error {
	defer s.c.enter(ctx)()
	if is, ok := s.c.held[heldName(h)]; ok && is.Version != h.Version {
		return ingest.ErrConflict
	}
	apply, err := s.c.call(ctx, "Unhold")
	if apply {
		delete(s.c.held, heldName(h))
	}
	return err
}

func (s state) Relist(ctx context.Context, mark ingest.Mark, h ingest.Held) (ingest.Mark, string, error) {
	defer s.c.enter(ctx)()
	if is, ok := s.c.held[heldName(h)]; !ok || is.Version != h.Version || mark.Version != s.c.mark.Version {
		return mark, "", ingest.ErrConflict
	}
	apply, err := s.c.call(ctx, "Relist")
	if !apply {
		return mark, "", err
	}
	s.c.marks++
	mark.Relists++
	mark.Version = fmt.Sprint("mark ", s.c.marks)
	s.c.mark = mark
	delete(s.c.held, heldName(h))
	if !h.Until.IsZero() {
		s.c.holds++
		h.Version = fmt.Sprint(s.c.holds)
		s.c.held[heldName(h)] = h
	}
	return mark, h.Version, err
}

func (s state) Record(ctx context.Context, entries []ingest.Entry) error {
	defer s.c.enter(ctx)()
	if len(entries) == 0 {
		s.c.t.Error("Record of nothing")
	}
	apply, err := s.c.call(ctx, "Record")
	if err == nil && s.c.recordFault != nil {
		apply, err = s.c.recordFault()
	}
	part := s.c.faults["Record"] == inPart
	for i, e := range entries {
		s.police(e)
		if !apply || part && i > len(entries)/2 {
			continue
		}
		id := e.Object.ID()
		s.c.remember(e)
		for _, u := range e.Sent {
			s.c.sent[u] = e.Object
		}
		if e.Pending != nil {
			s.c.pending[id] = *e.Pending
		} else {
			s.c.done[id] = e
			if !part { // that goes last
				delete(s.c.pending, id)
			}
		}
		for _, q := range e.Quarantine {
			if name := fmt.Sprintf("%s:%d", e.Object.Key, q.Line); !slices.Contains(s.c.quarantined, name) {
				s.c.quarantined = append(s.c.quarantined, name)
				s.c.quarantinedAt[name] = s.c.now
			}
		}
	}
	return err
}

// police checks that what is recorded as done was accepted or quarantined. The
// very entry that was recorded last is a repeat, after an answer that was lost.
func (s state) police(e ingest.Entry) {
	_, was := s.c.pending[e.Object.ID()]
	if was != e.WasPending && !s.c.remembers(e) && !s.c.leftovers {
		s.c.t.Errorf("Record(%s).WasPending = %v, want %v", e.Object.Key, e.WasPending, was)
	}
	if e.Pending != nil {
		s.c.policeLines(e)
		return
	}
	if len(e.Quarantine) > 0 {
		return
	}
	for _, id := range s.c.objects[e.Object.Key].ids {
		if s.c.accepted[id] == 0 {
			s.c.t.Errorf("%s was recorded before its finding %s was accepted", e.Object.Key, id)
		}
	}
}

// remember keeps the last entry of each object.
func (c *cloud) remember(e ingest.Entry) {
	c.recorded[e.Object.ID()] = e
}

// remembers reports whether e is the last entry of its object.
func (c *cloud) remembers(e ingest.Entry) bool {
	last, ok := c.recorded[e.Object.ID()]
	return ok && reflect.DeepEqual(e, last)
}

func (s state) Advance(ctx context.Context, mark, next ingest.Mark) (ingest.Mark, error) {
	defer s.c.enter(ctx)()
	if mark.Version != s.c.mark.Version {
		return mark, ingest.ErrConflict
	}
	t := next.Time
	swept := t.Equal(mark.Time) && next.Swept.After(mark.Swept)
	if !t.After(mark.Time) && !swept || next.Floor.Before(mark.Floor) || next.Floor.After(t) ||
		next.Kept.After(next.Floor) {
		s.c.t.Errorf("Advance from %+v to %+v, want forward and the floor between", mark, next)
	}
	since := s.c.now.Add(-s.c.lookback)
	if !mark.Time.IsZero() {
		since = mark.Time.Add(-time.Hour)
	}
	for _, o := range s.c.objects {
		k, isKey := guardduty.ParseKey(guardduty.Root(s.c.prefix), o.Key)
		if isKey && k.Day.Before(since.Truncate(24*time.Hour).Add(-24*time.Hour)) {
			continue // what shows up in an older folder is for the sweep
		}
		if !isKey || len(o.ids) == 0 || o.LastModified.After(t) || !o.LastModified.After(since) {
			continue
		}
		if s.c.overtaken && o.LastModified.After(next.Floor) {
			continue // what was written while the run was frozen is listed again
		}
		_, done := s.c.done[o.ID()]
		_, pending := s.c.pending[o.ID()]
		if !done && !pending && !s.c.cares(o.Object) {
			s.c.t.Errorf("the watermark passes %s, which is not recorded", o.Key)
		}
	}
	apply, err := s.c.call(ctx, "Advance")
	if err == nil && s.c.advanceFault != nil {
		apply, err = s.c.advanceFault()
	}
	if apply {
		s.c.marks++
		next.Version = fmt.Sprint("mark ", s.c.marks)
		s.c.mark = next
	}
	return s.c.mark, err
}

// cares reports whether an object is in the care of a held folder.
func (c *cloud) cares(o ingest.Object) bool {
	for _, h := range c.held {
		if strings.HasPrefix(o.Key, h.Folder) && (h.Until.IsZero() || !o.LastModified.After(h.Until)) {
			return true
		}
	}
	return false
}

func (s state) PruneQuarantine(ctx context.Context, t time.Time) error {
	defer s.c.enter(ctx)()
	apply, err := s.c.call(ctx, "PruneQuarantine")
	if apply {
		s.c.quarantined = slices.DeleteFunc(s.c.quarantined, func(name string) bool {
			return s.c.quarantinedAt[name].Before(t)
		})
	}
	return err
}

func (s state) Prune(ctx context.Context, t time.Time, held []ingest.Held) error {
	defer s.c.enter(ctx)()
	apply, err := s.c.call(ctx, "Prune")
	if !apply {
		return err
	}
	if t.After(s.c.mark.Time.Add(-time.Hour)) {
		s.c.t.Errorf("Prune(%v) reaches into the window that is listed again, watermark %v", t, s.c.mark.Time)
	}
	old := func(o ingest.Object) bool {
		return o.LastModified.Before(t) && !slices.ContainsFunc(held, func(h ingest.Held) bool {
			return strings.HasPrefix(o.Key, h.Folder) && !o.LastModified.Before(h.Floor)
		})
	}
	for id, e := range s.c.done {
		if old(e.Object) {
			delete(s.c.done, id)
			delete(s.c.pending, id)
		}
	}
	for u, o := range s.c.sent {
		if _, waits := s.c.pending[o.ID()]; !waits && old(o) {
			delete(s.c.sent, u)
		}
	}
	return err
}

func (s state) Summarize(ctx context.Context, sum ingest.Summary) error {
	defer s.c.enter(ctx)()
	apply, err := s.c.call(ctx, "Summarize")
	if !apply {
		return err
	}
	s.c.summaries = slices.DeleteFunc(s.c.summaries, func(kept ingest.Summary) bool {
		return kept.Started.Before(sum.Started.Add(-7*24*time.Hour)) || reflect.DeepEqual(kept, sum)
	})
	s.c.summaries = append(s.c.summaries, sum)
	return err
}
