package state

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/ingest"
)

// Load reads the watermark, and then in one query up to 1,000 rows what is
// recorded of objects modified from its floor on, the folders that are held and
// the objects to be tried again. For a pending object from before the floor of
// which further updates may exist it makes a query more. It creates the table
// when there is none.
func (s *Store) Load(ctx context.Context) (ingest.Snapshot, error) {
	snap := ingest.Snapshot{Ledger: newLedger()}
	var err error
	snap.Mark, err = s.mark(ctx)
	if isCode(err, string(aztables.TableNotFound)) {
		return snap, s.create(ctx)
	}
	if damage, ok := errors.AsType[*damagedError](err); ok {
		snap.Mark, snap.Recovered, err = s.recovered(ctx, snap.Mark.Version, damage)
	}
	if err != nil {
		return snap, s.fault("read", err)
	}
	low := doneAt(snap.Mark.Floor)
	var early []ingest.Object // pending ones whose other rows the query does not find
	if err := s.list(ctx, between(low, after("pending")), func(r row) error {
		if unsure := r.Further == nil || *r.Further; r.kind() == "pending" && unsure {
			o := ingest.Object{Key: r.Object, ETag: r.ETag, LastModified: value(r.LastModified)}
			if doneKey(o) < low {
				early = append(early, o)
			}
		}
		return r.addTo(&snap)
	}); err != nil {
		return snap, s.fault("read", err)
	}
	for _, o := range early {
		if err := s.object(ctx, o, snap.Ledger); err != nil {
			return snap, s.fault("read", err)
		}
	}
	// A row that an older version left beside the one that says done.
	snap.Pending = slices.DeleteFunc(snap.Pending, func(p ingest.Pending) bool {
		_, done := snap.Done[p.Object.ID()]
		return done
	})
	return snap, nil
}

// kind is what the key of a row begins with.
func (r row) kind() string {
	kind, _, _ := strings.Cut(r.Key, "|")
	return kind
}

// addTo adds what a row says to the snapshot.
func (r row) addTo(snap *ingest.Snapshot) error {
	switch r.kind() {
	case "done":
		return r.record(snap.Ledger)
	case "held":
		h, err := r.held()
		snap.Held = append(snap.Held, h)
		return err
	case "pending":
		p, err := r.pending()
		snap.Pending = append(snap.Pending, p)
		return err
	default: // the lease
		return nil
	}
}

// object reads the rows of one object, be it done or not, into the ledger.
func (s *Store) object(ctx context.Context, o ingest.Object, ledger ingest.Ledger) error {
	return s.list(ctx, between(doneKey(o), after(doneKey(o))), func(r row) error { return r.record(ledger) })
}

func newLedger() ingest.Ledger {
	return ingest.Ledger{Done: make(map[ingest.ID]struct{}), Sent: make(map[ingest.Update]struct{})}
}

// record adds what a done row, or one of further updates, says to the ledger.
func (r row) record(ledger ingest.Ledger) error {
	if !r.further() {
		id, err := r.id()
		if err != nil {
			return err
		}
		ledger.Done[id] = struct{}{}
	}
	updates, err := r.updates()
	for _, u := range updates[:min(len(updates), ingest.MaxSent-len(ledger.Sent))] {
		ledger.Sent[u] = struct{}{}
	}
	return err
}

func (s *Store) create(ctx context.Context) error {
	_, err := s.client.CreateTable(ctx, nil)
	if err != nil && !isCode(err, string(aztables.TableAlreadyExists)) {
		return s.fault("create", err)
	}
	return nil
}
