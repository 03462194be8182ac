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

// run reads until the stream ends or close is called.
func (p *pump) run() {
	// The error says that the pipe was closed, which is how a pump ends.
	_ = p.raw.Read(p.take)
}

// drain takes what has been written so far, without waiting for more.
func (p *pump) drain() {
	// The error says that the pipe was closed: nothing is left to take.
	_ = p.raw.Control(func(fd uintptr) { p.take(fd) })
}

// close ends run. What the handler writes from now on meets a broken pipe.
func (p *pump) close() {
	_ = p.file.Close() // a read end loses nothing
}

// take reads until the pipe is empty, and says whether the stream has ended.
func (p *pump) take(fd uintptr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		n, err := syscall.Read(int(fd), p.buf[:])
		switch {
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return false
		case err != nil || n <= 0:
			p.flush()
			return true
		default:
			p.lines(p.buf[:n])
		}
	}
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
