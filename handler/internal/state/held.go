package state

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/ingest"
)

// heldKey names a held folder by a hash: its characters cannot stand in a key.
func heldKey(h ingest.Held) string {
	sum := sha256.Sum256([]byte(h.Folder))
	return "held|" + hex.EncodeToString(sum[:16])
}

// Hold writes the row of a held folder, over the one there was.
func (s *Store) Hold(ctx context.Context, h ingest.Held) error {
	text := bounded(h.Error)
	r := row{
		Partition: s.partition, Key: heldKey(h), Folder: h.Folder, Since: set(h.Since),
		Mark: set(h.Mark), Floor: set(h.Floor), Until: set(h.Until),
		Tries: h.Tries, Next: set(h.Next), Error: &text,
	}
	replace := &aztables.UpsertEntityOptions{UpdateMode: aztables.UpdateModeReplace}
	if _, err := s.client.UpsertEntity(ctx, encode(r), replace); err != nil {
		return s.fault("write", err)
	}
	return nil
}

// Unhold deletes the row of a held folder, whether it is still there or not.
func (s *Store) Unhold(ctx context.Context, h ingest.Held) error {
	_, err := s.client.DeleteEntity(ctx, s.partition, heldKey(h), nil)
	if err != nil && !isStatus(err, http.StatusNotFound) {
		return s.fault("write", err)
	}
	return nil
}

// held reads the row of a held folder.
func (r row) held() (ingest.Held, error) {
	if r.Folder == "" || r.Since == nil || r.Mark == nil {
		return ingest.Held{}, r.damaged("lacks Folder, Since or Mark")
	}
	return ingest.Held{
		Folder: r.Folder,
		Since:  *r.Since,
		Mark:   *r.Mark,
		Floor:  value(r.Floor),
		Until:  value(r.Until),
		Tries:  r.Tries,
		Next:   value(r.Next),
		Error:  value(r.Error),
	}, nil
}
