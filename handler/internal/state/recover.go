package state

import (
	"context"
	"fmt"
	"time"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
)

// unordered is how far the objects that were recorded last may reach beyond what
// is recorded without a gap: a run processes the objects of up to two days in no
// order.
const unordered = 48 * time.Hour

// recovered is the watermark in place of a row that cannot be read, and a
// sentence that says so: the newest that a run left in its summary. Its version
// is that of the damaged row, which the next Advance replaces.
func (s *Store) recovered(ctx context.Context, version string, damage error) (ingest.Mark, string, error) {
	var last row
	if err := s.list(ctx, between("run|", after("run")), func(r row) error {
		if r.Watermark == nil || r.Started == nil {
			return nil
		}
		last = r
		return errEnough
	}, "RowKey", "Started", "Watermark"); err != nil {
		return ingest.Mark{}, "", err
	}
	if last.Watermark == nil {
		return ingest.Mark{}, "", s.unrecoverable(ctx, damage)
	}
	mark := ingest.Mark{Time: last.Watermark.UTC(), Version: version}
	return mark, fmt.Sprintf("the watermark in %s cannot be read (%v): its time is taken to be %s, "+
		"where the run that began at %s left it", s.where, fault.Line(damage),
		mark.Time.Format(time.RFC3339), last.Started.UTC().Format(time.RFC3339)), nil
}

// unrecoverable is the fault of a watermark that cannot be read, and that no
// summary of a run has. It names the time to write: before the newest object
// that is recorded.
func (s *Store) unrecoverable(ctx context.Context, damage error) error {
	var newest time.Time
	if err := s.keys(ctx, between("done|", after("done")), func(r row) (err error) {
		newest, err = r.modified()
		return err
	}); err != nil {
		return err
	}
	fix := "no run has said where it was and no object is recorded: delete the row, and the source starts at " +
		"INITIAL_LOOKBACK, or write its Time"
	if !newest.IsZero() {
		fix = fmt.Sprintf("write its Time as %s, two days before the newest recorded object (%s)",
			newest.Add(-unordered).Format(time.RFC3339), newest.Format(time.RFC3339))
	}
	return s.damaged(damage, fix+`; see "A damaged row" in docs/operations.md`)
}
