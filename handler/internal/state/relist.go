package state

import (
	"context"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/ingest"
)

// Relist changes the rows of the watermark and of the folder in one transaction.
// The service does not return their versions, so they are read. That also
// distinguishes a lost answer from another run's write.
func (s *Store) Relist(ctx context.Context, mark ingest.Mark, h ingest.Held) (ingest.Mark, string, error) {
	next := mark
	next.Relists++
	folder := replace(s.heldRow(h), h.Version)
	if h.Until.IsZero() {
		folder = s.drop(folder.key)
		folder.action.IfMatch = new(azcore.ETag(h.Version))
	}
	err := s.submit(ctx, []change{folder, replace(s.markRow(next), mark.Version)})
	if err != nil && !changed(err) {
		return mark, "", s.fault("write", err)
	}
	now, err := s.mark(ctx)
	switch {
	case err != nil:
		return mark, "", s.fault("read", err)
	case now.Version == mark.Version:
		return mark, "", s.heldConflict(h)
	case !sameMark(now, next):
		return mark, "", s.conflict("advanced the watermark")
	}
	if h.Until.IsZero() {
		return now, "", s.isGone(ctx, h)
	}
	version, err := s.heldNow(ctx, h)
	return now, version, err
}

// replace writes a row over the version given.
func replace(r row, version string) change {
	return change{r.Key, aztables.TransactionAction{
		ActionType: aztables.TransactionTypeUpdateReplace, Entity: encode(r), IfMatch: new(azcore.ETag(version)),
	}}
}

// isGone returns an error unless the row of a held folder is not there.
func (s *Store) isGone(ctx context.Context, h ingest.Held) error {
	switch _, err := s.client.GetEntity(ctx, s.partition, heldKey(h), nil); {
	case isStatus(err, http.StatusNotFound):
		return nil
	case err != nil:
		return s.fault("read", err)
	default:
		return s.heldConflict(h)
	}
}
