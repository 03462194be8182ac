package ingest

import (
	"errors"
	"slices"
	"sync"
)

// dedupe knows which updates are accepted or in flight, so that each is sent
// once, whatever objects it comes in. It remembers those of the window that is
// being processed and of the one before, and those in flight as long as they
// are: objects further apart than a day are not compared. Of a window of very
// many updates it forgets the oldest.
type dedupe struct {
	mu      sync.Mutex
	sent    map[Update]struct{} // by earlier runs
	now     map[Update]*claim
	before  map[Update]*claim
	done    *claim // stands for every update that was accepted
	settled int    // in now
}

// maxSettled is the most updates that are remembered as accepted or refused in
// now, and as many in before. Each takes some 40 bytes of memory.
const maxSettled = 150_000

// claim is one update that was read. While it is in flight, a line with the same
// update waits for it: its object is not recorded before the finding is
// accepted.
type claim struct {
	waiting  []origin
	rejected bool
	first    *task  // of the first line
	sum      uint64 // of that, or of the line that was rejected
}

// maxWaiting is how many lines wait for one update. A line beyond it is sent.
const maxWaiting = 1000

// covers reports whether a line needs not wait: the same line of its object does,
// and is read again together with it.
func (c *claim) covers(from origin) bool {
	if c.first == from.task && c.sum == from.sum {
		return true
	}
	return slices.ContainsFunc(c.waiting, func(o origin) bool { return o.task == from.task && o.sum == from.sum })
}

// errOtherCopy says why an object is read again: another line with the same
// update was refused, and this one may not be.
var errOtherCopy = errors.New("a different line with the same finding was refused")

// newDedupe starts with the updates that earlier runs sent.
func newDedupe(sent map[Update]struct{}) *dedupe {
	return &dedupe{sent: sent, now: make(map[Update]*claim), done: &claim{}}
}

// know adds updates that earlier runs sent. Where these would be too many, it
// forgets those it knew.
func (d *dedupe) know(sent map[Update]struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.sent)+len(sent) > MaxSent {
		d.sent = sent
		return
	}
	for u := range sent {
		d.sent[u] = struct{}{}
	}
}

// nextWindow begins a window.
func (d *dedupe) nextWindow() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn()
}

// turn begins to forget what is in before. It is called with the lock held.
func (d *dedupe) turn() {
	next := make(map[Update]*claim)
	for _, window := range []map[Update]*claim{d.before, d.now} {
		for u, c := range window {
			if c != d.done && !c.rejected {
				next[u] = c
			}
		}
	}
	d.now, d.before, d.settled = next, d.now, 0
}

// first reports whether a line is the first with its update. Where it is not,
// the line is a duplicate, and waits for the first one's row if that is still
// in flight.
func (d *dedupe) first(from origin) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.find(from.update)
	if _, sent := d.sent[from.update]; sent {
		known = d.done
	}
	switch {
	case known == nil, known.rejected && known.sum != from.sum:
		d.now[from.update] = &claim{first: from.task, sum: from.sum}
		from.task.send(from.line)
		return true
	case known == d.done, known.rejected, known.covers(from):
		from.task.found()
	case len(known.waiting) >= maxWaiting:
		from.task.send(from.line)
		return true
	default:
		known.waiting = append(known.waiting, from)
		from.task.send(from.line)
	}
	return false
}

// accept notes that the update's row was accepted, and returns the lines that
// waited for it.
func (d *dedupe) accept(u Update) []origin { return d.end(u, d.done) }

// reject notes that a line's row was refused for good, and returns the lines
// that waited for it.
func (d *dedupe) reject(from origin) []origin {
	return d.end(from.update, &claim{rejected: true, sum: from.sum})
}

// forget gives an update up that is read again later, and returns the lines
// that waited for it.
func (d *dedupe) forget(from origin) []origin { return d.end(from.update, nil) }

func (d *dedupe) end(u Update, with *claim) []origin {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.find(u)
	delete(d.before, u)
	if with == nil {
		delete(d.now, u)
	} else {
		d.now[u] = with
		if d.settled++; d.settled == maxSettled {
			d.turn()
		}
	}
	if known == nil {
		return nil
	}
	return known.waiting
}

// find returns the claim of an update, of the window before too. It is called
// with the lock held.
func (d *dedupe) find(u Update) *claim {
	if known := d.now[u]; known != nil {
		return known
	}
	return d.before[u]
}
