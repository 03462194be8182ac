package ingest

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
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
	Prefix          string   // before AWSLogs/; may be empty
	Accounts        []string // whose folders are read; none for all
	Administrators  []string // accounts whose folders may carry findings of any account; none where it is not known
	Filter          guardduty.Filter
	MaxPairBytes    int64         // of rows of one account and Region that a run sends; later runs send the rest
	InitialLookback time.Duration // how far back the first run starts
	Overlap         time.Duration // how far behind the watermark each run looks again
	Budget          time.Duration // the whole run ends within it
	Fetchers        int           // objects read at once
	Uploaders       int           // batches delivered at once

	Now func() time.Time
	Log *slog.Logger

	// Only tests set these.
	checkpointLines int           // zero for checkpointLines
	recordDelay     time.Duration // zero for recordDelay
	maxTasks        int           // zero for maxTasks
}

// checkpointLines is the number of settled lines after which the ledger records
// how far an object was processed. A crash resends at most this many lines plus
// those in flight.
const checkpointLines = 1000

// recordDelay is how long a group of entries waits to become full.
const recordDelay = 250 * time.Millisecond

// reads reports whether a folder is read: not that of an account that Accounts
// leaves out.
func (j *Job) reads(folder string) bool {
	for part := range strings.SplitSeq(folder, "/") {
		if isAccount(part + "/") {
			return len(j.Accounts) == 0 || slices.Contains(j.Accounts, part)
		}
	}
	return true
}

func (j *Job) checkpoint() int      { return cmp.Or(j.checkpointLines, checkpointLines) }
func (j *Job) tasks() int           { return cmp.Or(j.maxTasks, maxTasks) }
func (j *Job) delay() time.Duration { return cmp.Or(j.recordDelay, recordDelay) }

// stopGrace is how long work in flight may continue after the run was asked to
// stop: enough for a batch and its record.
const stopGrace = 10 * time.Second

// errStopped ends the reading of an object when the run has to end. A run never
// fails with it.
var errStopped = errors.New("the run had to end")

// firstError returns the first error that is not only the stop of the run.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil && err != errStopped {
			return err
		}
	}
	return nil
}

// Run does one run. Its summary is complete even with an error, and the ledger
// keeps it when the run had the lease to its end. The error is of the port that
// failed, wrapped, a HeldError when another run is in progress, or a
// FoldersHeldError while something cannot be listed or read; single objects that
// could not be read do not fail the run.
//
// When ctx ends, or the budget nears its end, the run reads no more, delivers
// and records what it has read, and returns without an error.
func (j *Job) Run(ctx context.Context) (Summary, error) {
	s := Summary{Started: j.Now()}
	err := j.withLease(ctx, func(held context.Context, crashes int) error {
		st, cancel := j.stages(ctx, held)
		defer cancel()
		r := run{job: j, summary: &s, start: s.Started, crashes: crashes}
		err := unlessStopped(ctx, r.work(st))
		j.summarize(st.closing, &s, err)
		return err
	})
	err = unlessStopped(ctx, err)
	s.Duration = j.Now().Sub(s.Started)
	return s, err
}

// summarize leaves the run's summary in the ledger.
func (j *Job) summarize(ctx context.Context, s *Summary, err error) {
	if s.Duration = j.Now().Sub(s.Started); err != nil {
		s.Failure = err.Error()
	}
	if err := j.State.Summarize(ctx, *s); err != nil {
		j.Log.WarnContext(ctx, "the run's summary could not be written", slog.Any("error", err))
	}
}

// unlessStopped returns err unless it only says that ctx has ended: a run that
// was asked to stop has not failed.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// stages are the ends of a run's parts: nothing is read after the first,
// delivered after the second or written after the third.
type stages struct {
	reading, working, closing context.Context
}

// stages divides the budget, less the time for the lease. Work in flight gets
// stopGrace when ctx ends; a lost lease ends all three at once.
func (j *Job) stages(ctx, held context.Context) (stages, context.CancelFunc) {
	budget := j.Budget - 2*j.leaseShare()
	reserve := min(30*time.Second, budget/5)
	closing, cancel1 := context.WithTimeout(held, budget)
	working, cancel2 := context.WithTimeout(closing, budget-reserve)
	reading, cancel3 := context.WithTimeout(ctx, budget-2*reserve)
	lost := context.AfterFunc(held, cancel3)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel2) })
	return stages{reading, working, closing}, func() { stop(); lost(); cancel3(); cancel2(); cancel1() }
}

// leaseShare is the part of the budget for taking the lease, and for giving it back.
func (j *Job) leaseShare() time.Duration { return min(stopGrace, j.Budget/5) }
