package state

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/handler/internal/ingest"
)

// maxTransaction is the most rows of one transaction (Table service REST API,
// "Performing entity group transactions").
const maxTransaction = 100

// Record writes the entries, in transactions of up to 100 rows. An object's
// quarantine and updates are written no later than its own row, and the row of
// its earlier attempts is deleted last: after a crash in between, Load skips it.
func (s *Store) Record(ctx context.Context, entries []ingest.Entry) error {
	var rows []row
	var settled []string
	for _, e := range entries {
		rows = append(rows, s.entryRows(e)...)
		if e.Pending == nil && e.WasPending {
			settled = append(settled, pendingKey(e.Object))
		}
	}
	for chunk := range slices.Chunk(rows, maxTransaction) {
		if err := s.write(ctx, chunk); err != nil {
			return err
		}
	}
	return s.removeEach(ctx, settled)
}

// entryRows are the rows of one entry, in the order in which they are written.
func (s *Store) entryRows(e ingest.Entry) []row {
	var rows []row
	for _, q := range e.Quarantine {
		r := s.objectRow(quarantineKey(e.Object, q.Line), e.Object)
		r.Line, r.Reason = q.Line, bounded(q.Reason)
		rows = append(rows, r)
	}
	own, further := e.Sent, []ingest.Update(nil)
	if e.Pending != nil {
		own, further = nil, e.Sent
	} else if len(own) > maxSent {
		own, further = own[:maxSent], own[maxSent:]
	}
	for updates := range slices.Chunk(further, maxSent) {
		rows = append(rows, row{Partition: s.partition, Key: furtherKey(e.Object, updates[0]), Sent: joined(updates)})
	}
	if p := e.Pending; p != nil {
		r := s.objectRow(pendingKey(e.Object), e.Object)
		next := p.Next.UTC()
		r.Lines, r.Attempts, r.Next, r.Error = p.Lines, p.Attempts, &next, bounded(p.Error)
		return append(rows, r)
	}
	r := s.objectRow(doneKey(e.Object), e.Object)
	r.Findings, r.Sent = e.Findings, joined(own)
	return append(rows, r)
}

// write puts rows in place, whether they exist or not. The client reports a
// transaction that failed with the status of the outer answer, 202, and
// without a code, so any error means that nothing was written.
func (s *Store) write(ctx context.Context, rows []row) error {
	actions := make([]aztables.TransactionAction, len(rows))
	for i, r := range rows {
		actions[i] = aztables.TransactionAction{ActionType: aztables.TransactionTypeInsertReplace, Entity: encode(r)}
	}
	if _, err := s.client.SubmitTransaction(ctx, actions, nil); err != nil {
		return s.fault("write", err)
	}
	return nil
}

// Prune deletes the rows of objects that are done, and of updates, where the
// object was last modified before t; the updates of an object that is still to
// be tried again stay. With nothing to delete it costs one call.
//
// The row of an object's earlier attempts that a crash left beside its done
// row is deleted first: without the done row it would have the object delivered
// again.
func (s *Store) Prune(ctx context.Context, t time.Time) error {
	old := make(map[ingest.ID][]string) // row keys by object
	done := make(map[ingest.ID]bool)
	if err := s.keys(ctx, between("done|", "done|"+t.UTC().Format(timeKey)), func(r row) error {
		id, err := r.id()
		old[id] = append(old[id], r.Key)
		done[id] = done[id] || !r.further()
		return err
	}); err != nil {
		return s.fault("read", err)
	}
	if len(old) == 0 {
		return nil
	}
	var stale []string
	if err := s.keys(ctx, between("pending|", after("pending")), func(r row) error {
		id, err := r.id()
		if done[id] {
			stale = append(stale, r.Key)
		} else {
			delete(old, id)
		}
		return err
	}); err != nil {
		return s.fault("read", err)
	}
	if err := s.remove(ctx, stale); err != nil {
		return err
	}
	return s.remove(ctx, slices.Concat(slices.Collect(maps.Values(old))...))
}

// remove deletes rows, whether they are still there or not. A transaction fails
// when another run deleted one of its rows meanwhile; then its rows are deleted
// one by one.
func (s *Store) remove(ctx context.Context, keys []string) error {
	version := azcore.ETagAny
	for chunk := range slices.Chunk(keys, maxTransaction) {
		actions := make([]aztables.TransactionAction, len(chunk))
		for i, key := range chunk {
			actions[i] = aztables.TransactionAction{
				ActionType: aztables.TransactionTypeDelete,
				Entity:     encode(row{Partition: s.partition, Key: key}),
				IfMatch:    &version,
			}
		}
		if _, err := s.client.SubmitTransaction(ctx, actions, nil); err == nil {
			continue
		}
		if err := s.removeEach(ctx, chunk); err != nil {
			return err
		}
	}
	return nil
}

// removeEach deletes rows one by one, whether they are still there or not.
func (s *Store) removeEach(ctx context.Context, keys []string) error {
	for _, key := range keys {
		_, err := s.client.DeleteEntity(ctx, s.partition, key, nil)
		if err != nil && !isStatus(err, http.StatusNotFound) {
			return s.fault("write", err)
		}
	}
	return nil
}

// bounded cuts text to what a row keeps of it.
func bounded(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "…"
}
