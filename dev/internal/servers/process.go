package servers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readyWithin = 5 * time.Minute
	pollEvery   = 25 * time.Millisecond
	stopWithin  = 5 * time.Second
	attempts    = 3 // a port found free can be taken before the server has it
)

// process is a child process.
type process struct {
	name string
	os   *os.Process
	done chan struct{} // closed when it has ended, and err is set
	err  error
	tail *tail
}

// launch starts a program. Its output goes to log (nil: nowhere); the last of
// it is kept for errors.
func launch(log io.Writer, program string, args ...string) (*process, error) {
	p := &process{name: program, done: make(chan struct{}), tail: &tail{next: log}}
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = p.tail, p.tail
	cmd.WaitDelay = stopWithin // should a grandchild hold the output open
	cmd.SysProcAttr = childAttr()
	started := make(chan error)
	go func() {
		// Linux sends the parent-death signal when the thread that started the
		// child ends, so this goroutine keeps its thread as long as the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	p.os = cmd.Process
	return p, nil
}

// stop asks the process to end and makes it end when it does not. It is done
// when it returns; a second call does nothing.
func (p *process) stop() error {
	select {
	case <-p.done:
		return nil
	default:
	}
	if err := p.os.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = p.os.Kill() // no such signal on this system
	}
	late := time.NewTimer(stopWithin)
	defer late.Stop()
	select {
	case <-p.done:
		return nil
	case <-late.C:
	}
	if err := p.os.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.name, err)
	}
	<-p.done
	return nil
}

// ready waits until every URL answers, with whatever status. It is an error
// when the process ends first, or time is up.
func (p *process) ready(ctx context.Context, client *http.Client, urls ...string) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for _, url := range urls {
		for {
			err := answers(ctx, client, url)
			if err == nil {
				break
			}
			select {
			case <-p.done:
				return fmt.Errorf("%s ended early (%w): %s", p.name, errors.Join(p.err, errEnded), p.tail)
			case <-ctx.Done():
				return fmt.Errorf("%s does not answer: %w: %s", p.name, errors.Join(ctx.Err(), err), p.tail)
			case <-poll.C:
			}
		}
	}
	return nil
}

// errEnded marks a server that ended before it was ready.
var errEnded = errors.New("the server is gone")

func answers(ctx context.Context, client *http.Client, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}

// retried calls start until the server is up, a few times when it ended early
// as it does when another process has taken its port.
func retried[T any](start func() (T, error)) (server T, err error) {
	for range attempts {
		if server, err = start(); !errors.Is(err, errEnded) {
			return server, err
		}
	}
	return server, err
}

// freePorts finds n different loopback ports without a listener.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("free port: %w", err)
		}
		defer ln.Close() // not before all are found, so that they differ
		ports = append(ports, ln.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// tail passes a process's output on and keeps the last of it.
type tail struct {
	mu   sync.Mutex
	next io.Writer
	kept []byte
}

const tailSize = 2048

// Write never fails: a log that cannot be written must not stop the server.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	t.kept = bytes.Clone(t.kept[max(0, len(t.kept)-tailSize):])
	if t.next != nil {
		_, _ = t.next.Write(p)
	}
	return len(p), nil
}

// String is the last output, in one line.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(strings.Fields(string(t.kept)), " ")
}
