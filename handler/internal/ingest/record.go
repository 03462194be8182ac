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

// recorder writes the ledger, in groups.
type recorder struct {
	*mover
	entries chan *task
	gone    <-chan struct{} // closed when nothing is written any more
}

func newRecorder(m *mover, gone <-chan struct{}) *recorder {
	return &recorder{mover: m, entries: make(chan *task, recordGroup), gone: gone}
}

// record takes a task: with last for its last entry, and otherwise for a
// checkpoint. It waits while the ledger lags behind.
func (r *recorder) record(t *task, last bool) {
	if t.queue(last) {
		select {
		case r.entries <- t:
		case <-r.gone:
		}
		return
	}
	if wait, checkpointed := t.backpressure(r.job.checkpoint()); wait {
		select {
		case <-checkpointed:
		case <-r.gone:
		}
	}
}

// close says that no more tasks come.
func (r *recorder) close() { close(r.entries) }

// run writes the ledger until there is nothing more to write.
func (r *recorder) run(ctx context.Context) error {
	for {
		group := r.collect(ctx)
		if len(group) == 0 {
			return ctx.Err()
		}
		entries := make([]Entry, len(group))
		for i, t := range group {
			entries[i] = t.entry(r.job.Now())
		}
		if err := r.job.State.Record(ctx, entries); err != nil {
			return fmt.Errorf("record %d objects: %w", len(entries), err)
		}
		for i, t := range group {
			last := t.written(entries[i])
			r.waits(t.Object, entries[i].Pending != nil)
			r.tally(func(s *Summary) { s.count(entries[i], last) })
			r.notice(ctx, entries[i])
		}
	}
}

// waits notes whether an object has a pending row.
func (m *mover) waits(o Object, pending bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if pending {
		m.pending[o.ID()] = o.LastModified
	} else {
		delete(m.pending, o.ID())
	}
}

// notice logs what an object put into quarantine, by its first reason: the
// ledger has them all.
func (r *recorder) notice(ctx context.Context, e Entry) {
	if len(e.Quarantine) == 0 {
		return
	}
	q := e.Quarantine[0]
	r.lines.warn(ctx, "quarantined; everything else of the object is delivered",
		slog.String("key", e.Object.Key), slog.Int("line", q.Line),
		slog.String("reason", q.Reason), slog.Int("set_aside", len(e.Quarantine)))
}

// collect waits for a first task and takes what follows shortly after. It
// returns none when there will be no more. A checkpoint does not wait: a crash
// resends what was accepted after the last one.
func (r *recorder) collect(ctx context.Context) []*task {
	var group []*task
	var late <-chan time.Time
	for len(group) < recordGroup {
		select {
		case t, ok := <-r.entries:
			if !ok {
				return group
			}
			group = append(group, t)
			switch {
			case !t.isEnded():
				late = time.After(0)
			case late == nil:
				late = time.After(r.job.delay())
			}
		case <-late:
			return group
		case <-ctx.Done():
			return nil
		}
	}
	return group
}
