package state

import (
	"context"
	"slices"
	"strings"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// prunable is what Prune knows of one object.
type prunable struct {
	key      string    // S3 key; empty when no row says it
	modified time.Time // as far as rows say it
	done     bool
	rows     []string
}

// Prune deletes the rows of objects that are done, and of updates, where the
// object was last modified before t; the updates of an object that is still to
// be tried again stay, and so do the rows of objects below a held folder from
// its floor on. With nothing to delete it costs one call.
//
// The row of an object's earlier attempts that an older version left beside its
// done row is deleted first: without the done row it would have the object
// delivered again.
func (s *Store) Prune(ctx context.Context, t time.Time, held []ingest.Held) error {
	old, err := s.before(ctx, t, len(held) > 0)
	if err != nil {
		return s.fault("read", err)
	}
	for id, o := range old {
		if slices.ContainsFunc(held, o.isKept) {
			delete(old, id)
		}
	}
	if len(old) == 0 {
		return nil
	}
	var stale, keys []string
	if err := s.keys(ctx, between("pending|", after("pending")), func(r row) error {
		id, err := r.id()
		if o := old[id]; o != nil && o.done {
			stale = append(stale, r.Key)
		} else {
			delete(old, id)
		}
		return err
	}); err != nil {
		return s.fault("read", err)
	}
	for _, o := range old {
		keys = append(keys, o.rows...)
	}
	if err := s.remove(ctx, stale); err != nil {
		return err
	}
	return s.remove(ctx, keys)
}

// maxPruned is the most rows of the quarantine that are deleted at a time.
const maxPruned = 10_000

// PruneQuarantine deletes the rows of the quarantine that were last written
// before t, at most maxPruned of them. It reads all up to the last of these.
func (s *Store) PruneQuarantine(ctx context.Context, t time.Time) error {
	var old []string
	if err := s.list(ctx, between("quarantine|", after("quarantine")), func(r row) error {
		if r.Timestamp != nil && r.Timestamp.Before(t) {
			old = append(old, r.Key)
		}
		if len(old) == maxPruned {
			return errEnough
		}
		return nil
	}, "RowKey", "Timestamp"); err != nil {
		return s.fault("read", err)
	}
	return s.remove(ctx, old)
}

// before returns the objects with rows that were last modified before t. The
// rows of one object name it together: further updates of older versions do not.
func (s *Store) before(ctx context.Context, t time.Time, named bool) (map[ingest.ID]*prunable, error) {
	properties := []string{"RowKey"}
	if named {
		properties = append(properties, "ObjectKey")
	}
	old := make(map[ingest.ID]*prunable)
	err := s.list(ctx, between("done|", doneAt(t)), func(r row) error {
		id, err := r.id()
		if err != nil {
			return err
		}
		o := old[id]
		if o == nil {
			o = new(prunable)
			old[id] = o
		}
		if r.Object != "" {
			o.key = r.Object
		}
		o.done = o.done || !r.further()
		o.rows = append(o.rows, r.Key)
		o.modified, err = r.modified()
		return err
	}, properties...)
	return old, err
}

// isKept reports whether the rows of the object stay for a held folder.
func (o *prunable) isKept(h ingest.Held) bool {
	return o.key != "" && strings.HasPrefix(o.key, h.Folder) && !o.modified.Before(h.Floor.Truncate(time.Second))
}
