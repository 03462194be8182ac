package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// An object may show up later than the overlap: a replica, or a copy in place
// of what was restored. Once in sweepEvery a run lists the day folders of the
// last sweepDays days again, and compares them with the ledger, whose rows are
// kept for that long.
const (
	sweepEvery = day
	sweepDays  = 3
	keepFor    = (sweepDays + 2) * day // an object is in the folder of its day, or of a day beside it
)

// keepQuarantine is how long the rows of the quarantine are kept. Their objects
// stay in the archive for as long as its owner keeps them.
const keepQuarantine = 90 * day

// sweepAgain is when a sweep that could not look at everything is repeated.
const sweepAgain = time.Hour

// sweepIsDue reports that a run is to sweep.
func (r *run) sweepIsDue() bool {
	return r.now.Sub(r.mark.Swept) >= sweepEvery && !r.mover.careful
}

// sweep moves objects that came late. What is held, or has a backlog, is left out.
func (r *run) sweep(st stages) error {
	if !r.sweepIsDue() || st.reading.Err() != nil {
		return nil
	}
	from := r.now.UTC().Truncate(day).Add(-sweepDays * day)
	left := r.holds.folders()
	maps.Copy(left, r.holds.backlogs())
	plan := r.planner(scope{
		folder: r.root(), folders: r.folders, since: r.mark.Kept, until: r.mark.Time, left: left,
		known: make(map[ID]struct{}),
	})
	recorded := make(map[time.Time]Ledger) // by the day of their objects
	whole := true
	for w := (window{from, from}); !w.from.After(r.now); w = (window{w.from.Add(day), w.to.Add(day)}) {
		tasks, err := r.late(st.reading, plan, w, recorded)
		if errors.Is(err, context.DeadlineExceeded) {
			whole = false
			break
		}
		if err != nil {
			return unlessEnded(st.reading, fmt.Errorf("sweep: %w", err))
		}
		if err := r.mover.move(st, tasks); err != nil {
			return err
		}
		blocked := r.mover.takeBlocked()
		unread := slices.DeleteFunc(slices.Clone(tasks), func(t *task) bool { return t.recorded || t.pending != nil })
		for _, t := range unread {
			if r.mover.ceiling.reached(t.pair) {
				r.noteCapped(t.pair)
			}
		}
		r.summary.Late += len(tasks) - len(unread)
		r.summary.Left += len(unread)
		whole = whole && plan.complete() && len(plan.takeUnlisted()) == 0 && len(blocked) == 0 && len(unread) == 0
		if st.reading.Err() != nil {
			whole = false
			break
		}
	}
	next := r.mark
	next.Swept = r.now
	if !whole {
		next.Swept = r.now.Add(sweepAgain - sweepEvery)
	}
	next, err := r.job.State.Advance(st.closing, r.mark, next)
	if err != nil {
		return fmt.Errorf("note the sweep: %w", err)
	}
	r.mark = next
	if err := r.job.State.PruneQuarantine(st.working, r.now.Add(-keepQuarantine)); err != nil {
		r.job.Log.WarnContext(st.working, "old rows of the quarantine could not be deleted", slog.Any("error", err))
	}
	return nil
}

// late returns the tasks of the objects in the folders of a day that are not in
// the ledger: that has them under the day on which they were modified, which is
// another one for what was copied.
func (r *run) late(ctx context.Context, plan *planner, w window, recorded map[time.Time]Ledger) ([]*task, error) {
	plan.scope.known = make(map[ID]struct{})
	r.mover.addPending(plan.scope.known)
	for d := range recorded {
		if d.Before(w.from.Add(-day)) {
			delete(recorded, d) // no later window needs it
		}
	}
	for d := w.from.Add(-day); !d.After(w.from.Add(day)); d = d.Add(day) {
		if err := r.learn(ctx, d, recorded); err != nil {
			return nil, err
		}
		maps.Copy(plan.scope.known, recorded[d].Done)
	}
	tasks, err := plan.list(ctx, w)
	for _, t := range tasks {
		err = firstError(err, r.learn(ctx, t.Object.LastModified.UTC().Truncate(day), recorded))
	}
	return slices.DeleteFunc(tasks, func(t *task) bool {
		_, done := recorded[t.Object.LastModified.UTC().Truncate(day)].Done[t.Object.ID()]
		return done
	}), err
}

// learn loads what is recorded of the objects that were modified on a day.
func (r *run) learn(ctx context.Context, d time.Time, recorded map[time.Time]Ledger) error {
	if _, known := recorded[d]; known {
		return nil
	}
	ledger, err := r.job.State.Recorded(ctx, r.root(), d, d.Add(day-1))
	if err == nil {
		r.mover.dedupe.know(ledger.Sent)
		recorded[d] = ledger
	}
	return err
}
