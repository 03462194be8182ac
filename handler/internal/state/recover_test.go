package state_test

import (
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
)

// damagedMarks are watermark rows that cannot be read.
var damagedMarks = map[string]map[string]any{
	"no Time":            {"Floor": "2026-08-01T00:00:00Z"},
	"Time of a number":   {"Time": 5},
	"Time that is none":  {"Time": "yesterday"},
	"Kept of a number":   {"Time": "2026-08-01T00:00:00Z", "Kept": 5},
	"Destination beside": {"Time": true, "Destination": "https://one dcr-1 Custom-T"},
}

// Without its watermark a source would start again. The runs before said where
// it was.
func TestDamagedWatermarkIsRecovered(t *testing.T) {
	for name, row := range damagedMarks {
		t.Run(name, func(t *testing.T) {
			cfg, _ := store(t)
			cfg.Destination = "https://one dcr-1 Custom-T"
			s := newStore(t, cfg)
			for hour, mark := range []time.Time{written.Add(-9 * time.Hour), written.Add(-time.Hour), {}} {
				sum := ingest.Summary{Started: written.Add(time.Duration(hour) * time.Hour), Watermark: mark}
				if err := s.Summarize(t.Context(), sum); err != nil {
					t.Fatal(err)
				}
			}
			record(t, s, append(done(0, 3), pendingEntry(3))...)
			insert(t, cfg, "watermark", row)
			snap := load(t, s)
			want := ingest.Mark{Time: written.Add(-time.Hour), Version: snap.Mark.Version}
			if snap.Mark != want || want.Version == "" {
				t.Errorf("Load = %+v, want the mark %+v with a version", snap.Mark, want)
			}
			for _, part := range []string{
				`row "watermark"`, cfg.Table, "is taken to be 2026-08-01T01:03:04Z", "began at 2026-08-01T03:03:04Z",
			} {
				if !strings.Contains(snap.Recovered, part) {
					t.Errorf("Recovered = %q, want %q in it", snap.Recovered, part)
				}
			}
			wantDone(t, snap, 0, 3)
			wantPending(t, snap, waiting(3))
			if _, err := s.Advance(t.Context(), snap.Mark, at(written)); err != nil {
				t.Fatalf("Advance over the damaged row = %v", err)
			}
			if snap := load(t, s); !snap.Mark.Time.Equal(written) || snap.Recovered != "" {
				t.Errorf("Load = %+v, %q, want what Advance wrote and nothing recovered", snap.Mark, snap.Recovered)
			}
		})
	}
}

// Where no run says it, the fault says which time is safe to write.
func TestDamagedWatermarkWithoutARun(t *testing.T) {
	for name, row := range damagedMarks {
		t.Run(name, func(t *testing.T) {
			cfg, s := store(t)
			insert(t, cfg, "watermark", row)
			_, err := s.Load(t.Context())
			wantFault(t, err, fault.StateDamaged, `row "watermark"`)
			wantFault(t, err, fault.StateDamaged, "no object is recorded: delete the row")
			record(t, s, done(0, 5)...)
			_, err = s.Load(t.Context())
			wantFault(t, err, fault.StateDamaged,
				"write its Time as 2026-07-30T02:07:04Z, two days before the newest recorded object "+
					"(2026-08-01T02:07:04Z)")
		})
	}
}

// A watermark that was damaged by another run meanwhile is not a conflict.
func TestAdvanceFromADamagedWatermark(t *testing.T) {
	cfg, s := store(t)
	mark, err := s.Advance(t.Context(), ingest.Mark{}, at(written))
	if err != nil {
		t.Fatal(err)
	}
	insert(t, cfg, "watermark", map[string]any{"Time": 5})
	_, err = s.Advance(t.Context(), mark, at(written.Add(time.Hour)))
	wantFault(t, err, fault.StateDamaged, "docs/operations.md")
}
