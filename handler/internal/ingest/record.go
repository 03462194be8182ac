package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// recordGroup is the most entries written at once: as many as one table
// transaction takes.
const recordGroup = 100

// recordDelay is how long a group waits to become full. A checkpoint does not
// wait: a crash resends what was accepted after the last one.
var recordDelay = 250 * time.Millisecond

// recordAll writes the ledger until there is nothing more to write.
func (m *mover) recordAll(ctx context.Context) error {
	for {
		group := m.collect(ctx)
		if len(group) == 0 {
			return ctx.Err()
		}
		entries := make([]Entry, len(group))
		for i, t := range group {
			entries[i] = t.entry(m.job.Now())
		}
		if err := m.job.State.Record(ctx, entries); err != nil {
			return fmt.Errorf("record %d objects: %w", len(entries), err)
		}
		for i, t := range group {
			last := t.written(entries[i])
			m.tally(func(s *Summary) { s.count(entries[i], last) })
			m.notice(ctx, entries[i])
		}
	}
}

// notice logs what an object put into quarantine, by its first reason: the
// ledger has them all.
func (m *mover) notice(ctx context.Context, e Entry) {
	if len(e.Quarantine) == 0 {
		return
	}
	q := e.Quarantine[0]
	m.job.Log.WarnContext(ctx, "quarantined; everything else of the object is delivered",
		slog.String("key", e.Object.Key), slog.Int("line", q.Line),
		slog.String("reason", q.Reason), slog.Int("set_aside", len(e.Quarantine)))
}

// collect waits for a first task and takes what follows shortly after. It
// returns none when there will be no more.
func (m *mover) collect(ctx context.Context) []*task {
	var group []*task
	var late <-chan time.Time
	for len(group) < recordGroup {
		select {
		case t, ok := <-m.entries:
			if !ok {
				return group
			}
			group = append(group, t)
			switch {
			case !t.isEnded():
				late = time.After(0)
			case late == nil:
				late = time.After(recordDelay)
			}
		case <-late:
			return group
		case <-ctx.Done():
			return nil
		}
	}
	return group
}
