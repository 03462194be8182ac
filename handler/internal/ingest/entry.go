package ingest

import "time"

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
	p := Pending{Object: t.Object, Lines: t.settled(), Next: now}
	if t.pending != nil {
		p.Attempts, p.Error = t.pending.Attempts, t.pending.Error
	}
	if t.err != nil {
		p.Error = t.err.Error()
	}
	if t.ended && t.err != errStopped { // a stop does not count as a failed attempt
		p.Attempts++
		p.Next = now.Add(retryAfter(p.Attempts))
	}
	if p.Attempts >= maxAttempts {
		e.Quarantine = append(e.Quarantine, Quarantined{Reason: "given up after the last of its attempts: " + p.Error})
		return e
	}
	e.Pending = &p
	return e
}

// written notes that an entry is in the ledger. It reports whether it was the
// task's last.
func (t *task) written(e Entry) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent, t.quarantine = t.sent[len(e.Sent):], t.quarantine[min(len(e.Quarantine), len(t.quarantine)):]
	t.pending = e.Pending
	if e.Pending != nil {
		t.kept = e.Pending.Lines
	}
	if t.checkpointed != nil {
		close(t.checkpointed)
		t.checkpointed = nil
	}
	t.recorded = t.ended && !t.queued && t.err != errStopped // the next run continues one that was stopped
	return t.recorded
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
