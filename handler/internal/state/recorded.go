package state

import (
	"context"
	"strings"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// maxLooks is the most objects whose rows of further updates are looked for one
// by one.
const maxLooks = 50

// Recorded reads the rows of the objects below folder that were modified from
// from up to to. A pending object has rows of updates only.
//
// Rows of further updates of older versions do not say whose they are, and so
// the folder does not find them. They are looked for by the rows of objects that
// do not say whether there are any.
func (s *Store) Recorded(ctx context.Context, folder string, from, to time.Time) (ingest.Ledger, error) {
	ledger := newLedger()
	span := between(doneAt(from), after(doneAt(to)))
	var unsure []string // keys, in their order
	if err := s.list(ctx, span+below(folder), func(r row) error {
		if within, err := r.within(from, to); err != nil || !within || !strings.HasPrefix(r.Object, folder) {
			return err
		}
		if !r.further() && r.Further == nil {
			unsure = append(unsure, r.Key)
		}
		return r.record(ledger)
	}); err != nil {
		return ledger, s.fault("read", err)
	}
	if folder == "" {
		return ledger, nil // the query found them
	}
	if err := s.unnamed(ctx, unsure, ledger); err != nil {
		return ledger, s.fault("read", err)
	}
	return ledger, nil
}

// within reports whether the object of a done row was modified from from up to
// to, by the second where the row does not say it better.
func (r row) within(from, to time.Time) (bool, error) {
	t, err := r.modified()
	if r.LastModified == nil {
		from = from.Truncate(time.Second)
	}
	return !t.Before(from) && !t.After(to), err
}

// unnamed adds the rows of further updates that do not say whose they are, of
// the objects with the keys given.
func (s *Store) unnamed(ctx context.Context, keys []string, ledger ingest.Ledger) error {
	if len(keys) > maxLooks {
		wanted := make(map[string]bool, len(keys))
		for _, key := range keys {
			wanted[key] = true
		}
		return s.list(ctx, between(keys[0], after(keys[len(keys)-1])), func(r row) error {
			if r.further() && wanted[r.Key[:strings.LastIndexByte(r.Key, '|')]] {
				return r.record(ledger)
			}
			return nil
		}, "RowKey", "Sent")
	}
	for _, key := range keys {
		if err := s.list(ctx, between(key+"|", after(key)), func(r row) error { return r.record(ledger) }); err != nil {
			return err
		}
	}
	return nil
}
