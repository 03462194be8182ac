package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"sync"
)

// tally counts the rows that arrive by the number in their ids. It takes a byte
// a finding, whatever the rows hold.
type tally struct {
	mu    sync.Mutex
	times []uint8
	rows  int
}

func newTally(findings int) *tally { return &tally{times: make([]uint8, findings)} }

// idColumn stands before the id of a row. Within a text of the row its quotes
// would be escaped.
var idColumn = []byte(`"id_g":"`)

// count counts the rows of a body.
func (t *tally) count(body []byte) (rows int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		at := bytes.Index(body, idColumn)
		if at < 0 {
			break
		}
		if body = body[at+len(idColumn):]; len(body) < 8 {
			return rows, errors.New("an id is cut short")
		}
		n, err := strconv.ParseUint(string(body[:8]), 16, 32)
		if err != nil || n >= uint64(len(t.times)) {
			return rows, fmt.Errorf("the id %s is not of this run", body[:8])
		}
		if t.times[n] < 255 {
			t.times[n]++
		}
		rows++
	}
	t.rows += rows
	if rows == 0 {
		err = errors.New("no row has an id")
	}
	return rows, err
}

// arrived is the number of rows so far.
func (t *tally) arrived() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.rows
}

// check says which findings have not arrived exactly once.
func (t *tally) check() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	missing, repeated := 0, 0
	for _, times := range t.times {
		switch {
		case times == 0:
			missing++
		case times > 1:
			repeated++
		}
	}
	if missing+repeated > 0 {
		return fmt.Errorf("of %d findings %d did not arrive and %d arrived more than once", len(t.times), missing,
			repeated)
	}
	return nil
}
