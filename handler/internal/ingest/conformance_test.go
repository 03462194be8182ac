package ingest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest/ingesttest"
)

// The doubles pass the suites that the adapters pass, so that what the tests of
// the algorithm prove holds in Azure and AWS too. A cloud without objects has
// nothing to hold against its caller.

func TestConformanceOfArchive(t *testing.T) {
	c := newCloud(t)
	c.now = time.Now()
	ingesttest.Archive(t, ingesttest.ArchiveFixture{
		Archive: archive{c},
		Put:     func(_ testing.TB, key string, body []byte, modified time.Time) { c.putBody(key, modified, body) },
		Delete: func(_ testing.TB, key string) {
			c.mu.Lock()
			defer c.mu.Unlock()
			delete(c.objects, key)
		},
	})
}

// breaker loses writes of the cloud: the doubles do not try again.
func breaker(c *cloud, calls ...string) ingesttest.Breaker {
	return ingesttest.Breaker{Break: func(_ *testing.T, f ingesttest.Fault, _ int) func() {
		for _, name := range calls {
			c.faults[name] = map[ingesttest.Fault]string{
				ingesttest.RequestLost: "refused", ingesttest.AnswerLost: "answer lost",
			}[f]
		}
		return func() { clear(c.faults) }
	}}
}

func TestConformanceOfState(t *testing.T) {
	ingesttest.State(t, func(t *testing.T) ingesttest.StateFixture {
		c := newCloud(t)
		return ingesttest.StateFixture{
			State:      state{c},
			Breaker:    breaker(c, "Record", "Advance", "Hold", "Unhold", "Relist", "Prune", "Summarize"),
			Quarantine: func(*testing.T) []string { return c.quarantined },
			Summaries: func(*testing.T) (started []time.Time) {
				for _, s := range c.summaries {
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
		c := newCloud(t)
		return ingesttest.LeasesFixture{
			Leases: leases{c}, Breaker: breaker(c, "Acquire", "Renew", "Release"),
			Pass: func(d time.Duration) { c.now = c.now.Add(d) },
		}
	})
}

func TestConformanceOfTable(t *testing.T) {
	const bad = "never taken"
	ingesttest.Table(t, func(t *testing.T) ingesttest.TableFixture {
		c := newCloud(t)
		c.deliverFault = func([]string) (bool, []string, error) { return true, []string{bad}, nil }
		return ingesttest.TableFixture{
			Table: table{c}, Breaker: breaker(c, "Deliver"), Bad: fmt.Sprintf(`{"id":%q}`, bad),
			Accepted: func(*testing.T) (rows []string) {
				for id, times := range c.accepted {
					rows = append(rows, slices.Repeat([]string{fmt.Sprintf(`{"id":%q}`, id)}, times)...)
				}
				return rows
			},
		}
	})
}
