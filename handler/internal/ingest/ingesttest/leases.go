package ingesttest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// LeasesFixture is a free lease, and its store's clock.
type LeasesFixture struct {
	Leases ingest.Leases
	Breaker
	// Pass returns when d has passed by the store's clock.
	Pass func(d time.Duration)
}

// Leases checks the leases of one source. Each case has a new fixture.
func Leases(t *testing.T, fresh func(t *testing.T) LeasesFixture) {
	cases := map[string]func(*testing.T, leases){
		"free": free, "held": held, "same owner": sameOwner, "expired": expired, "gone": gone,
		"renew": renew, "renew lost": renewLost, "release": release, "release lost": releaseLost, "many": oneOfMany,
		"crashes": crashes,
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) { cases[name](t, leases{fresh(t)}) })
	}
	for _, name := range slices.Sorted(maps.Keys(leaseFaults)) {
		t.Run("lost "+name, func(t *testing.T) {
			eachLoss(t, func(t *testing.T, l loss) { leaseFaults[name](t, leases{fresh(t)}, l) })
		})
	}
}

// leases are leases under test.
type leases struct{ f LeasesFixture }

func noneGone(string) bool { return false }

// try asks for the lease for a minute.
func (l leases) try(t *testing.T, owner string) (ingest.Lease, error) {
	return l.f.Leases.Acquire(t.Context(), owner, time.Minute, noneGone)
}

// acquire takes the lease for a minute and wants it.
func (l leases) acquire(t *testing.T, owner string) ingest.Lease {
	t.Helper()
	lease, err := l.try(t, owner)
	if err != nil || lease.Owner != owner || lease.Version == "" {
		t.Fatalf("Acquire(%s) = %+v, %v, want the lease", owner, lease, err)
	}
	return lease
}

// seize takes the lease for a minute from an owner that is gone.
func (l leases) seize(t *testing.T, owner string) (ingest.Lease, error) {
	return l.f.Leases.Acquire(t.Context(), owner, time.Minute, func(string) bool { return true })
}

// wantCrashes checks what a call returned of the lease.
func wantCrashes(t *testing.T, lease ingest.Lease, err error, want int) {
	t.Helper()
	if err != nil || lease.Crashes != want {
		t.Errorf("the lease = %+v, %v, want %d crashes", lease, err, want)
	}
}

// wantHeld wants the lease to be refused in favour of its holder, and returns
// when it expires.
func (l leases) wantHeld(t *testing.T, holder string) time.Time {
	t.Helper()
	_, err := l.try(t, "another")
	h, ok := errors.AsType[*ingest.HeldError](err)
	if !ok || h.Holder.Owner != holder {
		t.Fatalf("Acquire of a held lease = %v, want a HeldError that names %s", err, holder)
	}
	return h.Holder.Expires
}

func free(t *testing.T, l leases) {
	l.acquire(t, "one")
	l.wantHeld(t, "one")
}

func held(t *testing.T, l leases) {
	lease := l.acquire(t, "one")
	var asked []string
	_, err := l.f.Leases.Acquire(t.Context(), "two", time.Minute, func(owner string) bool {
		asked = append(asked, owner)
		return false
	})
	if _, ok := errors.AsType[*ingest.HeldError](err); !ok || !slices.Equal(asked, []string{"one"}) {
		t.Errorf("Acquire of a held lease = %v, asked whether %q are gone, want a HeldError and one", err, asked)
	}
	l.wantHeld(t, "one")
	if _, err := l.f.Leases.Renew(t.Context(), lease, time.Minute); err != nil {
		t.Errorf("Renew after another asked = %v, want nil", err)
	}
}

// crashes counts the owners in a row that did not give the lease back: not the
// same owner again, and none after one that did.
func crashes(t *testing.T, l leases) {
	for round := range 2 {
		lease := l.acquire(t, "one")
		wantCrashes(t, lease, nil, 0)
		lease, err := l.seize(t, "one")
		wantCrashes(t, lease, err, 0)
		for n, owner := range []string{"two", "three", "one"} {
			lease, err = l.seize(t, owner)
			wantCrashes(t, lease, err, n+1)
			if _, err := l.try(t, "another"); err == nil {
				t.Errorf("Acquire of a held lease = nil, want a HeldError")
			}
			for range 2 {
				lease, err = l.f.Leases.Renew(t.Context(), lease, time.Minute)
				wantCrashes(t, lease, err, n+1)
			}
			lease, err = l.seize(t, owner)
			wantCrashes(t, lease, err, n+1)
		}
		if err := l.f.Leases.Release(t.Context(), lease); err != nil {
			t.Fatalf("Release in round %d = %v", round, err)
		}
	}
}

// sameOwner asks again: the answer of the first call may have been lost.
func sameOwner(t *testing.T, l leases) {
	l.acquire(t, "one")
	lease := l.acquire(t, "one")
	l.wantHeld(t, "one")
	if err := l.f.Leases.Release(t.Context(), lease); err != nil {
		t.Errorf("Release = %v", err)
	}
	l.acquire(t, "two")
}

func expired(t *testing.T, l leases) {
	old, err := l.f.Leases.Acquire(t.Context(), "one", time.Second, noneGone)
	if err != nil {
		t.Fatal(err)
	}
	l.f.Pass(2 * time.Second)
	wantCrashes(t, l.acquire(t, "two"), nil, 1)
	if _, err := l.f.Leases.Renew(t.Context(), old, time.Minute); !errors.Is(err, ingest.ErrConflict) {
		t.Errorf("Renew of an expired lease that another took = %v, want %v", err, ingest.ErrConflict)
	}
	l.wantHeld(t, "two")
}

func gone(t *testing.T, l leases) {
	l.acquire(t, "one")
	lease, err := l.f.Leases.Acquire(t.Context(), "two", time.Minute, func(owner string) bool { return owner == "one" })
	if err != nil || lease.Owner != "two" {
		t.Fatalf("Acquire from an owner that is gone = %+v, %v, want the lease", lease, err)
	}
	l.wantHeld(t, "two")
}

func renew(t *testing.T, l leases) {
	lease := l.acquire(t, "one")
	before := l.wantHeld(t, "one")
	for range 2 {
		next, err := l.f.Leases.Renew(t.Context(), lease, 10*time.Minute)
		if err != nil || next.Owner != "one" || next.Version == lease.Version {
			t.Fatalf("Renew = %+v, %v, want the lease with another version than %q", next, err, lease.Version)
		}
		lease = next
	}
	if longer := l.wantHeld(t, "one").Sub(before); longer < 8*time.Minute || longer > 10*time.Minute {
		t.Errorf("Renew made the lease %v longer, want 9 minutes", longer)
	}
}

func renewLost(t *testing.T, l leases) {
	old := l.acquire(t, "one")
	lease, err := l.f.Leases.Acquire(t.Context(), "two", time.Minute, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.f.Leases.Renew(t.Context(), old, time.Minute); !errors.Is(err, ingest.ErrConflict) {
		t.Errorf("Renew of a lease that another took = %v, want %v", err, ingest.ErrConflict)
	}
	if lease, err = l.f.Leases.Renew(t.Context(), lease, time.Minute); err != nil {
		t.Fatalf("Renew by the new owner = %v", err)
	}
	if err := l.f.Leases.Release(t.Context(), lease); err != nil {
		t.Fatalf("Release = %v", err)
	}
	if _, err := l.f.Leases.Renew(t.Context(), lease, time.Minute); !errors.Is(err, ingest.ErrConflict) {
		t.Errorf("Renew of a free lease = %v, want %v", err, ingest.ErrConflict)
	}
}

func release(t *testing.T, l leases) {
	for _, owner := range []string{"one", "two"} {
		lease := l.acquire(t, owner)
		for range 2 { // to repeat it changes nothing
			if err := l.f.Leases.Release(t.Context(), lease); err != nil {
				t.Errorf("Release = %v", err)
			}
		}
	}
}

func releaseLost(t *testing.T, l leases) {
	old := l.acquire(t, "one")
	if _, err := l.f.Leases.Acquire(t.Context(), "two", time.Minute, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if err := l.f.Leases.Release(t.Context(), old); err != nil {
		t.Errorf("Release of a lost lease = %v, want nil", err)
	}
	l.wantHeld(t, "two")
}

func oneOfMany(t *testing.T, l leases) {
	for round := range 3 {
		var group sync.WaitGroup
		got, errs := make([]ingest.Lease, 8), make([]error, 8)
		for i := range got {
			group.Go(func() { got[i], errs[i] = l.try(t, fmt.Sprint("owner", i)) })
		}
		group.Wait()
		winners := 0
		for i, err := range errs {
			if err == nil {
				winners++
				if err := l.f.Leases.Release(t.Context(), got[i]); err != nil {
					t.Fatal(err)
				}
			} else if _, ok := errors.AsType[*ingest.HeldError](err); !ok {
				t.Errorf("Acquire = %v, want nil or a HeldError", err)
			}
		}
		if winners != 1 {
			t.Errorf("round %d: %d owners got the lease, want 1", round, winners)
		}
	}
}

// leaseFaults lose each write of a lease, whose call is then repeated.
var leaseFaults = map[string]func(t *testing.T, l leases, how loss){
	"acquire": func(t *testing.T, l leases, how loss) {
		l.f.lose(t, how, func() error { _, err := l.try(t, "one"); return err })
		lease := l.acquire(t, "one")
		l.wantHeld(t, "one")
		if _, err := l.f.Leases.Renew(t.Context(), lease, time.Minute); err != nil {
			t.Errorf("Renew = %v", err)
		}
	},
	"acquire from one that is gone": func(t *testing.T, l leases, how loss) {
		l.acquire(t, "one")
		l.f.lose(t, how, func() error { _, err := l.seize(t, "two"); return err })
		lease, err := l.seize(t, "two")
		wantCrashes(t, lease, err, 1)
		lease, err = l.f.Leases.Renew(t.Context(), lease, time.Minute)
		wantCrashes(t, lease, err, 1)
	},
	"renew": func(t *testing.T, l leases, how loss) {
		lease := l.acquire(t, "one")
		l.f.lose(t, how, func() error {
			next, err := l.f.Leases.Renew(t.Context(), lease, time.Minute)
			if err == nil {
				lease = next
			}
			return err
		})
		before := l.wantHeld(t, "one")
		// The holder has the version of before: the renewal must extend the
		// lease all the same.
		next, err := l.f.Leases.Renew(t.Context(), lease, 10*time.Minute)
		if err != nil || next.Owner != "one" {
			t.Fatalf("Renew = %+v, %v, want the lease", next, err)
		}
		if longer := l.wantHeld(t, "one").Sub(before); longer < 8*time.Minute || longer > 10*time.Minute {
			t.Errorf("Renew made the lease %v longer, want 9 minutes", longer)
		}
		if err := l.f.Leases.Release(t.Context(), next); err != nil {
			t.Errorf("Release = %v", err)
		}
		l.acquire(t, "two")
	},
	"release": func(t *testing.T, l leases, how loss) {
		lease := l.acquire(t, "one")
		l.f.lose(t, how, func() error { return l.f.Leases.Release(t.Context(), lease) })
		if err := l.f.Leases.Release(t.Context(), lease); err != nil {
			t.Errorf("Release = %v", err)
		}
		wantCrashes(t, l.acquire(t, "two"), nil, 0)
	},
}
