package state_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/state"
)

func noneGone(string) bool { return false }

func allGone(string) bool { return true }

func acquire(t *testing.T, s *state.Store, owner string) ingest.Lease {
	t.Helper()
	lease, err := s.Acquire(t.Context(), owner, time.Minute, noneGone)
	if err != nil || lease.Owner != owner || lease.Version == "" {
		t.Fatalf("Acquire(%s) = %+v, %v, want the lease", owner, lease, err)
	}
	return lease
}

func TestALeaseCreatesTheTable(t *testing.T) {
	acquire(t, newStore(t, config(t)), "one")
}

// Whose lease it is cannot be known without reading it: the error must not be
// that another owner has it.
func TestRenewThatCannotReadIsNotAConflict(t *testing.T) {
	cfg, s := store(t)
	lease := acquire(t, s, "one")
	own, proxy := through(t, cfg)
	if _, err := s.Renew(t.Context(), lease, time.Minute); err != nil {
		t.Fatal(err)
	}
	proxy.Drop(localtest.DropBefore, -1, func(r *http.Request) bool { return r.Method == http.MethodGet })
	_, err := newStore(t, own).Renew(t.Context(), lease, time.Minute) // with the version of before
	wantFault(t, err, fault.StateUnreachable, "cannot reach")
	if errors.Is(err, ingest.ErrConflict) {
		t.Errorf("Renew = %v, which is an ErrConflict", err)
	}
}
