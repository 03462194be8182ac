package state_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest/ingesttest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/state"
)

// each runs a suite on Azurite and on the tables of the local cloud.
func each(t *testing.T, suite func(t *testing.T, tables *localtest.Shared)) {
	t.Helper()
	for name, tables := range map[string]*localtest.Shared{"azurite": local, "embedded": embedded} {
		t.Run(name, func(t *testing.T) { suite(t, tables) })
	}
}

func TestConformanceOfState(t *testing.T) { each(t, conformanceOfState) }

func conformanceOfState(t *testing.T, tables *localtest.Shared) {
	ingesttest.State(t, func(t *testing.T) ingesttest.StateFixture {
		cfg, s, breaker := breakable(t, tables)
		return ingesttest.StateFixture{
			State: s, Breaker: breaker,
			Quarantine: func(t *testing.T) (list []string) {
				for _, r := range kind(t, cfg, "quarantine|") {
					line := r["Line"]
					if line == nil {
						line = 0
					}
					list = append(list, fmt.Sprint(r["ObjectKey"], ":", line))
				}
				return list
			},
			Summaries: func(t *testing.T) (list []time.Time) {
				for _, r := range kind(t, cfg, "run|") {
					started, err := time.Parse(time.RFC3339Nano, fmt.Sprint(r["Started"]))
					if err != nil {
						t.Fatal(err)
					}
					list = append(list, started)
				}
				return list
			},
		}
	})
}

func TestConformanceOfLeases(t *testing.T) { each(t, conformanceOfLeases) }

func conformanceOfLeases(t *testing.T, tables *localtest.Shared) {
	ingesttest.Leases(t, func(t *testing.T) ingesttest.LeasesFixture {
		_, s, breaker := breakable(t, tables)
		return ingesttest.LeasesFixture{Leases: s, Breaker: breaker, Pass: func(d time.Duration) {
			time.Sleep(d + time.Second/10) // the service tells its time in whole seconds
		}}
	})
}

// breakable is a store whose writes can be lost. The client tries again.
func breakable(t *testing.T, tables *localtest.Shared) (state.Config, *state.Store, ingesttest.Breaker) {
	t.Helper()
	cfg := configOf(t, tables)
	load(t, newStore(t, cfg))
	own, proxy := through(t, cfg)
	drop := map[ingesttest.Fault]string{
		ingesttest.RequestLost: localtest.DropBefore, ingesttest.AnswerLost: localtest.DropAfter,
	}
	lose := func(_ *testing.T, f ingesttest.Fault, tries int) func() {
		proxy.Drop(drop[f], tries, func(r *http.Request) bool { return r.Method != http.MethodGet })
		return func() { proxy.Drop("", 0, nil) }
	}
	return cfg, newStore(t, own), ingesttest.Breaker{Retries: true, Break: lose}
}

// kind returns the rows of a kind in the order of their keys.
func kind(t *testing.T, cfg state.Config, prefix string) (list []map[string]any) {
	t.Helper()
	rows := rowsOf(t, cfg)
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		if strings.Contains(key, " "+prefix) {
			list = append(list, rows[key])
		}
	}
	return list
}
