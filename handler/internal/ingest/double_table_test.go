package ingest_test

import (
	"context"
	"encoding/json"
	"slices"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

type table struct{ c *cloud }

func (tb table) Paths() *guardduty.Paths { return paths }

var paths = guardduty.NewPaths("type")

func (tb table) MaxBatch() int { return tb.c.maxRows }

func (tb table) Row(dst []byte, f *guardduty.Finding, src ingest.Source) ([]byte, error) {
	if tb.c.rowFault != nil {
		if err := tb.c.rowFault(f.ID); err != nil {
			return dst, err
		}
	}
	if len(f.Values) != 1 || f.Values[0] == nil {
		tb.c.t.Errorf("Row of %s has the values %q, want those at the table's paths", f.ID, f.Values)
	}
	if src.Bucket != "findings" || src.Object.Key == "" {
		tb.c.t.Errorf("Row of %s has source %+v", f.ID, src)
	}
	tb.c.mu.Lock()
	defer tb.c.mu.Unlock()
	tb.c.foreign[f.ID] = src.Foreign
	row, err := json.Marshal(struct {
		ID string `json:"id"`
	}{f.ID})
	return append(dst, row...), err
}

func (tb table) Deliver(ctx context.Context, b ingest.Batch) ([]ingest.Refusal, error) {
	c := tb.c
	if len(b.Rows) > c.maxRows || b.Len() == 0 {
		c.t.Errorf("Deliver of %d rows in %d bytes, want 1 row and up, and at most %d bytes",
			b.Len(), len(b.Rows), c.maxRows)
	}
	var ids []string
	for i := range b.Len() {
		var row struct{ ID string }
		if err := json.Unmarshal(b.Slice(i, i+1), &row); err != nil {
			c.t.Errorf("row %d of a batch is %q: %v", i, b.Slice(i, i+1), err)
		}
		ids = append(ids, row.ID)
	}
	if !json.Valid(slices.Concat([]byte("["), b.Slice(0, b.Len()), []byte("]"))) {
		c.t.Errorf("a batch is not rows with commas: %q", b.Rows)
	}
	defer c.enter(ctx)()
	c.inFlight++
	c.maxBatch = max(c.maxBatch, c.inFlight)
	if c.deliverHook != nil {
		c.mu.Unlock()
		c.deliverHook(ctx)
		c.mu.Lock()
	}
	c.inFlight--
	c.batches++
	refused := []string(nil)
	apply, err := c.call(ctx, "Deliver")
	switch {
	case c.deliverFault == nil:
	case err == nil:
		apply, refused, err = c.deliverFault(ids)
	case apply: // killed after the call took effect
		_, refused, _ = c.deliverFault(ids)
	}
	var refusals []ingest.Refusal
	for i, id := range ids {
		if slices.Contains(refused, id) {
			refusals = append(refusals, ingest.Refusal{Row: i, Reason: "refused"})
		} else if apply {
			c.accepted[id]++
		}
	}
	return refusals, err
}
