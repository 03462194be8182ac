package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// Job is what a run needs. All fields are required unless they say otherwise.
type Job struct {
	Archive Archive
	Table   Table
	State   State
	Leases  Leases

	Owner     string                  // names this process among all that ever run
	OwnerGone func(owner string) bool // reports that an owner will never return; false when in doubt

	Bucket          string
	Prefix          string // before AWSLogs/; may be empty
	Filter          guardduty.Filter
	InitialLookback time.Duration // how far back the first run starts
	Overlap         time.Duration // how far behind the watermark each run looks again
	Budget          time.Duration // the whole run ends within it
	Fetchers        int           // objects read at once
	Uploaders       int           // batches delivered at once

	Now func() time.Time
	Log *slog.Logger
}

// stopGrace is how long work in flight may go on after the run was told to
// stop: the time a batch and its record take, with room.
const stopGrace = 10 * time.Second

// errStopped ends the reading of an object when the run has to end. It is
// never the reason why a run failed.
var errStopped = errors.New("the run had to end")

// first returns the first error that is a reason of its own.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil && err != errStopped {
			return err
		}
	}
	return nil
}

// Run does one run. Its summary is complete even with an error, and the ledger
// keeps it. The error is of the port that failed, wrapped, or a HeldError when
// another run is in progress; objects that could not be read do not fail the
// run unless none could, or too many.
//
// When ctx ends, or the budget nears its end, the run reads no more, delivers
// and records what it has read, and returns without an error.
func (j *Job) Run(ctx context.Context) (Summary, error) {
	r := run{Job: j, start: j.Now()}
	r.Started = r.start
	err := j.withLease(ctx, func(ctx context.Context) error {
		st, cancel := j.stages(ctx)
		defer cancel()
		err := r.work(st)
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			err = nil // told to stop, which is no failure
		}
		r.summarize(st.closing, err)
		return err
	})
	r.Duration = j.Now().Sub(r.start)
	return r.Summary, err
}

// stages are the ends of a run's parts: nothing is read after the first,
// delivered after the second or written after the third.
type stages struct {
	reading, working, closing context.Context
}

// stages cuts what the lease's beginning and end leave of the budget. What is
// in flight gets stopGrace when ctx ends; a lost lease ends all three at once.
func (j *Job) stages(ctx context.Context) (stages, context.CancelFunc) {
	budget := j.Budget - 2*j.aside()
	reserve := min(30*time.Second, budget/5)
	closing, cancel1 := context.WithTimeout(context.WithoutCancel(ctx), budget)
	working, cancel2 := context.WithTimeout(closing, budget-reserve)
	reading, cancel3 := context.WithTimeout(ctx, budget-2*reserve)
	stop := context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), ErrConflict) {
			cancel1()
			return
		}
		time.AfterFunc(stopGrace, cancel2)
	})
	return stages{reading, working, closing}, func() { stop(); cancel3(); cancel2(); cancel1() }
}

// aside is the part of the budget for taking the lease, and for giving it back.
func (j *Job) aside() time.Duration { return min(stopGrace, j.Budget/5) }

// run is one run in progress.
type run struct {
	*Job
	Summary
	start time.Time

	mark  Mark
	plan  *planner
	mover *mover
	open  []*task // listed and not recorded
}

// work loads the state and works the windows off, oldest first.
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
	defer func() { r.Left = len(r.open) }()
	list := windows(since, r.start)
	for i, w := range list {
		tasks, err := r.plan.list(st.reading, w)
		r.Plan = r.plan.stats
		if err != nil && i > 0 && st.reading.Err() != nil { // the next run goes on
			r.WindowsLeft = len(list) - i
			break
		}
		if err != nil {
			return fmt.Errorf("list s3://%s/%s: %w", r.Bucket, guardduty.Root(r.Prefix), err)
		}
		if i == 0 {
			tasks = append(due(snap.Pending, r.start), tasks...)
		}
		if err := r.window(st, w, tasks); err != nil {
			return err
		}
	}
	return first(r.mover.verdict(), r.plan.verdict())
}

// begin sets the mark. That of a first run is written before anything else:
// from now on the beginning stays, also when this run fails.
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
	if r.plan.unlisted() {
		return moveErr // what could not be listed holds the watermark
	}
	next, err := r.advance(st.closing, r.mark, r.open, w.end(r.plan.now))
	if err == nil {
		r.mark = next
		r.Watermark, r.Lag = next.Time, r.plan.now.Sub(next.Time)
	}
	if err := first(moveErr, err); err != nil {
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

// due returns the tasks of the pending objects whose time has come.
func due(pending []Pending, now time.Time) []*task {
	var tasks []*task
	for _, p := range pending {
		if !p.Next.After(now) {
			tasks = append(tasks, newTask(p.Object, &p))
		}
	}
	return tasks
}

// advance moves the watermark to the greatest time up to which every listed
// object is recorded: end, when all are. For a source that is up to date end is
// when the listing began, by the archive's own clock; what shows up later with
// an earlier LastModified is caught by the overlap. Objects to be tried again
// have a row of their own and hold nothing.
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
