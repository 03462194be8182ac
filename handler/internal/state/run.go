package state

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/ingest"
)

// keepRuns is how long the summaries of runs are kept.
const keepRuns = 7 * 24 * time.Hour

// runRow is the summary of a run. Its names are stored, as those of row. The
// service would take a whole number of seconds for an Edm.Int32 and one with a
// fraction for an Edm.Double, so it is told.
type runRow struct {
	Partition string `json:"PartitionKey"`
	Key       string `json:"RowKey"`

	Started     time.Time
	Seconds     float64 // that the run took
	SecondsType string  `json:"Seconds@odata.type"`
	Outcome     string
	Failure     string `json:",omitempty"`

	Objects     int
	Findings    int
	Batches     int
	Bytes       int64  `json:",string"`
	BytesType   string `json:"Bytes@odata.type"`
	Dropped     int    // by all filters together
	Repeated    int
	Pending     int
	Quarantined int // lines, findings and objects
	Left        int
	DaysLeft    int

	Lists int
	Reads int
	Pairs int

	Watermark      *time.Time `json:",omitzero"`
	LagSeconds     float64
	LagSecondsType string `json:"LagSeconds@odata.type"`
}

// runKey names a run so that the newest sorts first: its time counts down.
func runKey(started time.Time) string {
	return fmt.Sprintf("run|%019d", math.MaxInt64-started.UnixNano())
}

// Summarize writes the row of a run and deletes those of runs that began more
// than a week before it. With nothing to delete it costs two calls.
func (s *Store) Summarize(ctx context.Context, sum ingest.Summary) error {
	data, err := json.Marshal(s.runRow(sum))
	if err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	if _, err := s.client.UpsertEntity(ctx, data, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace}); err != nil {
		return s.fault("write", err)
	}
	var old []string
	if err := s.keys(ctx, between(runKey(sum.Started.Add(-keepRuns-1)), after("run")), func(r row) error {
		old = append(old, r.Key)
		return nil
	}); err != nil {
		return s.fault("read", err)
	}
	return s.remove(ctx, old)
}

func (s *Store) runRow(sum ingest.Summary) runRow {
	r := runRow{
		Partition: s.partition, Key: runKey(sum.Started),
		Started: sum.Started.UTC(), Seconds: sum.Duration.Seconds(), SecondsType: "Edm.Double", Outcome: sum.Outcome(), Failure: bounded(sum.Failure),
		Objects: sum.Objects, Findings: sum.Findings, Batches: sum.Batches, Bytes: sum.Bytes, BytesType: "Edm.Int64",
		Repeated: sum.Repeated, Pending: sum.Pending, Quarantined: sum.BadLines + sum.BadObjects, Left: sum.Left, DaysLeft: sum.WindowsLeft,
		Lists: sum.Plan.Lists, Reads: sum.Reads, Pairs: sum.Plan.Pairs, LagSeconds: sum.Lag.Seconds(), LagSecondsType: "Edm.Double",
	}
	for _, n := range sum.Dropped {
		r.Dropped += n
	}
	if watermark := sum.Watermark.UTC(); !watermark.IsZero() {
		r.Watermark = &watermark
	}
	return r
}
