package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	readyWithin = 10 * time.Second
	stopWithin  = 30 * time.Second
	logWithin   = 10 * time.Second
)

// process is a running handler.
type process struct {
	cmd    *exec.Cmd
	url    string
	began  time.Time
	ended  chan struct{} // closed when it has ended, and err is set
	err    error
	output *output
}

// launch starts a handler. The caller must stop it; should this program be
// killed, the handler notices and ends, as it does without its host.
func launch(handler string, environ []string) (*process, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
	if err := ln.Close(); err != nil {
		return nil, err
	}
	p := &process{
		cmd:    exec.Command(handler),
		url:    "http://127.0.0.1:" + port,
		ended:  make(chan struct{}),
		output: &output{runs: make(chan runEnded, 1)},
	}
	p.cmd.Env = append(environ, "FUNCTIONS_CUSTOMHANDLER_PORT="+port)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the handler: %w", err)
	}
	go func() { p.err = p.cmd.Wait(); close(p.ended) }()
	return p, nil
}

// answered waits for the first answer and returns how long it took from the
// start of the process.
func (p *process) answered(ctx context.Context) (time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: readyWithin}
	tick := time.NewTicker(500 * time.Microsecond)
	defer tick.Stop()
	for {
		resp, err := client.Get(p.url)
		took := time.Since(p.began)
		if err == nil {
			return took, resp.Body.Close()
		}
		if took > readyWithin {
			return took, fmt.Errorf("the handler does not answer: %w: %s", err, p.output)
		}
		select {
		case <-p.ended:
			return took, fmt.Errorf("the handler ended (%w): %s", errors.Join(p.err, io.EOF), p.output)
		case <-ctx.Done():
			return took, ctx.Err()
		case <-tick.C:
		}
	}
}

// invocation is one run as its host sees it, and as its own log tells it.
type invocation struct {
	took time.Duration
	runEnded
}

// invoke makes one run, which must succeed.
func (p *process) invoke(ctx context.Context) (invocation, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/GuardDutyTimer",
		strings.NewReader(`{"Data":{"timer":{"IsPastDue":false}},"Metadata":{}}`))
	if err != nil {
		return invocation{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	began := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return invocation{}, fmt.Errorf("invoke: %w: %s", err, p.output)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	inv := invocation{took: time.Since(began)}
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return inv, fmt.Errorf("invoke: %w", err)
	}
	select {
	case inv.runEnded = <-p.output.runs:
	case <-time.After(logWithin):
		return inv, fmt.Errorf("the handler does not say how the run ended: %s", p.output)
	}
	if resp.StatusCode != http.StatusOK || inv.Code != "" {
		return inv, fmt.Errorf("the run failed: %s: %s", resp.Status, p.output)
	}
	return inv, nil
}

// stop tells the process to end, as Ctrl-C does, and waits until it has: after
// SIGTERM it would ask for another handler by its exit code.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.ended:
		return p.err
	case <-time.After(stopWithin):
		err := p.cmd.Process.Kill()
		<-p.ended
		return errors.Join(err, errors.New("the handler had to be killed"))
	}
}

// runEnded is what is read of the line at the end of every run.
type runEnded struct {
	Outcome string  `json:"outcome"`
	Code    string  `json:"code"`
	Seconds float64 `json:"duration_seconds"`
}

// output takes the handler's lines: it keeps the last of them for errors, and
// passes on what runs tell at their end. Only an os/exec copier writes to it.
type output struct {
	runs chan runEnded

	mu   sync.Mutex
	tail []byte
	line []byte
}

const tailSize = 4096

// Write takes whole lines out of what it gets.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail = bytes.Clone(append(o.tail, p...)[max(0, len(o.tail)+len(p)-tailSize):])
	o.line = append(o.line, p...)
	for {
		line, rest, whole := bytes.Cut(o.line, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		var entry struct {
			Message string `json:"msg"`
			runEnded
		}
		if json.Unmarshal(line, &entry) == nil && entry.Message == "run ended" {
			select {
			case o.runs <- entry.runEnded:
			default: // the bench did not ask for that run
			}
		}
		o.line = bytes.Clone(rest)
	}
}

// String is the last output, in one line.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(strings.Fields(string(o.tail)), " ")
}
