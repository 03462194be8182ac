package ingestion

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxCalls bounds the calls that are kept one by one.
const maxCalls = 1_000_000

// store holds what was accepted. Its owner locks.
type store struct {
	keep, kept int // bytes of rows in memory: bound, and now
	rows       [][]byte
	calls      []Call
	stats      Stats
	file       *os.File
}

func (st *store) open(path string) (err error) {
	st.file, err = os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return err
}

func (st *store) close() error {
	if st.file == nil {
		return nil
	}
	return st.file.Close()
}

// add writes the rows to the file first: where that fails, nothing was taken.
func (st *store) add(call Call, rows [][]byte) error {
	if err := st.write(rows); err != nil {
		return err
	}
	for _, row := range rows {
		// Once a row has found no room, none after it is kept: what is in
		// memory is the beginning of what came, without gaps.
		if st.stats.Unkept > 0 || st.kept+len(row) > st.keep {
			st.stats.Unkept++
			continue
		}
		st.kept += len(row)
		st.rows = append(st.rows, bytes.Clone(row))
	}
	st.total(call)
	return nil
}

// total adds a call to the totals.
func (st *store) total(call Call) {
	if len(st.calls) < maxCalls {
		st.calls = append(st.calls, call)
	}
	st.stats.Calls++
	st.stats.Rows += call.Rows
	st.stats.Bytes += call.Bytes
	st.stats.Compressed += call.Compressed
}

// write appends one line a row: the row's own bytes, or where these hold an
// end of line between two values, the same without white space.
func (st *store) write(rows [][]byte) error {
	if st.file == nil {
		return nil
	}
	var lines bytes.Buffer
	for _, row := range rows {
		if !bytes.ContainsAny(row, "\r\n") {
			lines.Write(row)
		} else if err := json.Compact(&lines, row); err != nil {
			return fmt.Errorf("row: %w", err)
		}
		lines.WriteByte('\n')
	}
	end, err := st.file.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("rows: %w", err)
	}
	if _, err := st.file.Write(lines.Bytes()); err != nil {
		return fmt.Errorf("rows: %w", errors.Join(err, st.file.Truncate(end)))
	}
	return nil
}

func (st *store) reset() error {
	st.rows, st.calls, st.kept, st.stats = nil, nil, 0, Stats{}
	if st.file == nil {
		return nil
	}
	if err := st.file.Truncate(0); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("rows: %w", err)
	}
	return nil
}
