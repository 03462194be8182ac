package ingest_test

import (
	"context"
	"fmt"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

type leases struct{ w *world }

func (l leases) Acquire(ctx context.Context, owner string, ttl time.Duration, gone func(string) bool) (ingest.Lease, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	apply, err := l.w.call(ctx, "Acquire")
	if !apply {
		return ingest.Lease{}, err
	}
	if held := l.w.lease; held != nil && held.Owner != owner && held.Expires.After(l.w.now) && !gone(held.Owner) {
		return ingest.Lease{}, &ingest.HeldError{Holder: *held}
	}
	return l.write(owner, ttl), err
}

// write gives the lease to owner, with a version of its own.
func (l leases) write(owner string, ttl time.Duration) ingest.Lease {
	l.w.leases++
	l.w.lease = &ingest.Lease{Owner: owner, Expires: l.w.now.Add(ttl), Version: fmt.Sprint(owner, " ", l.w.leases)}
	return *l.w.lease
}

// Renew takes a version of the same owner that is not the last for one whose
// successor never arrived.
func (l leases) Renew(ctx context.Context, lease ingest.Lease, ttl time.Duration) (ingest.Lease, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	apply, err := l.w.call(ctx, "Renew")
	if !apply {
		return lease, err
	}
	if l.w.lease == nil || l.w.lease.Owner != lease.Owner {
		return lease, ingest.ErrConflict
	}
	if next := l.write(lease.Owner, ttl); err == nil {
		return next, nil
	}
	return lease, err
}

func (l leases) Release(ctx context.Context, lease ingest.Lease) error {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	apply, err := l.w.call(ctx, "Release")
	if !apply {
		return err
	}
	if l.w.lease != nil && l.w.lease.Version == lease.Version {
		l.w.lease = nil
	}
	return err
}
