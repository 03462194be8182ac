package ingest

import (
	"context"
	"fmt"
)

// deliver sends batches until there are no more, or until one of another
// uploader failed; those in flight are then still completed. A row is settled
// when the table accepted it or rejected it for its content. A batch that failed
// stays unsettled, so that none of its objects is done, and the next run sends
// it again.
func (m *mover) deliver(ctx context.Context) error {
	for b := range m.batches {
		if ctx.Err() != nil {
			return nil
		}
		refusals, err := m.job.Table.Deliver(m.working, b.Batch)
		if err != nil {
			return fmt.Errorf("deliver %d findings: %w", b.Len(), err)
		}
		m.tally(func(s *Summary) {
			s.Batches++
			s.Bytes += int64(len(b.Rows))
			s.Findings += b.Len() - len(refusals)
		})
		if len(refusals) == b.Len() {
			if err := m.suspectAll(b, refusals); err != nil {
				return err
			}
		} else {
			m.settleBatch(b, refusals)
			m.settleSuspects()
		}
		m.packer.reuse(b)
	}
	return nil
}

// settleBatch settles the rows of a batch of which some were accepted.
func (m *mover) settleBatch(b *batch, refusals []Refusal) {
	refused := make(map[int]string, len(refusals))
	for _, refusal := range refusals {
		refused[refusal.Row] = refusal.Reason
	}
	for i, from := range b.from {
		reason, bad := refused[i]
		m.rowSettled(from, reason, bad)
	}
}

// rowSettled notes that a row was accepted, or rejected with a reason, and so
// were the lines that waited for it. What waited for a rejected row is the same
// finding, so it is quarantined once.
func (m *mover) rowSettled(from origin, reason string, refused bool) {
	if refused {
		from.task.addQuarantine(from.line, reason, false)
	} else {
		from.task.accepted(from.update)
	}
	for _, o := range append(m.dedupe.settle(from.update), from) {
		switch done, checkpoint := o.task.arrived(o.line); {
		case done:
			m.settle(o.task)
		case checkpoint:
			m.record(o.task, false)
		}
	}
}
