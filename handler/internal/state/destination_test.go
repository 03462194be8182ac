package state_test

import (
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/state"
)

const (
	hereText  = "https://here.westeurope-1.ingest.monitor.azure.com dcr-1 Custom-T"
	thereText = "https://there.westeurope-1.ingest.monitor.azure.com dcr-2 Custom-T"
)

// to is a store whose findings go to a destination.
func to(t *testing.T, cfg state.Config, destination string) *state.Store {
	t.Helper()
	cfg.Destination = destination
	return newStore(t, cfg)
}

// claimed is a mark of a state that something was delivered from.
func claimed(t time.Time) ingest.Mark {
	mark := at(t)
	mark.Claimed = true
	return mark
}

// Nothing was delivered yet: a destination that is wrong can be corrected.
func TestStateIsNotClaimedBeforeADelivery(t *testing.T) {
	cfg, _ := store(t)
	if _, err := to(t, cfg, hereText).Advance(t.Context(), ingest.Mark{}, at(written)); err != nil {
		t.Fatal(err)
	}
	load(t, to(t, cfg, thereText))
}

// Two apps with one state would each deliver a part of the findings.
func TestStateOfAnotherDestinationIsRefused(t *testing.T) {
	cfg, _ := store(t)
	here, there := to(t, cfg, hereText), to(t, cfg, thereText)
	mark, err := here.Advance(t.Context(), ingest.Mark{}, claimed(written))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{cfg.Table, "destination " + hereText, "sends to " + thereText, "STATE_TABLE",
		"Another destination"} {
		_, err := there.Load(t.Context())
		wantFault(t, err, fault.StateElsewhere, part)
	}
	_, err = there.Advance(t.Context(), ingest.Mark{}, at(written.Add(time.Hour))) // both began on an empty table
	wantFault(t, err, fault.StateElsewhere, hereText)
	if got := load(t, to(t, cfg, "HTTPS"+hereText[len("https"):])).Mark; got != mark {
		t.Errorf("Load with another case = %+v, want %+v", got, mark)
	}
	cfg.Prefix = "other/"
	load(t, to(t, cfg, thereText))
}

// A state is moved by emptying the property. Older versions do not write it, and
// so a row without it belongs to who advances it.
func TestStateWithoutADestinationIsAdopted(t *testing.T) {
	for name, empty := range map[string]map[string]any{
		"emptied": {"Time": "2026-08-01T00:00:00Z", "Destination": ""},
		"missing": {"Time": "2026-08-01T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, _ := store(t)
			insert(t, cfg, "watermark", empty)
			there := to(t, cfg, thereText)
			mark := load(t, there).Mark
			load(t, to(t, cfg, hereText)) // to read is not to adopt
			if _, err := there.Advance(t.Context(), mark, claimed(written)); err != nil {
				t.Fatal(err)
			}
			_, err := to(t, cfg, hereText).Load(t.Context())
			wantFault(t, err, fault.StateElsewhere, thereText)
		})
	}
}

// A damaged watermark is not taken over from another destination.
func TestDamagedStateOfAnotherDestinationIsRefused(t *testing.T) {
	cfg, _ := store(t)
	insert(t, cfg, "watermark", map[string]any{"Time": 5, "Destination": hereText})
	_, err := to(t, cfg, thereText).Load(t.Context())
	wantFault(t, err, fault.StateElsewhere, hereText)
}
