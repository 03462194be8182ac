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
		for _, refusal := range refusals {
			from := b.from[refusal.Row]
			from.task.setAside(from.line, refusal.Reason, false)
		}
		for _, from := range b.from {
			if from.task.release(1) {
				m.settle(from.task)
			}
		}
		m.packer.reuse(b)
	}
	return nil
}
