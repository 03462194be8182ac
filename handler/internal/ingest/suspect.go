package ingest

import (
	"errors"
	"fmt"
	"sync"
)

// Bounds on the suspects of a run: beyond, the table is at fault.
const (
	maxSuspects     = 1000
	maxSuspectBytes = 8 << 20
)

// ErrAllRefused says that the table rejected every row it was given, or every
// one for a while: then the table's definition is at fault, and not the rows.
var ErrAllRefused = errors.New("the table refused every row")

// suspect is a rejected row; it is not yet known whether the row or the table's
// definition is at fault.
type suspect struct {
	origin
	reason string
	row    []byte
	call   int // the last call that had begun when it was refused
}

// suspects are the rejected rows of a run. The table is known to work when a
// call that began after a row was refused has accepted another row: only then
// may the row be at fault.
type suspects struct {
	mu       sync.Mutex
	list     []suspect
	bytes    int
	calls    int  // begun
	works    int  // the last begun of the calls that accepted something
	accepted bool // something in this run
}

// begin numbers a call of the table.
func (s *suspects) begin() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	return s.calls
}

// works notes that the call accepted something. It returns the suspects that
// were refused before the call began.
func (s *suspects) accept(call int) (proven []suspect) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.works, s.accepted = max(s.works, call), true
	var open []suspect
	for _, one := range s.list {
		if one.call < s.works {
			proven = append(proven, one)
			s.bytes -= len(one.row)
		} else {
			open = append(open, one)
		}
	}
	s.list = open
	return proven
}

// add keeps rows that were refused. Its error says that the table is at fault.
func (s *suspects) add(rows []suspect) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range rows {
		one.call = s.calls
		one.row = append([]byte(nil), one.row...)
		s.bytes += len(one.row)
		s.list = append(s.list, one)
	}
	if len(s.list) > maxSuspects || s.bytes > maxSuspectBytes {
		return fmt.Errorf("%w: %s", ErrAllRefused, s.list[0].reason)
	}
	return nil
}

// take returns all suspects and keeps none.
func (s *suspects) take() []suspect {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.list
	s.list, s.bytes = nil, 0
	return list
}

// any reports whether the table accepted anything in this run.
func (s *suspects) any() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}
