package ingest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// task is one object while a run processes it.
type task struct {
	Object Object
	pair   guardduty.Pair
	fresh  bool // not known before this run
	tried  int  // earlier runs in which the table refused a row of it, and took nothing else
	opens  int  // times that a careful run opened it and did not come any further

	// Changed by the recorder, and read by others when it has ended.
	pending  *Pending // its row in the ledger; nil when it has none
	recorded bool     // its last record is written

	mu           sync.Mutex
	restarted    bool // another version is read than the one listed
	reading      bool
	lines        int   // lines read
	flight       []int // lines whose findings are in flight, in ascending order
	kept         int   // of the lines, those that the ledger has as settled
	keptBad      int   // of these, those that could not be read
	findings     int
	sent         []Update      // accepted and not recorded yet
	quarantine   []Quarantined // not recorded yet
	badLines     int           // of all lines read, those of earlier runs too
	err          error         // why the object is read again; it may be errStopped or errCapped
	hole         int           // the first line that was postponed
	givenUp      bool          // what failed is not tried again
	ended        bool          // its last entry is final
	queued       bool          // it waits for the recorder
	checkpointed chan struct{}
}

// Limits on what one object may put into quarantine and on how often it is
// tried. The wait grows from firstRetry, doubling each time, up to lastRetry:
// the attempts span about a day and a half.
const (
	maxLineRows = 100
	maxBadLines = 10_000 // then the object is given up: it is not an export, and costs time that others wait for
	maxReason   = 500    // bytes: a reason may name a finding by its id, however long
	maxAttempts = 12
	firstRetry  = 5 * time.Minute
	lastRetry   = 6 * time.Hour
)

// newTask returns the task of a new object of a pair.
func newTask(o Object, pair guardduty.Pair) *task { return &task{Object: o, pair: pair, fresh: true} }

// taskOf returns the task of a pending object below root.
func taskOf(p *Pending, root string) *task {
	key, _ := guardduty.ParseKey(root, p.Object.Key)
	return &task{
		Object: p.Object, pair: key.Pair, pending: p, kept: p.Lines, keptBad: p.BadLines,
		tried: p.Tries, opens: p.Opens,
	}
}

// failedBefore reports whether the object could not be read, or was refused, when
// it was read last.
func (t *task) failedBefore() bool {
	return t.pending != nil && (t.pending.Attempts > 0 || t.pending.Tries > 0)
}

// begin begins the reading. It returns the number of lines to skip: their
// findings were settled before.
func (t *task) begin() (skip int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reading, t.lines, t.badLines = true, t.kept, t.keptBad
	return t.kept
}

// restart forgets the lines of earlier attempts: another version has the key.
// Its lines are not recorded as settled, because the listed one may come back.
func (t *task) restart() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.restarted, t.lines, t.kept, t.badLines, t.keptBad = true, 0, 0, 0, 0
}

// passed notes that line n was read.
func (t *task) passed(n int) {
	t.mu.Lock()
	t.lines = n
	t.mu.Unlock()
}

// found counts a finding.
func (t *task) found() {
	t.mu.Lock()
	t.findings++
	t.mu.Unlock()
}

// send notes that the finding of a line is in flight, in a row of this task or
// of another.
func (t *task) send(line int) {
	t.mu.Lock()
	t.findings++
	t.flight = append(t.flight, line)
	t.mu.Unlock()
}

// accepted notes an update that the table has.
func (t *task) accepted(u Update) {
	t.mu.Lock()
	t.sent = append(t.sent, u)
	t.mu.Unlock()
}

// arrived notes that a line's finding is settled. It reports whether nothing of
// the object is in flight any more, and whether a checkpoint is due: every so
// many lines.
func (t *task) arrived(line, every int) (done, checkpoint bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.land(line)
	return !t.reading && len(t.flight) == 0, max(t.settled()-t.kept, len(t.sent)) >= every
}

// land takes a line out of those in flight. It is called with the lock held.
func (t *task) land(line int) {
	if t.flight[0] == line {
		t.flight = t.flight[1:]
	} else if i, ok := slices.BinarySearch(t.flight, line); ok {
		t.flight = slices.Delete(t.flight, i, i+1)
	}
}

// postpone leaves a line in flight to a later run, and says why. It reports
// whether nothing of the object is in flight any more.
func (t *task) postpone(line int, why error) (done bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.land(line)
	if t.hole == 0 || line < t.hole {
		t.hole = line
	}
	if t.err == nil {
		t.err = why
	}
	return !t.reading && len(t.flight) == 0
}

// end ends the reading, early when err is set. It reports whether nothing of the
// object is in flight.
func (t *task) end(err error) (done bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reading = false
	if err != nil {
		t.err = err
	}
	return len(t.flight) == 0
}

// giveUp quarantines an object that could not be read without another attempt.
func (t *task) giveUp() {
	t.mu.Lock()
	t.givenUp = true
	t.mu.Unlock()
}

// refusedError says why an object is read again: the table refused a row of it,
// and it is not known whether the row or the table is at fault.
type refusedError struct{ reason string }

func (e *refusedError) Error() string { return "the table refused a row: " + e.reason }

// outcome is how a task with nothing in flight ended.
type outcome int

const (
	ended     outcome = iota // to its end, or as far as this run comes
	failed                   // it could not be read to its end
	untouched                // stopped before anything of it was settled
)

func (t *task) outcome() outcome {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.stopped() && t.settled() == t.kept && len(t.sent) == 0:
		return untouched
	case t.unreadable():
		return failed
	default:
		return ended
	}
}

// unreadable reports whether the object could not be read to its end. It is
// called with the lock held.
func (t *task) unreadable() bool {
	_, refused := t.err.(*refusedError)
	return t.err != nil && !t.stopped() && t.err != errOtherCopy && !refused
}

// stopped reports that a later run continues the object. It is called with the
// lock held.
func (t *task) stopped() bool { return t.err == errStopped || t.err == errCapped }

// settled is the number of leading lines of which every finding is accepted or
// quarantined. It is called with the lock held.
func (t *task) settled() int {
	n := t.lines
	if len(t.flight) > 0 {
		n = t.flight[0] - 1
	}
	if t.hole > 0 {
		n = min(n, t.hole-1)
	}
	if t.restarted {
		n = 0
	}
	return n
}

// backpressure reports that the ledger lags so far behind what was accepted that
// an uploader has to wait, and returns a channel that is closed when the next
// checkpoint is written, one every so many lines.
func (t *task) backpressure(every int) (bool, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.checkpointed == nil {
		t.checkpointed = make(chan struct{})
	}
	return t.queued && len(t.sent) >= 3*every, t.checkpointed
}

// addQuarantine adds a line, or with line 0 the object, to the quarantine. Of lines
// that cannot be parsed the first maxLineRows are kept one by one, the next one
// stands for the rest; a rejected finding is always kept. It returns the number
// of lines that could not be parsed.
func (t *task) addQuarantine(line int, reason string, unreadable bool) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if unreadable {
		switch t.badLines++; {
		case t.badLines == maxLineRows+1:
			reason = "the first of further lines that are not listed one by one: " + reason
		case t.badLines > maxLineRows:
			return t.badLines
		}
	}
	if len(reason) > maxReason {
		reason = strings.ToValidUTF8(reason[:maxReason], "") + "..."
	}
	t.quarantine = append(t.quarantine, Quarantined{Line: line, Reason: reason})
	return t.badLines
}

// readWhole ends the quarantine of an object that was read from line skip to
// its end. One without a single good line is not an export file, which one row
// says.
func (t *task) readWhole(skip int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case skip == 0 && t.badLines > 0 && t.findings == 0 && len(t.quarantine) == min(t.badLines, maxLineRows+1):
		first := t.quarantine[0]
		t.quarantine = []Quarantined{{Reason: fmt.Sprintf(
			"not an export file: none of its %d lines is a finding; line %d: %s",
			t.badLines, first.Line, first.Reason)}}
	case t.badLines > maxLineRows:
		t.quarantine = append(t.quarantine, Quarantined{Lines: t.badLines, Reason: fmt.Sprintf(
			"%d lines could not be read; the first %d are listed one by one", t.badLines, maxLineRows)})
	}
}

// unfinished reports that the table has findings of the object that are not in
// the ledger.
func (t *task) unfinished() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.ended && len(t.sent) > 0
}
