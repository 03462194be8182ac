package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// leaseTTL is how long a lease lasts without renewal, and so the upper bound on
// how long a source stays idle after an undetectable crash. The lease is renewed
// every leaseTTL/3.
const leaseTTL = 90 * time.Second

// withLease runs work while this run holds the lease. The context of work ends
// when the lease is lost: another run may have begun, and nothing more may be
// written.
func (j *Job) withLease(ctx context.Context, work func(held context.Context, crashes int) error) error {
	asking, cancel := context.WithTimeout(ctx, j.leaseShare())
	defer cancel()
	lease, err := j.Leases.Acquire(asking, j.Owner, leaseTTL, j.OwnerGone)
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	held, lose := context.WithCancelCause(context.WithoutCancel(ctx))
	renewing, halt := context.WithCancel(context.WithoutCancel(ctx)) // a run that was asked to stop still records
	renewed := make(chan Lease, 1)
	go func() { renewed <- j.renew(renewing, lease, lose) }()
	err = work(held, lease.Crashes)
	halt()
	lease = <-renewed
	lost := context.Cause(held)
	lose(nil)
	if errors.Is(lost, ErrConflict) {
		return fmt.Errorf("lease: %w", lost)
	}
	if releaseErr := j.release(ctx, lease); err == nil && releaseErr != nil {
		j.Log.WarnContext(ctx, "could not release the lease; it will expire on its own", slog.Any("error", releaseErr))
	}
	return err
}

// renew keeps the lease until ctx ends and returns it as it is then. A
// renewal that fails is tried again; the lease counts as lost when another
// owner holds it, and some time before it would have expired.
func (j *Job) renew(ctx context.Context, lease Lease, lose context.CancelCauseFunc) Lease {
	good, failed := time.Now(), errors.New("not renewed in time")
	for {
		lost := good.Add(leaseTTL * 5 / 6)
		select {
		case <-ctx.Done():
			return lease
		case <-time.After(min(leaseTTL/3, time.Until(lost))):
		}
		asked := time.Now()
		if !asked.Before(lost) {
			lose(fmt.Errorf("%w: %w", ErrConflict, failed))
			return lease
		}
		call, cancel := context.WithDeadline(ctx, lost)
		next, err := j.Leases.Renew(call, lease, leaseTTL)
		cancel()
		switch {
		case err == nil:
			lease, good = next, asked
		case ctx.Err() != nil:
			return lease
		case errors.Is(err, ErrConflict):
			lose(err)
			return lease
		default:
			failed = err
		}
	}
}

func (j *Job) release(ctx context.Context, lease Lease) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.leaseShare())
	defer cancel()
	return j.Leases.Release(ctx, lease)
}
