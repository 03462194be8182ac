package ingest

import (
	"errors"
	"fmt"
)

// maxDoubted is the number of refused rows, none accepted since, at which a run
// gives up.
const maxDoubted = 1000

// ErrAllRefused says that the table refused every row it was given, or every
// one since some time: then it is the table's definition, and not the rows.
var ErrAllRefused = errors.New("the table refused every row")

// doubted is a refused row of which it is not known yet whose fault it is.
type doubted struct {
	origin
	reason string
}

// doubt keeps a batch that was refused whole until the table accepts another
// row, or the window is over.
func (m *mover) doubt(b *batch, refusals []Refusal) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, refusal := range refusals {
		m.doubts = append(m.doubts, doubted{b.from[refusal.Row], refusal.Reason})
	}
	if len(m.doubts) > maxDoubted {
		return m.refusedAll()
	}
	return nil
}

func (m *mover) refusedAll() error {
	return fmt.Errorf("%w: %s", ErrAllRefused, m.doubts[0].reason)
}

// allRefused is the error of a run whose rows were all refused, and nil where
// the table has accepted any. It is called with the lock held.
func (m *mover) allRefused() error {
	if len(m.doubts) == 0 || m.s.Findings > 0 {
		return nil
	}
	return m.refusedAll()
}

// settleDoubts sets the doubted rows aside when the table has accepted others
// in this run.
func (m *mover) settleDoubts() {
	m.mu.Lock()
	doubts := m.doubts
	if m.s.Findings == 0 {
		doubts = nil
	} else {
		m.doubts = nil
	}
	m.mu.Unlock()
	for _, d := range doubts {
		m.rowSettled(d.origin, d.reason, true)
	}
}
