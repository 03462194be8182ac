package ingest

import (
	"context"
	"fmt"
	"maps"
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

// sweep moves objects that came late. It does so when nothing else is left.
func (r *run) sweep(st stages) error {
	left := r.summary.Left > 0 || r.summary.WindowsLeft > 0 || len(r.capped) > 0
	if r.now.Sub(r.mark.Swept) < sweepEvery || left || r.mover.careful {
		return nil
	}
	from := r.now.UTC().Truncate(day).Add(-sweepDays * day)
	plan := r.planner(scope{
		folder: r.root(), folders: r.folders, since: r.mark.Kept, known: make(map[ID]struct{}), left: r.holds.folders(),
	})
	recorded := make(map[time.Time]Ledger) // by the day of their objects
	for w := (window{from, from}); !w.from.After(r.now); w = (window{w.from.Add(day), w.to.Add(day)}) {
		err := r.learn(st.reading, plan, w.from, recorded)
		var tasks []*task
		if err == nil {
			tasks, err = plan.list(st.reading, w)
			plan.takeUnlisted() // the next run holds what cannot be listed
		}
		if err != nil {
			return unlessEnded(st.reading, fmt.Errorf("sweep: %w", err))
		}
		r.summary.Late += len(tasks)
		if err := r.mover.move(st, tasks); err != nil {
			return err
		}
		r.mover.takeBlocked() // the next sweep finds them again
		if !plan.complete() || st.reading.Err() != nil {
			return nil // the next run sweeps again
		}
	}
	if err := r.job.State.PruneQuarantine(st.closing, r.now.Add(-keepQuarantine)); err != nil {
		return fmt.Errorf("prune the quarantine: %w", err)
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

// learn lets a planner know what is recorded of the objects in the folder of a
// day: they were modified on it, or on a day beside it.
func (r *run) learn(ctx context.Context, plan *planner, folder time.Time, recorded map[time.Time]Ledger) error {
	for d := folder.Add(-day); !d.After(folder.Add(day)); d = d.Add(day) {
		if _, known := recorded[d]; !known {
			ledger, err := r.job.State.Recorded(ctx, r.root(), d, d.Add(day-1))
			if err != nil {
				return err
			}
			r.mover.dedupe.know(ledger.Sent)
			recorded[d] = ledger
		}
		maps.Copy(plan.scope.known, recorded[d].Done)
	}
	return nil
}
