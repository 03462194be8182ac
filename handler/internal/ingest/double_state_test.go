package ingest_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

type state struct{ w *world }

func (s state) Load(ctx context.Context) (ingest.Snapshot, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if _, err := s.w.call(ctx, "Load"); err != nil {
		return ingest.Snapshot{}, err
	}
	snap := ingest.Snapshot{Mark: s.w.mark, Done: map[ingest.ID]struct{}{}, Sent: map[ingest.Update]struct{}{}}
	for u := range s.w.sent {
		snap.Sent[u] = struct{}{}
	}
	for id := range s.w.done {
		snap.Done[id] = struct{}{}
	}
	for _, p := range s.w.pending {
		snap.Pending = append(snap.Pending, p)
	}
	return snap, nil
}

func (s state) Record(ctx context.Context, entries []ingest.Entry) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if len(entries) == 0 {
		s.w.t.Error("Record of nothing")
	}
	apply, err := s.w.call(ctx, "Record")
	if err == nil && s.w.recordFault != nil {
		apply, err = s.w.recordFault()
	}
	for _, e := range entries {
		s.police(e)
		if !apply {
			continue
		}
		id := e.Object.ID()
		s.w.remember(e)
		for _, u := range e.Sent {
			s.w.sent[u] = e.Object
		}
		delete(s.w.pending, id)
		if e.Pending != nil {
			s.w.pending[id] = *e.Pending
		} else {
			s.w.done[id] = e
		}
		for _, q := range e.Quarantine {
			if name := fmt.Sprintf("%s:%d", e.Object.Key, q.Line); !slices.Contains(s.w.aside, name) {
				s.w.aside = append(s.w.aside, name)
			}
		}
	}
	return err
}

// police checks that what is recorded as done was accepted or set aside. The
// very entry that was recorded last is a repeat, after an answer that was lost.
func (s state) police(e ingest.Entry) {
	_, was := s.w.pending[e.Object.ID()]
	if was != e.WasPending && !s.w.remembers(e) {
		s.w.t.Errorf("Record(%s).WasPending = %v, want %v", e.Object.Key, e.WasPending, was)
	}
	if e.Pending != nil {
		s.w.policeLines(e)
		return
	}
	if len(e.Quarantine) > 0 {
		return
	}
	for _, id := range s.w.objects[e.Object.Key].ids {
		if s.w.accepted[id] == 0 {
			s.w.t.Errorf("%s was recorded before its finding %s was accepted", e.Object.Key, id)
		}
	}
}

// remember keeps the last entry of each object.
func (w *world) remember(e ingest.Entry) {
	if w.recorded == nil {
		w.recorded = make(map[ingest.ID]ingest.Entry)
	}
	w.recorded[e.Object.ID()] = e
}

// remembers reports whether e is the last entry of its object.
func (w *world) remembers(e ingest.Entry) bool {
	last, ok := w.recorded[e.Object.ID()]
	return ok && reflect.DeepEqual(e, last)
}

func (s state) Advance(ctx context.Context, mark, next ingest.Mark) (ingest.Mark, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if mark != s.w.mark {
		return mark, ingest.ErrConflict
	}
	t := next.Time
	if !t.After(mark.Time) || next.Floor.Before(mark.Floor) || next.Floor.After(t) {
		s.w.t.Errorf("Advance from %+v to %+v, want forward and the floor between", mark, next)
	}
	since := s.w.now.Add(-s.w.lookback)
	if !mark.Time.IsZero() {
		since = mark.Time.Add(-time.Hour)
	}
	for _, o := range s.w.objects {
		_, isKey := guardduty.ParseKey("AWSLogs/", o.Key)
		if !isKey || len(o.ids) == 0 || o.LastModified.After(t) || !o.LastModified.After(since) {
			continue
		}
		_, done := s.w.done[o.ID()]
		_, pending := s.w.pending[o.ID()]
		if !done && !pending {
			s.w.t.Errorf("the watermark passes %s, which is not recorded", o.Key)
		}
	}
	apply, err := s.w.call(ctx, "Advance")
	if err == nil && s.w.advanceFault != nil {
		apply, err = s.w.advanceFault()
	}
	if apply {
		next.Version = mark.Version + "+"
		s.w.mark = next
	}
	return s.w.mark, err
}

func (s state) Prune(ctx context.Context, t time.Time) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	apply, err := s.w.call(ctx, "Prune")
	if !apply {
		return err
	}
	if t.After(s.w.mark.Time.Add(-time.Hour)) {
		s.w.t.Errorf("Prune(%v) reaches into the window that is listed again, watermark %v", t, s.w.mark.Time)
	}
	for id, e := range s.w.done {
		if e.Object.LastModified.Before(t) {
			delete(s.w.done, id)
		}
	}
	for u, o := range s.w.sent {
		if _, waits := s.w.pending[o.ID()]; !waits && o.LastModified.Before(t) {
			delete(s.w.sent, u)
		}
	}
	return err
}

func (s state) Summarize(ctx context.Context, sum ingest.Summary) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	apply, err := s.w.call(ctx, "Summarize")
	if !apply {
		return err
	}
	s.w.summaries = slices.DeleteFunc(s.w.summaries, func(kept ingest.Summary) bool {
		return kept.Started.Before(sum.Started.Add(-7*24*time.Hour)) || reflect.DeepEqual(kept, sum)
	})
	s.w.summaries = append(s.w.summaries, sum)
	return err
}
