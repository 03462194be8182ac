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

// maxPending is the number of objects waiting to be tried again above which
// the fault is taken not to be theirs: the run fails and the watermark stays.
const maxPending = 1000

// ErrTooManyPending says that maxPending was reached.
var ErrTooManyPending = fmt.Errorf("more than %d objects could not be read", maxPending)

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

// Run does one run. Its summary is complete even with an error. The error is
// of the port that failed, wrapped, or a HeldError when another run is in
// progress; objects that could not be read do not fail the run unless none
// could, or too many.
//
// When ctx ends, or the budget nears its end, the run reads no more, delivers
// and records what it has read, and returns without an error.
func (j *Job) Run(ctx context.Context) (Summary, error) {
	start := j.Now()
	s := Summary{Started: start}
	err := j.withLease(ctx, func(ctx context.Context) error { return j.run(ctx, start, &s) })
	s.Duration = j.Now().Sub(start)
	return s, err
}

// stages are the ends of a run's parts: nothing is read after the first,
// delivered after the second or written after the third.
type stages struct {
	reading, working, closing context.Context
}

// stages cuts what the lease's beginning and end leave of the budget. What is
// in flight gets stopGrace when ctx ends; a lost lease ends all three at once.
func (j *Job) stages(ctx context.Context) (stages, context.CancelFunc) {
	budget := j.Budget - 2*min(stopGrace, j.Budget/5)
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

func (j *Job) run(ctx context.Context, start time.Time, s *Summary) error {
	st, cancel := j.stages(ctx)
	defer cancel()
	snap, err := j.State.Load(st.reading)
	if err != nil {
		return fmt.Errorf("load state: %w", err)
	}
	mark := snap.Mark
	if mark.Time.IsZero() { // from now on the beginning stays, also when this run fails
		since := start.Add(-j.InitialLookback)
		if mark, err = j.State.Advance(st.closing, mark, Mark{Time: since, Floor: since}); err != nil {
			return fmt.Errorf("set the first watermark: %w", err)
		}
	}
	s.Watermark = mark.Time
	since := later(mark.Time.Add(-j.Overlap), mark.Floor)
	p := j.newPlanner(since, snap)
	m := j.newMover(snap, s)
	list := windows(since, start)
	var open []*task // of this window and those before, not recorded
	defer func() { s.Left = len(open) }()
	for i, w := range list {
		tasks, err := p.list(st.reading, w)
		s.Plan = p.stats
		if err != nil {
			if i > 0 && st.reading.Err() != nil { // the next run goes on
				s.WindowsLeft = len(list) - i
				return m.unread()
			}
			return fmt.Errorf("list s3://%s/%s: %w", j.Bucket, guardduty.Root(j.Prefix), err)
		}
		if i == 0 {
			tasks = append(due(snap.Pending, start), tasks...)
		}
		moveErr := m.move(st, tasks, i == len(list)-1)
		open = unrecorded(append(open, tasks...))
		next, err := j.advance(st.closing, mark, open, w.end(p.now))
		if err == nil {
			mark = next
			s.Watermark, s.Lag = mark.Time, p.now.Sub(mark.Time)
		}
		if err := first(moveErr, err); err != nil {
			return err
		}
		if err := j.State.Prune(st.closing, mark.Floor); err != nil {
			return fmt.Errorf("prune state: %w", err)
		}
	}
	return nil
}

// unrecorded returns the tasks that have no record yet.
func unrecorded(tasks []*task) []*task {
	return slices.DeleteFunc(tasks, func(t *task) bool { return t.recorded })
}

// due returns the tasks of the pending objects whose time has come.
func due(pending []Pending, now time.Time) []*task {
	var tasks []*task
	for _, p := range pending {
		if !p.Next.After(now) {
			tasks = append(tasks, &task{Object: p.Object, pending: &p})
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
