package ingest_test

import (
	"context"
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
	if held := l.w.lease; held != nil && held.Expires.After(l.w.now) && !gone(held.Owner) {
		return ingest.Lease{}, &ingest.HeldError{Holder: *held}
	}
	l.w.lease = &ingest.Lease{Owner: owner, Expires: l.w.now.Add(ttl), Version: owner}
	return *l.w.lease, err
}

func (l leases) Renew(_ context.Context, lease ingest.Lease, ttl time.Duration) (ingest.Lease, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if l.w.lease == nil || l.w.lease.Version != lease.Version {
		return lease, ingest.ErrConflict
	}
	return *l.w.lease, nil
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
