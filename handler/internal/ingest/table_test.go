package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// TestEveryCallFailsInEveryWay breaks each call of each port: refused, took
// effect and its answer lost, hanging until the run's time is over, with and
// without effect. The run after it, without faults and after the lease expired,
// delivers everything. What may come twice are findings whose delivery or
// record was uncertain.
func TestEveryCallFailsInEveryWay(t *testing.T) {
	uncertain := map[string]bool{ // by call and fault
		"Deliver/answer lost": true, "Deliver/hangs, took effect": true,
		"Record/refused": true, "Record/hangs": true,
	}
	for _, call := range []string{
		"Acquire", "Load", "Folders", "List", "Open", "Deliver", "Record", "Advance", "Prune", "Summarize",
		"Release",
	} {
		for _, fault := range []string{"refused", "answer lost", "hangs", "hangs, took effect"} {
			t.Run(call+"/"+fault, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { callFails(t, call, fault, uncertain[call+"/"+fault]) })
			})
		}
	}
}

// callFails makes a run with the fault and one without.
func callFails(t *testing.T, call, fault string, uncertain bool) {
	c := newCloud(t)
	for i := range 30 {
		c.put(key(today, fmt.Sprint(i)), now.Add(-time.Duration(i+1)*time.Minute), fmt.Sprint("f", i))
	}
	c.faults[call] = fault
	job := c.job()
	started := time.Now()
	_, err := job.Run(t.Context())
	if took := time.Since(started); took > job.Budget {
		t.Errorf("the run took %v with a budget of %v", took, job.Budget)
	}
	if c.called[call] == 0 {
		t.Fatalf("%s was never called", call)
	}
	if err == nil && call != "Release" && call != "Open" && call != "Summarize" {
		t.Error("Run = nil, want an error")
	}
	delete(c.faults, call)
	c.now = c.now.Add(2 * time.Minute)
	makeDue(c)
	c.run()
	for i := range 30 {
		n := c.accepted[fmt.Sprint("f", i)]
		if n != 1 && !(uncertain && n == 2) {
			t.Errorf("finding f%d was accepted %d times", i, n)
		}
	}
}

// TestARenewalFailsInEveryWay breaks every renewal of the lease in a run that
// outlasts it. The run stops before the lease has expired, and the one after it
// delivers everything; what was in flight may come twice.
func TestARenewalFailsInEveryWay(t *testing.T) {
	for _, fault := range []string{"refused", "answer lost", "hangs", "hangs, took effect"} {
		t.Run(fault, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { renewalFails(t, fault) })
		})
	}
}

func renewalFails(t *testing.T, fault string) {
	c := newCloud(t)
	for i := range 200 {
		c.put(key(today, fmt.Sprint(i)), now.Add(-time.Duration(i+1)*time.Second), fmt.Sprint("f", i))
	}
	c.maxRows = len(`{"id":"f000"},`)
	c.deliverHook = func(context.Context) { time.Sleep(time.Second) }
	c.faults["Renew"] = fault
	started := time.Now()
	_, err := c.job().Run(t.Context())
	took := time.Since(started)
	if !errors.Is(err, ingest.ErrConflict) || c.called["Renew"] == 0 {
		t.Fatalf("Run = %v after %d renewals, want ErrConflict", err, c.called["Renew"])
	}
	if took < ingest.LeaseTTL/2 || took > ingest.LeaseTTL {
		t.Errorf("the run took %v, want at most the %v of the lease and more than half", took, ingest.LeaseTTL)
	}
	delete(c.faults, "Renew")
	c.deliverHook = nil
	c.now = c.now.Add(time.Minute)
	makeDue(c)
	c.run()
	if len(c.accepted) != 200 || c.repeats() > 50 {
		t.Errorf("%d findings were accepted and %d repeated, want 200 and at most 50",
			len(c.accepted), c.repeats())
	}
}

// TestARenewalThatFailsOnceIsTriedAgain breaks one renewal of many.
func TestARenewalThatFailsOnceIsTriedAgain(t *testing.T) { synctest.Test(t, renewalFailsOnce) }

func renewalFailsOnce(t *testing.T) {
	c := newCloud(t)
	for i := range 100 {
		c.put(key(today, fmt.Sprint(i)), now.Add(-time.Duration(i+1)*time.Second), fmt.Sprint("f", i))
	}
	c.maxRows = len(`{"id":"f000"},`)
	c.faults["Renew"] = "refused"
	c.deliverHook = func(context.Context) {
		time.Sleep(2 * time.Second)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.called["Renew"] == 1 {
			delete(c.faults, "Renew")
		}
	}
	if _, err := c.job().Run(t.Context()); err != nil {
		t.Fatalf("Run = %v", err)
	}
	c.expect(1)
	if c.called["Renew"] < 2 {
		t.Errorf("%d renewals, want 2 and more", c.called["Renew"])
	}
}
