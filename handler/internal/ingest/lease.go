package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// leaseTTL is how long a lease lasts without renewal: so long may a source
// rest after a crash that nobody can tell from a live run. It is renewed three
// times as often.
const leaseTTL = 90 * time.Second

// withLease runs work while this run holds the lease. The context of work ends
// when the lease is lost: another run may have begun, and nothing more may be
// written.
func (j *Job) withLease(ctx context.Context, work func(context.Context) error) error {
	asking, cancel := context.WithTimeout(ctx, min(stopGrace, j.Budget/5))
	defer cancel()
	lease, err := j.Leases.Acquire(asking, j.Owner, leaseTTL, j.OwnerGone)
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	held, lose := context.WithCancelCause(ctx)
	renewed := make(chan Lease, 1)
	stop := make(chan struct{})
	go func() { renewed <- j.renew(held, lease, stop, lose) }()
	err = work(held)
	close(stop)
	lease = <-renewed
	lost := context.Cause(held)
	lose(nil)
	if errors.Is(lost, ErrConflict) {
		return fmt.Errorf("lease: %w", lost)
	}
	if releaseErr := j.release(ctx, lease); err == nil && releaseErr != nil {
		j.Log.WarnContext(ctx, "lease not released; it expires by itself", slog.Any("error", releaseErr))
	}
	return err
}

// renew keeps the lease until stop is closed and returns it as it is then. A
// renewal that fails is tried again; the lease counts as lost when another
// owner has it or when it would have expired.
func (j *Job) renew(ctx context.Context, lease Lease, stop <-chan struct{}, lose context.CancelCauseFunc) Lease {
	tick := time.NewTicker(leaseTTL / 3)
	defer tick.Stop()
	good := time.Now()
	for {
		select {
		case <-stop:
			return lease
		case <-ctx.Done():
			return lease
		case <-tick.C:
		}
		next, err := j.Leases.Renew(ctx, lease, leaseTTL)
		switch {
		case err == nil:
			lease, good = next, time.Now()
		case errors.Is(err, ErrConflict) || time.Since(good) > leaseTTL*2/3:
			lose(fmt.Errorf("%w: %w", ErrConflict, err))
			return lease
		}
	}
}

func (j *Job) release(ctx context.Context, lease Lease) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(stopGrace, j.Budget/5))
	defer cancel()
	return j.Leases.Release(ctx, lease)
}
