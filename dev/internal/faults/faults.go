// Package faults makes a stand-in fail the way a script says.
//
// A fault names the requests it is for by method and path, lets the first
// Skip of them pass and strikes the next Times. Faults are asked in the order
// in which they were added, and each counts only the requests that reach it:
// "429 twice, then 500" is two faults. Nothing depends on the clock or on
// chance, so requests in a known order always fail alike.
//
// A client may repeat a request on its own before its caller sees the fault:
// azcore does for most errors and statuses, and net/http does for a GET whose
// connection was in use before and is cut without an answer.
package faults

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"
)

// Values of Fault.Drop.
const (
	// DropBefore cuts the connection before the server has acted.
	DropBefore = "before"
	// DropAfter lets the server act and cuts the connection before the answer.
	DropAfter = "after"
)

// Fault is one fault and the requests it is for. It has a Status, a Drop or
// neither; with neither, the request is late by Delay and otherwise served.
type Fault struct {
	// Method is the method of the requests; empty stands for any.
	Method string `json:"method,omitempty"`
	// Path is how their paths start; empty stands for any.
	Path string `json:"path,omitempty"`
	// Skip is how many requests pass before the fault strikes.
	Skip int `json:"skip,omitempty"`
	// Times is how many requests it strikes: 0 stands for one, and a negative
	// number for all.
	Times int `json:"times,omitempty"`
	// Status is the status to answer with, in place of the server.
	Status int `json:"status,omitempty"`
	// Header goes with Status, such as Retry-After.
	Header map[string]string `json:"header,omitempty"`
	// Body goes with Status.
	Body string `json:"body,omitempty"`
	// Delay comes before everything else and ends early when the client goes.
	// In JSON it is text such as "1.5s".
	Delay time.Duration `json:"-"`
	// Drop is DropBefore, DropAfter or empty. On HTTP/2, which shares a
	// connection between requests, the request's own stream is cut.
	Drop string `json:"drop,omitempty"`
}

// check says what is wrong with f.
func (f Fault) check() error {
	switch {
	case f.Skip < 0:
		return fmt.Errorf("fault: skip %d is negative", f.Skip)
	case f.Delay < 0:
		return fmt.Errorf("fault: delay %v is negative", f.Delay)
	case f.Drop != "" && f.Drop != DropBefore && f.Drop != DropAfter:
		return fmt.Errorf("fault: drop %q is neither %q nor %q", f.Drop, DropBefore, DropAfter)
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("fault: status %d is not from 200 to 599", f.Status)
	case f.Status != 0 && f.Drop != "":
		return fmt.Errorf("fault: status %d can not be sent on a dropped connection", f.Status)
	case f.Status == 0 && (f.Body != "" || len(f.Header) != 0):
		return fmt.Errorf("fault: body and header need a status")
	case f.Status == 0 && f.Drop == "" && f.Delay == 0:
		return fmt.Errorf("fault: no status, no drop and no delay: nothing would happen")
	}
	return nil
}

func (f Fault) matches(method, path string) bool {
	return (f.Method == "" || f.Method == method) && strings.HasPrefix(path, f.Path)
}

// Script is a list of faults and how far each has come. The zero Script has
// none. It is safe for concurrent use, and one Script may wrap many handlers.
type Script struct {
	mu    sync.Mutex
	steps []*step
	fired int
}

type step struct {
	Fault
	skip, left int // left is negative where the fault never ends
}

// Add appends f, or says why f makes no sense.
func (s *Script) Add(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	f.Header = maps.Clone(f.Header)
	left := f.Times
	if left == 0 {
		left = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, &step{Fault: f, skip: f.Skip, left: left})
	return nil
}

// Reset removes all faults and sets the count of Fired to 0.
func (s *Script) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps, s.fired = nil, 0
}

// Fired returns how many requests have met a fault.
func (s *Script) Fired() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fired
}

// next returns the fault that strikes a request, if one does.
func (s *Script) next(method, path string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.steps {
		if st.left == 0 || !st.matches(method, path) {
			continue
		}
		if st.skip > 0 {
			st.skip--
			continue
		}
		if st.left > 0 {
			st.left--
		}
		s.fired++
		return st.Fault, true
	}
	return Fault{}, false
}
