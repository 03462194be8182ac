package state

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/ingest"
)

const leaseKey = "lease"

var _ ingest.Leases = (*Store)(nil)

// Acquire takes the lease row for owner. A row that another owner left counts as
// one crash more than it says: Release deletes the row. A lease lasts from the row's
// Timestamp, which the service sets, and is held against the Date of the
// service's answer: no clock of this machine has a part in it.
func (s *Store) Acquire(ctx context.Context, owner string, ttl time.Duration,
	gone func(string) bool) (ingest.Lease, error) {
	held, now, err := s.lease(ctx)
	switch {
	case isCode(err, string(aztables.TableNotFound)):
		if err := s.create(ctx); err != nil {
			return ingest.Lease{}, err
		}
	case err != nil:
		return ingest.Lease{}, s.fault("read", err)
	case held.Owner != "" && held.Owner != owner && held.Expires.After(now) && !gone(held.Owner):
		return ingest.Lease{}, &ingest.HeldError{Holder: held}
	}
	crashes := held.Crashes
	if held.Owner != "" && held.Owner != owner { // it did not give the lease back
		crashes++
	}
	lease, err := s.putLease(ctx, ingest.Lease{Owner: owner, Since: now, Crashes: crashes, Version: held.Version}, ttl)
	if !errors.Is(err, ingest.ErrConflict) {
		return lease, err
	}
	// Another owner took it between the read and the write, or this write took
	// effect and its answer was lost.
	held, _, err = s.lease(ctx)
	switch {
	case err != nil:
		return ingest.Lease{}, s.fault("read", err)
	case held.Owner == owner:
		return held, nil
	default:
		return ingest.Lease{}, &ingest.HeldError{Holder: held}
	}
}

// Renew writes the lease row again. Where the row has another version and the
// same owner, the answer of a write was lost: of this call, or of an earlier
// renewal, which did not extend the lease as far as this one has to.
func (s *Store) Renew(ctx context.Context, lease ingest.Lease, ttl time.Duration) (ingest.Lease, error) {
	next := lease
	for range 2 {
		var err error
		if next, err = s.putLease(ctx, next, ttl); !errors.Is(err, ingest.ErrConflict) {
			return next, err
		}
		held, _, err := s.lease(ctx)
		if err != nil {
			return lease, s.fault("read", err)
		}
		if held.Owner != lease.Owner {
			return lease, ingest.ErrConflict
		}
		next = held
	}
	return next, nil // the answer of the second write was lost too
}

// Release deletes the lease row unless another owner holds the lease.
func (s *Store) Release(ctx context.Context, lease ingest.Lease) error {
	version := azcore.ETag(lease.Version)
	_, err := s.client.DeleteEntity(ctx, s.partition, leaseKey, &aztables.DeleteEntityOptions{IfMatch: &version})
	if err == nil || isStatus(err, http.StatusNotFound) || isStatus(err, http.StatusPreconditionFailed) {
		return nil
	}
	return s.fault("write", err)
}

// putLease writes the lease row over the version that lease has.
func (s *Store) putLease(ctx context.Context, lease ingest.Lease, ttl time.Duration) (ingest.Lease, error) {
	r := row{
		Partition: s.partition, Key: leaseKey,
		Owner: lease.Owner, Seconds: int(ttl / time.Second), Crashes: lease.Crashes, Taken: set(lease.Since),
	}
	version, err := s.swap(ctx, r, lease.Version)
	if err == nil {
		lease.Version = version
	}
	return lease, err
}

// lease reads the lease row and the time at the service; without a row the owner
// is empty.
func (s *Store) lease(ctx context.Context) (ingest.Lease, time.Time, error) {
	var response *http.Response
	got, err := s.client.GetEntity(policy.WithCaptureResponse(ctx, &response), s.partition, leaseKey, nil)
	if isCode(err, string(aztables.ResourceNotFound)) {
		now, _ := http.ParseTime(response.Header.Get("Date"))
		return ingest.Lease{}, now, nil
	}
	if err != nil {
		return ingest.Lease{}, time.Time{}, err
	}
	r, err := decode(got.Value)
	if err == nil && (r.Timestamp == nil || r.Owner == "") {
		err = r.damaged("lacks its Owner")
	}
	if err != nil {
		return ingest.Lease{}, time.Time{}, err
	}
	now, err := http.ParseTime(response.Header.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	expires := r.Timestamp.Add(time.Duration(r.Seconds) * time.Second)
	lease := ingest.Lease{
		Owner: r.Owner, Since: value(r.Taken), Expires: expires, Crashes: r.Crashes, Version: string(got.ETag),
	}
	return lease, now, nil
}
