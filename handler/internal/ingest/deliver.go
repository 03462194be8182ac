package ingest

import (
	"context"
	"errors"
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
		if len(refusals) == b.Len() {
			if err := m.doubt(b, refusals); err != nil {
				return err
			}
		} else {
			m.settleBatch(b, refusals)
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

// maxDoubted is the number of refused rows, none accepted beside them, at which
// a run gives up.
const maxDoubted = 1000

// ErrAllRefused says that the table refused every row it was given: then it is
// the table's definition, and not the rows.
var ErrAllRefused = errors.New("the table refused every row")

// doubted is a refused row of which it is not known yet whose fault it is.
type doubted struct {
	origin
	reason string
}

// doubt keeps a batch that was refused whole until the table has accepted
// something else, or the run is over.
func (m *mover) doubt(b *batch, refusals []Refusal) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, refusal := range refusals {
		m.doubts = append(m.doubts, doubted{b.from[refusal.Row], refusal.Reason})
	}
	if m.s.Findings == 0 && len(m.doubts) > maxDoubted {
		return fmt.Errorf("%w: %s", ErrAllRefused, refusals[0].Reason)
	}
	return nil
}

// settleDoubts sets the doubted rows aside when the table has accepted others
// in this run. In the end of a run in which it has accepted none, the run fails
// and keeps them all.
func (m *mover) settleDoubts(last bool) error {
	m.mu.Lock()
	doubts, accepted := m.doubts, m.s.Findings > 0
	m.mu.Unlock()
	switch {
	case len(doubts) == 0:
	case accepted:
		for _, d := range doubts {
			m.rowSettled(d.origin, d.reason, true)
		}
		m.doubts = nil
	case last:
		return fmt.Errorf("%w: %s", ErrAllRefused, doubts[0].reason)
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
