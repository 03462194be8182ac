package state

import (
	"context"
	"slices"
	"strings"

	"guardduty-sentinel/handler/internal/ingest"
)

// Record writes the entries, in transactions of up to 100 rows. An object's
// quarantine and updates are written no later than its own row, and the row of
// its earlier attempts is deleted in one transaction with that.
func (s *Store) Record(ctx context.Context, entries []ingest.Entry) error {
	var groups []group
	for _, e := range entries {
		groups = append(groups, s.changes(e)...)
	}
	for _, t := range transactions(groups) {
		if err := s.apply(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// changes are those of one entry, in the order in which they are made.
func (s *Store) changes(e ingest.Entry) (list []group) {
	for _, q := range e.Quarantine {
		r := s.objectRow(quarantineKey(e.Object, q.Line), e.Object)
		r.Line, r.Reason = q.Line, bounded(q.Reason)
		list = append(list, group{put(r)})
	}
	own, further := e.Sent, []ingest.Update(nil)
	if e.Pending != nil {
		own, further = nil, e.Sent
	} else if len(own) > maxSent {
		own, further = own[:maxSent], own[maxSent:]
	}
	for updates := range slices.Chunk(further, maxSent) {
		list = append(list, group{put(s.furtherRow(e.Object, updates))})
	}
	if e.Pending != nil {
		return append(list, group{merge(s.pendingRow(e))})
	}
	r := s.objectRow(doneKey(e.Object), e.Object)
	r.Findings, r.Sent = e.Findings, joined(own)
	if e.WasPending { // then earlier entries may have written further updates
		return append(list, group{put(r), s.drop(pendingKey(e.Object))})
	}
	r.Further = new(len(further) > 0)
	return append(list, group{put(r)})
}

// furtherRow holds updates that have no room in their object's own row.
func (s *Store) furtherRow(o ingest.Object, updates []ingest.Update) row {
	return row{
		Partition: s.partition, Key: furtherKey(o, updates[0]),
		Object: o.Key, LastModified: set(o.LastModified), Sent: joined(updates),
	}
}

// pendingRow is merged into the one there is. So Further stays as it was when
// this entry has no updates and an earlier one had.
func (s *Store) pendingRow(e ingest.Entry) row {
	p, r := e.Pending, s.objectRow(pendingKey(e.Object), e.Object)
	r.Lines, r.BadLines, r.Attempts, r.Opens, r.Refused = &p.Lines, &p.BadLines, &p.Attempts, &p.Opens, &p.Tries
	r.Next = new(p.Next.UTC())
	r.Error = new(bounded(p.Error))
	if len(e.Sent) > 0 || !e.WasPending {
		r.Further = new(len(e.Sent) > 0)
	}
	return r
}

// bounded cuts text to what a row keeps of it.
func bounded(text string) string {
	if len(text) <= maxText {
		return text
	}
	return strings.ToValidUTF8(text[:maxText], "") + "…"
}
