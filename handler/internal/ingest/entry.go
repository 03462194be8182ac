package ingest

import (
	"fmt"
	"time"
)

// queue reports whether the task is to be given to the recorder: not when it
// waits there already. With last, its next entry is its last.
func (t *task) queue(last bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = t.ended || last
	was := t.queued
	t.queued = true
	return !was
}

// isEnded reports that the task's next entry is its last.
func (t *task) isEnded() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

// entry is what the ledger records of the task now: that it is done or waits for
// another attempt, or how far it was processed.
func (t *task) entry(now time.Time) Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queued = false
	e := Entry{
		Object:     t.Object,
		WasPending: t.pending != nil,
		Findings:   t.findings,
		Sent:       t.sent,
		Quarantine: t.quarantine,
	}
	if t.ended && t.err == nil {
		return e
	}
	p := Pending{Object: t.Object, Lines: t.settled(), BadLines: t.keptBad, Next: now, Opens: t.opens}
	if p.Lines == t.lines {
		p.BadLines = t.badLines
	}
	if p.Lines > t.kept { // it got further than any process before
		t.opens, p.Opens = 0, 0
	}
	if t.pending != nil {
		p.Attempts, p.Tries, p.Error = t.pending.Attempts, t.pending.Tries, t.pending.Error
	}
	if t.err != nil {
		p.Error = t.err.Error()
	}
	e.Pending = &p
	if !t.ended {
		return e
	}
	p.Opens = 0
	_, refused := t.err.(*refusedError)
	switch {
	case refused:
		p.Tries++
		p.Next = now.Add(wait(firstRetry, lastRetry, p.Tries))
	case t.unreadable() && (t.givenUp || p.Attempts+1 >= maxAttempts):
		e.Pending = nil
		e.Quarantine = append(e.Quarantine, Quarantined{
			Reason: fmt.Sprintf("given up after %d attempts: %s", p.Attempts+1, p.Error)})
	case t.unreadable():
		p.Attempts++
		p.Next = now.Add(wait(firstRetry, lastRetry, p.Attempts))
	}
	return e
}

// opening is what the ledger records before a careful run opens the object.
func (t *task) opening(now time.Time) Entry {
	p := Pending{Object: t.Object, Next: now}
	if t.pending != nil {
		p = *t.pending
	}
	p.Opens = t.opens + 1
	return Entry{Object: t.Object, WasPending: t.pending != nil, Pending: &p}
}

// written notes that an entry is in the ledger. It reports whether it was the
// task's last.
func (t *task) written(e Entry) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent, t.quarantine = t.sent[len(e.Sent):], t.quarantine[min(len(e.Quarantine), len(t.quarantine)):]
	t.pending = e.Pending
	if e.Pending != nil {
		t.kept, t.keptBad = e.Pending.Lines, e.Pending.BadLines
	}
	if t.checkpointed != nil {
		close(t.checkpointed)
		t.checkpointed = nil
	}
	t.recorded = t.ended && !t.queued && !t.stopped() // the next run continues one that was stopped
	return t.recorded
}
