package ingest

import (
	"errors"
	"fmt"
)

// maxSuspects is the number of rejected rows, none accepted since, at which a
// run gives up.
const maxSuspects = 1000

// ErrAllRefused says that the table rejected every row it was given, or every
// one for a while: then the table's definition is at fault, and not the rows.
var ErrAllRefused = errors.New("the table refused every row")

// suspect is a rejected row; it is not yet known whether the row or the table's
// definition is at fault.
type suspect struct {
	origin
	reason string
}

// suspectAll keeps a batch that was rejected whole until the table accepts
// another row, or the window ends.
func (m *mover) suspectAll(b *batch, refusals []Refusal) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, refusal := range refusals {
		m.suspects = append(m.suspects, suspect{b.from[refusal.Row], refusal.Reason})
	}
	if len(m.suspects) > maxSuspects {
		return m.refusedAll()
	}
	return nil
}

func (m *mover) refusedAll() error {
	return fmt.Errorf("%w: %s", ErrAllRefused, m.suspects[0].reason)
}

// allRefused is the error of a run whose rows were all rejected, and nil where
// the table has accepted any. It is called with the lock held.
func (m *mover) allRefused() error {
	if len(m.suspects) == 0 || m.s.Findings > 0 {
		return nil
	}
	return m.refusedAll()
}

// settleSuspects quarantines the suspects when the table has accepted other
// rows in this run.
func (m *mover) settleSuspects() {
	m.mu.Lock()
	suspects := m.suspects
	if m.s.Findings == 0 {
		suspects = nil
	} else {
		m.suspects = nil
	}
	m.mu.Unlock()
	for _, s := range suspects {
		m.rowSettled(s.origin, s.reason, true)
	}
}
