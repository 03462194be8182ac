package state_test

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/state"
)

func nobodyGone(string) bool { return false }

func acquire(t *testing.T, s *state.Store, owner string) ingest.Lease {
	t.Helper()
	lease, err := s.Acquire(t.Context(), owner, time.Minute, nobodyGone)
	if err != nil || lease.Owner != owner || lease.Version == "" {
		t.Fatalf("Acquire(%s) = %+v, %v, want the lease", owner, lease, err)
	}
	return lease
}

func TestALeaseIsHeldByOne(t *testing.T) {
	_, s := store(t)
	lease := acquire(t, s, "one")
	var held *ingest.HeldError
	if _, err := s.Acquire(t.Context(), "two", time.Minute, nobodyGone); !errors.As(err, &held) || held.Holder.Owner != "one" {
		t.Errorf("Acquire of a held lease = %v, want a HeldError that names one", err)
	}
	if left := time.Until(held.Holder.Expires); left < 30*time.Second || left > 90*time.Second {
		t.Errorf("the lease expires in %v, want about a minute", left)
	}
	renewed, err := s.Renew(t.Context(), lease, time.Minute)
	if err != nil || renewed.Version == lease.Version {
		t.Errorf("Renew = %+v, %v, want a new version", renewed, err)
	}
	if err := s.Release(t.Context(), renewed); err != nil {
		t.Errorf("Release = %v", err)
	}
	acquire(t, s, "two")
}

func TestALeaseIsTakenOver(t *testing.T) {
	_, s := store(t)
	old := acquire(t, s, "one")
	lease, err := s.Acquire(t.Context(), "two", time.Minute, func(owner string) bool { return owner == "one" })
	if err != nil || lease.Owner != "two" {
		t.Fatalf("Acquire from an owner that is gone = %+v, %v, want the lease", lease, err)
	}
	if _, err := s.Renew(t.Context(), old, time.Minute); !errors.Is(err, ingest.ErrConflict) {
		t.Errorf("Renew of a lost lease = %v, want ErrConflict", err)
	}
	if err := s.Release(t.Context(), old); err != nil {
		t.Errorf("Release of a lost lease = %v, want nil", err)
	}
	if _, err := s.Renew(t.Context(), lease, -2*time.Second); err != nil {
		t.Errorf("Renew of the new lease = %v: the release of the old one has ended it", err)
	}
	acquire(t, s, "three") // the lease of two has expired, though the service tells whole seconds alone
}

func TestALeaseCreatesTheTable(t *testing.T) {
	acquire(t, newStore(t, config(t)), "one")
}

// TestAnswerOfLeaseLost loses the answer of each write of the lease: the
// client's own repeat must not be taken for another owner.
func TestAnswerOfLeaseLost(t *testing.T) {
	cfg, _ := store(t)
	own, proxy := through(t, cfg)
	s := newStore(t, own)
	lose := func() {
		proxy.Drop(localtest.DropAfter, 1, func(r *http.Request) bool { return r.Method != http.MethodGet })
	}
	lose()
	lease := acquire(t, s, "one")
	lose()
	renewed, err := s.Renew(t.Context(), lease, time.Minute)
	if err != nil || renewed.Owner != "one" {
		t.Fatalf("Renew = %+v, %v, want the lease", renewed, err)
	}
	lose()
	if err := s.Release(t.Context(), renewed); err != nil {
		t.Errorf("Release = %v", err)
	}
	acquire(t, newStore(t, cfg), "two")
}

func TestManyAcquireAndOneWins(t *testing.T) {
	cfg, _ := store(t)
	for round := range 3 {
		var wg sync.WaitGroup
		leases := make([]ingest.Lease, 8)
		errs := make([]error, len(leases))
		for i := range leases {
			wg.Go(func() {
				leases[i], errs[i] = newStore(t, cfg).Acquire(t.Context(), fmt.Sprint("owner", i), time.Minute, nobodyGone)
			})
		}
		wg.Wait()
		winners := 0
		for i, err := range errs {
			var held *ingest.HeldError
			switch {
			case err == nil:
				winners++
				if err := newStore(t, cfg).Release(t.Context(), leases[i]); err != nil {
					t.Fatal(err)
				}
			case !errors.As(err, &held):
				t.Errorf("Acquire = %v, want nil or a HeldError", err)
			}
		}
		if winners != 1 {
			t.Errorf("round %d: %d owners got the lease, want 1", round, winners)
		}
	}
}

// TestUpdatesAreKept records more updates than one row holds, of an object that
// is done and of one that is pending, and prunes them.
func TestUpdatesAreKept(t *testing.T) {
	_, s := store(t)
	var updates []ingest.Update
	for i := range 5000 {
		updates = append(updates, ingest.Update{byte(i), byte(i >> 8), 1})
	}
	p := waiting(2)
	record(t, s, ingest.Entry{Object: object(1), Sent: updates}, ingest.Entry{Object: p.Object, Pending: &p, Sent: []ingest.Update{{9, 9, 9}}})
	snap := load(t, s)
	for _, u := range append(updates, ingest.Update{9, 9, 9}) {
		if _, ok := snap.Sent[u]; !ok {
			t.Fatalf("Load lacks the update %v", u)
		}
	}
	if len(snap.Sent) != 5001 || len(snap.Done) != 1 || len(snap.Pending) != 1 {
		t.Errorf("Load has %d updates, %d done and %d pending, want 5001, 1 and 1", len(snap.Sent), len(snap.Done), len(snap.Pending))
	}
	if err := s.Prune(t.Context(), written.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if snap = load(t, s); len(snap.Sent) != 0 || len(snap.Done) != 0 || len(snap.Pending) != 1 {
		t.Errorf("after Prune Load has %d updates, %d done and %d pending, want 0, 0 and 1", len(snap.Sent), len(snap.Done), len(snap.Pending))
	}
}
