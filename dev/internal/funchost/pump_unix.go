//go:build !windows

package funchost

import (
	"errors"
	"syscall"
)

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
