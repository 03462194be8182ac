package state

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/ingest"
)

// keepRuns is how long the summaries of runs are kept.
const keepRuns = 7 * 24 * time.Hour

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
	replace := &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace}
	if _, err := s.client.UpsertEntity(ctx, data, replace); err != nil {
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

// runRow is the row of a run's summary. The table service would take a whole
// number of seconds for an Edm.Int32 and one with a fraction for an Edm.Double,
// so every number that is not an int has its type beside it.
func (s *Store) runRow(sum ingest.Summary) map[string]any {
	row := map[string]any{
		"PartitionKey": s.partition,
		"RowKey":       runKey(sum.Started),
		"Started":      sum.Started.UTC(),
		"Outcome":      sum.Outcome(),
	}
	if sum.Failure != "" {
		row["Failure"] = bounded(sum.Failure)
	}
	if !sum.Watermark.IsZero() {
		row["Watermark"] = sum.Watermark.UTC()
	}
	for _, field := range sum.Fields() {
		if field.Row == "" {
			continue
		}
		row[field.Row] = field.Value
		switch n := field.Value.(type) {
		case int64:
			row[field.Row] = strconv.FormatInt(n, 10)
			row[field.Row+"@odata.type"] = "Edm.Int64"
		case float64:
			row[field.Row+"@odata.type"] = "Edm.Double"
		}
	}
	return row
}
