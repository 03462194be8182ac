package ingest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest/ingesttest"
)

// The doubles pass the suites that the adapters pass, so that what the tests of
// the algorithm prove holds in Azure and AWS too. A world without objects has
// nothing to hold against its caller.

func TestConformanceOfArchive(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now()
	ingesttest.Archive(t, ingesttest.ArchiveFixture{
		Archive: archive{w},
		Put:     func(_ testing.TB, key string, body []byte, modified time.Time) { w.putBody(key, modified, body) },
		Delete: func(_ testing.TB, key string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			delete(w.objects, key)
		},
	})
}

// breaker loses writes of the world: the doubles do not try again.
func breaker(w *world, calls ...string) ingesttest.Breaker {
	return ingesttest.Breaker{Break: func(_ *testing.T, f ingesttest.Fault, _ int) func() {
		for _, name := range calls {
			w.faults[name] = map[ingesttest.Fault]string{ingesttest.RequestLost: "refused", ingesttest.AnswerLost: "answer lost"}[f]
		}
		return func() { clear(w.faults) }
	}}
}

func TestConformanceOfState(t *testing.T) {
	ingesttest.State(t, func(t *testing.T) ingesttest.StateFixture {
		w := newWorld(t)
		return ingesttest.StateFixture{
			State:      state{w},
			Breaker:    breaker(w, "Record", "Advance", "Prune", "Summarize"),
			Quarantine: func(*testing.T) []string { return w.aside },
			Summaries: func(*testing.T) (started []time.Time) {
				for _, s := range w.summaries {
					started = append(started, s.Started)
				}
				slices.SortFunc(started, func(a, b time.Time) int { return b.Compare(a) })
				return started
			},
		}
	})
}

func TestConformanceOfLeases(t *testing.T) {
	ingesttest.Leases(t, func(t *testing.T) ingesttest.LeasesFixture {
		w := newWorld(t)
		return ingesttest.LeasesFixture{
			Leases: leases{w}, Breaker: breaker(w, "Acquire", "Renew", "Release"),
			Pass: func(d time.Duration) { w.now = w.now.Add(d) },
		}
	})
}

func TestConformanceOfTable(t *testing.T) {
	const bad = "never taken"
	ingesttest.Table(t, func(t *testing.T) ingesttest.TableFixture {
		w := newWorld(t)
		w.deliverFault = func([]string) (bool, []string, error) { return true, []string{bad}, nil }
		return ingesttest.TableFixture{
			Table: table{w}, Breaker: breaker(w, "Deliver"), Bad: fmt.Sprintf(`{"id":%q}`, bad),
			Accepted: func(*testing.T) (rows []string) {
				for id, times := range w.accepted {
					rows = append(rows, slices.Repeat([]string{fmt.Sprintf(`{"id":%q}`, id)}, times)...)
				}
				return rows
			},
		}
	})
}
