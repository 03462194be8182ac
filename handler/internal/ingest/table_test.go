package ingest_test

import (
	"fmt"
	"testing"
	"time"
)

// TestEveryCallFailsInEveryWay breaks each call of each port: refused, took
// effect and its answer lost, hanging until the run's time is over, with and
// without effect. The run after it, without faults and after the lease expired,
// delivers everything. What may come twice are findings whose delivery or
// record was in doubt.
func TestEveryCallFailsInEveryWay(t *testing.T) {
	inDoubt := map[string]bool{ // by call and fault
		"Deliver/answer lost": true, "Deliver/hangs, took effect": true,
		"Record/refused": true, "Record/hangs": true,
	}
	for _, call := range []string{"Acquire", "Load", "Folders", "List", "Open", "Deliver", "Record", "Advance", "Prune", "Summarize", "Release"} {
		for _, fault := range []string{"refused", "answer lost", "hangs", "hangs, took effect"} {
			t.Run(call+"/"+fault, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				for i := range 30 {
					w.put(key(today, fmt.Sprint(i)), now.Add(-time.Duration(i+1)*time.Minute), fmt.Sprint("f", i))
				}
				w.faults[call] = fault
				job := w.job()
				job.Budget = 200 * time.Millisecond
				started := time.Now()
				_, err := job.Run(t.Context())
				if took := time.Since(started); took > 15*time.Second {
					t.Errorf("the run took %v with a budget of %v", took, job.Budget)
				}
				if w.called[call] == 0 {
					t.Fatalf("%s was never called", call)
				}
				if err == nil && call != "Release" && call != "Open" && call != "Summarize" {
					t.Error("Run = nil, want an error")
				}
				delete(w.faults, call)
				w.now = w.now.Add(2 * time.Minute)
				makeDue(w)
				w.run()
				for i := range 30 {
					n := w.accepted[fmt.Sprint("f", i)]
					if n != 1 && !(inDoubt[call+"/"+fault] && n == 2) {
						t.Errorf("finding f%d was accepted %d times", i, n)
					}
				}
			})
		}
	}
}
