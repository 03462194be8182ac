package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// run is one run in progress.
type run struct {
	*Job
	Summary
	start time.Time

	mark  Mark
	plan  *planner
	mover *mover
	open  []*task // listed, but not recorded
}

// work loads the state and processes the windows, oldest first.
func (r *run) work(st stages) error {
	snap, err := r.State.Load(st.reading)
	if err != nil {
		return fmt.Errorf("load state: %w", err)
	}
	if err := r.begin(st, snap); err != nil {
		return err
	}
	since := later(r.mark.Time.Add(-r.Overlap), r.mark.Floor)
	r.plan, r.mover = r.newPlanner(since, snap), r.newMover(snap, &r.Summary)
	defer func() { r.Left, r.Lag = len(r.open), r.plan.now.Sub(r.mark.Time) }()
	list := windows(since, r.start)
	r.WindowsLeft = len(list)
	for i, w := range list {
		tasks, err := r.plan.list(st.reading, w)
		r.Plan = r.plan.stats
		if err != nil && i > 0 && st.reading.Err() != nil { // the next run continues here
			break
		}
		if err != nil {
			return fmt.Errorf("list s3://%s/%s: %w", r.Bucket, guardduty.Root(r.Prefix), err)
		}
		r.WindowsLeft--
		if i == 0 {
			resumed, failed := due(snap.Pending, r.start)
			tasks = slices.Concat(resumed, tasks, failed)
		}
		if err := r.window(st, w, tasks); err != nil {
			return err
		}
	}
	return firstError(r.mover.verdict(), r.plan.verdict())
}

// begin sets the mark. The first run persists its start time before listing, so
// a failed first run does not move it.
func (r *run) begin(st stages, snap Snapshot) (err error) {
	r.mark = snap.Mark
	if r.mark.Time.IsZero() {
		since := r.start.Add(-r.InitialLookback)
		if r.mark, err = r.State.Advance(st.closing, r.mark, Mark{Time: since, Floor: since}); err != nil {
			return fmt.Errorf("set the first watermark: %w", err)
		}
	}
	r.Watermark = r.mark.Time
	return nil
}

// window moves a window's findings, records them, and then advances.
func (r *run) window(st stages, w window, tasks []*task) error {
	moveErr := r.mover.move(st, tasks)
	r.open = slices.DeleteFunc(append(r.open, tasks...), func(t *task) bool { return t.recorded })
	if r.plan.incomplete() {
		return moveErr // the watermark stays before what could not be listed
	}
	next, err := r.advance(st.closing, r.mark, r.open, w.end(r.plan.now))
	if err == nil {
		r.mark = next
		r.Watermark = next.Time
	}
	if err := firstError(moveErr, err); err != nil {
		return err
	}
	if err := r.State.Prune(st.closing, r.mark.Floor); err != nil {
		return fmt.Errorf("prune state: %w", err)
	}
	return nil
}

// summarize leaves the run's summary in the ledger.
func (r *run) summarize(ctx context.Context, err error) {
	if r.Duration = r.Now().Sub(r.start); err != nil {
		r.Failure = err.Error()
	}
	if err := r.State.Summarize(ctx, r.Summary); err != nil {
		r.Log.WarnContext(ctx, "the run's summary could not be written", slog.Any("error", err))
	}
}

// due returns the tasks of the pending objects whose time has come: those that
// an earlier run began, and those that failed before. The failed ones are read
// after all others, since they may only cost time.
func due(pending []Pending, now time.Time) (resumed, failed []*task) {
	for _, p := range pending {
		switch {
		case p.Next.After(now):
		case p.Attempts == 0:
			resumed = append(resumed, newTask(p.Object, &p))
		default:
			failed = append(failed, newTask(p.Object, &p))
		}
	}
	return resumed, failed
}

// advance moves the watermark to the latest time up to which every listed
// object is recorded: end, when all are. For a source that is up to date end is
// when the listing began, by the archive's own clock; what appears later with
// an earlier LastModified is caught by the overlap. Objects to be tried again
// have a row of their own and do not hold the watermark.
func (j *Job) advance(ctx context.Context, mark Mark, open []*task, end time.Time) (Mark, error) {
	t := end
	for _, task := range open {
		if task.pending == nil {
			// LastModified has a resolution of one second, and others may share
			// this object's.
			if before := task.Object.LastModified.Add(-time.Second); before.Before(t) {
				t = before
			}
		}
	}
	if !t.After(mark.Time) {
		return mark, nil
	}
	next, err := j.State.Advance(ctx, mark, Mark{Time: t, Floor: later(t.Add(-j.Overlap), mark.Floor)})
	if err != nil {
		return mark, fmt.Errorf("advance watermark: %w", err)
	}
	return next, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
