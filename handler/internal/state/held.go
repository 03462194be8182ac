package state

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/ingest"
)

// heldKey names a held folder by a hash: its characters cannot stand in a key.
func heldKey(h ingest.Held) string {
	sum := sha256.Sum256([]byte(h.Folder))
	return "held|" + hex.EncodeToString(sum[:16])
}

// Hold writes the row of a held folder by compare-and-swap: a run that was
// overtaken by another must not put back, or take away, what that one keeps. As
// in Advance, a conflict with what this call itself wrote is recognized by
// reading the row.
func (s *Store) Hold(ctx context.Context, h ingest.Held) (string, error) {
	version, err := s.swap(ctx, s.heldRow(h), h.Version)
	if !errors.Is(err, ingest.ErrConflict) {
		return version, err
	}
	return s.heldNow(ctx, h)
}

func (s *Store) heldRow(h ingest.Held) row {
	text := bounded(h.Error)
	return row{
		Partition: s.partition, Key: heldKey(h), Folder: h.Folder, Since: set(h.Since),
		Mark: set(h.Mark), Floor: set(h.Floor), Until: set(h.Until),
		Tries: h.Tries, Next: set(h.Next), Error: &text,
	}
}

// heldNow returns the version of a held folder's row, which must say what h says.
func (s *Store) heldNow(ctx context.Context, h ingest.Held) (string, error) {
	got, err := s.client.GetEntity(ctx, s.partition, heldKey(h), nil)
	switch {
	case isStatus(err, http.StatusNotFound):
		return "", s.heldConflict(h)
	case err != nil:
		return "", s.fault("read", err)
	}
	is, err := decode(got.Value)
	is.Timestamp = nil
	if err != nil || !bytes.Equal(encode(is), encode(s.heldRow(h))) {
		return "", s.heldConflict(h)
	}
	return string(got.ETag), nil
}

// Unhold deletes the row of a held folder unless another run changed it.
func (s *Store) Unhold(ctx context.Context, h ingest.Held) error {
	if h.Version == "" {
		return nil // nothing was written
	}
	version := azcore.ETag(h.Version)
	_, err := s.client.DeleteEntity(ctx, s.partition, heldKey(h), &aztables.DeleteEntityOptions{IfMatch: &version})
	switch {
	case err == nil, isStatus(err, http.StatusNotFound):
		return nil
	case isStatus(err, http.StatusPreconditionFailed):
		return s.heldConflict(h)
	default:
		return s.fault("write", err)
	}
}

func (s *Store) heldConflict(h ingest.Held) error {
	return s.conflict("changed what is kept of the held folder " + h.Folder)
}

// held reads the row of a held folder.
func (r row) held() (ingest.Held, error) {
	if r.Folder == "" || r.Since == nil || r.Mark == nil {
		return ingest.Held{}, r.damaged("lacks Folder, Since or Mark")
	}
	return ingest.Held{
		Folder:  r.Folder,
		Since:   *r.Since,
		Mark:    *r.Mark,
		Floor:   value(r.Floor),
		Until:   value(r.Until),
		Tries:   r.Tries,
		Next:    value(r.Next),
		Error:   value(r.Error),
		Version: r.version,
	}, nil
}
