package funchost

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
)

// pump turns one of the handler's output streams into lines.
//
// Its reads never block, so that drain can take what is already in the pipe:
// whatever the handler wrote before it answered is on record before its answer
// is.
type pump struct {
	file *os.File
	raw  syscall.RawConn
	emit func(line string)

	mu   sync.Mutex
	rest []byte
	buf  [32 << 10]byte
}

// newPump returns a pump and the end of its pipe that the handler writes to.
func newPump(emit func(string)) (*pump, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("pipe: %w", err)
	}
	raw, err := r.SyscallConn()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("pipe: %w", err), r.Close(), w.Close())
	}
	return &pump{file: r, raw: raw, emit: emit}, w, nil
}

// close ends run. What the handler writes from now on meets a broken pipe.
func (p *pump) close() {
	_ = p.file.Close() // a read end loses nothing
}

func (p *pump) lines(data []byte) {
	p.rest = append(p.rest, data...)
	for {
		line, rest, found := bytes.Cut(p.rest, []byte("\n"))
		if !found {
			return
		}
		p.emit(strings.TrimSuffix(string(line), "\r"))
		p.rest = rest
	}
}

// flush emits a last line that no newline ended.
func (p *pump) flush() {
	if len(p.rest) > 0 {
		p.emit(string(p.rest))
		p.rest = nil
	}
}
