package ingest_test

import (
	"context"
	"fmt"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

type leases struct{ c *cloud }

func (l leases) Acquire(ctx context.Context, owner string, ttl time.Duration,
	gone func(string) bool) (ingest.Lease, error) {
	defer l.c.enter(ctx)()
	apply, err := l.c.call(ctx, "Acquire")
	if !apply {
		return ingest.Lease{}, err
	}
	crashes := 0
	if held := l.c.lease; held != nil && held.Owner != owner {
		if held.Expires.After(l.c.now) && !gone(held.Owner) {
			return ingest.Lease{}, &ingest.HeldError{Holder: *held}
		}
		crashes = held.Crashes + 1
	} else if held != nil {
		crashes = held.Crashes
	}
	return l.write(ingest.Lease{Owner: owner, Crashes: crashes}, ttl), err
}

// write gives the lease to owner, with a version of its own.
func (l leases) write(lease ingest.Lease, ttl time.Duration) ingest.Lease {
	l.c.leases++
	lease.Expires, lease.Version = l.c.now.Add(ttl), fmt.Sprint(lease.Owner, " ", l.c.leases)
	l.c.lease = &lease
	return lease
}

// Renew takes a version of the same owner that is not the last for one whose
// successor never arrived.
func (l leases) Renew(ctx context.Context, lease ingest.Lease, ttl time.Duration) (ingest.Lease, error) {
	defer l.c.enter(ctx)()
	apply, err := l.c.call(ctx, "Renew")
	if !apply {
		return lease, err
	}
	if l.c.lease == nil || l.c.lease.Owner != lease.Owner {
		return lease, ingest.ErrConflict
	}
	if next := l.write(*l.c.lease, ttl); err == nil {
		return next, nil
	}
	return lease, err
}

func (l leases) Release(ctx context.Context, lease ingest.Lease) error {
	defer l.c.enter(ctx)()
	apply, err := l.c.call(ctx, "Release")
	if !apply {
		return err
	}
	if l.c.lease != nil && l.c.lease.Version == lease.Version {
		l.c.lease = nil
	}
	return err
}
