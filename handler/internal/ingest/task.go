package ingest

import (
	"strings"
	"sync"
	"time"
)

// task is one object on its way through a run.
type task struct {
	Object  Object
	pending *Pending // from an earlier run; nil for a new object

	recorded bool // written by the recorder, read when the run's goroutines have ended

	mu         sync.Mutex
	open       int // rows in flight, and one more while the object is read
	lines      int // lines read, all of whose rows are in flight or accepted
	findings   int
	sent       []Update
	quarantine []Quarantined
	badLines   int
	err        error // why the reading ended early, in a passing way
}

// Limits on what one object may put into quarantine and on how often it is
// tried. Spacing grows from firstRetry, twofold each time, up to lastRetry:
// the attempts span about a day and a half.
const (
	maxLineRows = 100
	maxBadLines = 10_000_000 // then the object is given up; they take some ten seconds
	maxReason   = 500        // bytes: a reason may name a finding by its id, however long
	maxAttempts = 12
	firstRetry  = 5 * time.Minute
	lastRetry   = 6 * time.Hour
)

// skip returns the number of lines whose findings were accepted before.
func (t *task) skip() int {
	if t.pending == nil {
		return 0
	}
	return t.pending.Lines
}

// restart forgets the lines of earlier attempts: another version stands there.
func (t *task) restart() {
	if t.pending != nil {
		p := *t.pending
		p.Lines, t.pending = 0, &p
	}
}

// begin counts the reading as in flight.
func (t *task) begin() {
	t.mu.Lock()
	t.open++
	t.mu.Unlock()
}

// found counts a finding, and rows of it as in flight.
func (t *task) found(rows int) {
	t.mu.Lock()
	t.findings++
	t.open += rows
	t.mu.Unlock()
}

// accepted notes an update that the table has.
func (t *task) accepted(u Update) {
	t.mu.Lock()
	t.sent = append(t.sent, u)
	t.mu.Unlock()
}

// release counts n rows, or the reading, as settled. It reports true exactly
// once: when nothing is in flight any more.
func (t *task) release(n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open -= n
	return t.open == 0
}

// setAside adds a line, or with line 0 the object, to the quarantine. Of lines
// that cannot be parsed the first maxLineRows are kept one by one and the rest
// counted; a refused finding is always kept.
func (t *task) setAside(line int, reason string, unreadable bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if unreadable {
		if t.badLines++; t.badLines > maxLineRows {
			return
		}
	}
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "..."
	}
	t.quarantine = append(t.quarantine, Quarantined{Line: line, Reason: reason})
}

// keepSent makes a task whose delivery failed one that was stopped before its
// first line, when some of its findings were accepted: the record of those
// keeps the next run from sending them again.
func (t *task) keepSent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == 0 || len(t.sent) == 0 {
		return false
	}
	t.lines, t.err = 0, errStopped
	return true
}

// entry is the record of a task with nothing in flight.
func (t *task) entry(now time.Time) Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := Entry{Object: t.Object, WasPending: t.pending != nil, Findings: t.findings, Sent: t.sent, Quarantine: t.quarantine}
	if t.err == nil {
		return e
	}
	next := Pending{Object: t.Object, Lines: max(t.lines, t.skip()), Error: t.err.Error(), Next: now}
	if t.pending != nil {
		next.Attempts = t.pending.Attempts
	}
	if t.err != errStopped { // being stopped is nobody's failure
		next.Attempts++
		next.Next = now.Add(retryAfter(next.Attempts))
	}
	if next.Attempts >= maxAttempts {
		e.Quarantine = append(e.Quarantine, Quarantined{Line: 0, Reason: "given up after the last of its attempts: " + next.Error})
		return e
	}
	e.Pending = &next
	return e
}

// retryAfter is the wait after the n-th failed attempt.
func retryAfter(n int) time.Duration {
	wait := firstRetry
	for range n - 1 {
		if wait *= 2; wait >= lastRetry {
			return lastRetry
		}
	}
	return wait
}
