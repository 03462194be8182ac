package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// Job is what a run needs. All fields are required unless they say otherwise.
type Job struct {
	Archive Archive
	Table   Table
	State   State

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

// Run does one run. Its summary is complete even with an error. The error is
// of the port that failed, wrapped; objects that could not be read do not fail
// the run unless none could.
//
// When ctx ends, or the budget nears its end, the run reads no more, delivers
// and records what it has read, and returns without an error.
func (j *Job) Run(ctx context.Context) (Summary, error) {
	start := j.Now()
	s := Summary{Started: start}
	err := j.run(ctx, start, &s)
	s.Duration = j.Now().Sub(start)
	return s, err
}

func (j *Job) run(ctx context.Context, start time.Time, s *Summary) error {
	reserve := min(30*time.Second, j.Budget/5)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.Budget)
	defer cancel()
	reading, cancel := context.WithTimeout(ctx, j.Budget-2*reserve)
	defer cancel()

	snap, err := j.State.Load(reading)
	if err != nil {
		return fmt.Errorf("load state: %w", err)
	}
	s.Watermark = snap.Mark.Time
	since := start.Add(-j.InitialLookback)
	if !snap.Mark.Time.IsZero() {
		since = snap.Mark.Time.Add(-j.Overlap)
	}
	p, err := j.plan(reading, since, snap)
	s.Plan = p.Stats
	if err != nil {
		return fmt.Errorf("list s3://%s/%s: %w", j.Bucket, guardduty.Root(j.Prefix), err)
	}

	working, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.Budget-reserve-j.Now().Sub(start))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })
	defer stop()
	err = j.move(reading, working, closing, p.tasks, s)

	mark, advanceErr := j.advance(closing, snap.Mark, p)
	if advanceErr == nil {
		s.Watermark = mark.Time
		s.Lag = p.now.Sub(mark.Time)
	}
	if err = first(err, advanceErr); err != nil {
		return err
	}
	if err := j.State.Prune(closing, mark.Time.Add(-j.Overlap)); err != nil {
		return fmt.Errorf("prune state: %w", err)
	}
	return nil
}

// advance moves the watermark to the greatest time up to which every listed
// object is recorded. When all are, that is the time the listing began, by the
// archive's own clock: what shows up later with an earlier LastModified is
// caught by the overlap.
func (j *Job) advance(ctx context.Context, mark Mark, p plan) (Mark, error) {
	t := p.now
	for _, task := range p.tasks {
		if !task.recorded && task.pending == nil {
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
	next, err := j.State.Advance(ctx, mark, t)
	if err != nil {
		return mark, fmt.Errorf("advance watermark: %w", err)
	}
	return next, nil
}
