package ingest

import (
	"context"
	"fmt"
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

// sweep moves objects that came late. It does so when nothing else is left.
func (r *run) sweep(st stages) error {
	if r.now.Sub(r.mark.Swept) < sweepEvery || r.summary.Left > 0 || r.summary.WindowsLeft > 0 || r.mover.careful {
		return nil
	}
	from := r.now.UTC().Truncate(day).Add(-sweepDays * day)
	plan := r.planner(scope{
		folder: r.root(), folders: r.folders, since: r.mark.Kept, known: make(map[ID]struct{}), left: r.holds.folders(),
	})
	for w := (window{from, from}); !w.from.After(r.now); w = (window{w.from.Add(day), w.to.Add(day)}) {
		tasks, err := plan.list(st.reading, w)
		plan.takeUnlisted() // the next run holds what cannot be listed
		if err == nil {
			tasks, err = r.unrecorded(st.reading, tasks)
		}
		if err != nil {
			return unlessEnded(st.reading, fmt.Errorf("sweep: %w", err))
		}
		r.summary.Late += len(tasks)
		if err := r.mover.move(st, tasks); err != nil {
			return err
		}
		r.mover.takeBlocked() // the next sweep finds them again
	}
	if st.reading.Err() != nil {
		return nil
	}
	next := r.mark
	next.Swept = r.now
	next, err := r.job.State.Advance(st.closing, r.mark, next)
	if err != nil {
		return fmt.Errorf("note the sweep: %w", err)
	}
	r.mark = next
	return nil
}

// unrecorded returns the tasks of objects that are not in the ledger.
func (r *run) unrecorded(ctx context.Context, tasks []*task) ([]*task, error) {
	days := make(map[time.Time]bool)
	for _, t := range tasks {
		days[t.Object.LastModified.UTC().Truncate(day)] = true
	}
	for from := range days {
		ledger, err := r.job.State.Recorded(ctx, r.root(), from, from.Add(day-1))
		if err != nil {
			return nil, err
		}
		r.mover.dedupe.know(ledger.Sent)
		tasks = slices.DeleteFunc(tasks, func(t *task) bool {
			_, done := ledger.Done[t.Object.ID()]
			return done
		})
	}
	return tasks, nil
}
