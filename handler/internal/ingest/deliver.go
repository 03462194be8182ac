package ingest

import (
	"context"
	"fmt"
)

// deliver sends batches until there are no more. A row is settled when the
// table accepted it or refused it for what it holds; a batch that failed stays
// unsettled, so none of its objects is recorded and the next run repeats them.
func (m *mover) deliver(ctx context.Context) error {
	for b := range m.batches {
		refusals, err := m.job.Table.Deliver(ctx, b.Batch)
		if err != nil {
			return fmt.Errorf("deliver %d findings: %w", b.Len(), err)
		}
		m.tally(func(s *Summary) {
			s.Batches++
			s.Bytes += int64(len(b.Rows))
			s.Findings += b.Len() - len(refusals)
		})
		refused := make(map[int]string, len(refusals))
		for _, refusal := range refusals {
			refused[refusal.Row] = refusal.Reason
		}
		for i, from := range b.from {
			reason, bad := refused[i]
			m.rowSettled(from, reason, bad)
		}
		m.packer.reuse(b)
	}
	return nil
}

// rowSettled notes that a row was accepted, or refused with a reason, and
// settles the tasks that waited for it. What waited for a refused row holds the
// same finding, so it is set aside once.
func (m *mover) rowSettled(from origin, reason string, refused bool) {
	if refused {
		from.task.setAside(from.line, reason, false)
	} else {
		from.task.accepted(from.update)
	}
	for _, t := range append(m.claims.settle(from.update), from.task) {
		if t.release(1) {
			m.settle(t)
		}
	}
}
