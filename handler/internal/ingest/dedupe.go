package ingest

import "sync"

// dedupe knows which updates are accepted or in flight, so that each is sent
// once, whatever objects it comes in. It remembers those of the window that is
// being processed and of the one before: objects further apart than a day are
// not compared, and memory is bounded by two windows.
type dedupe struct {
	mu       sync.Mutex
	sent     map[Update]struct{} // by earlier runs
	now      map[Update]*inFlight
	before   map[Update]*inFlight
	accepted *inFlight // stands for every update that was accepted
}

// inFlight is one update in flight. A line with the same update waits for it:
// its object is not recorded before the finding is accepted.
type inFlight struct{ waiting []origin }

// newDedupe starts with the updates that earlier runs sent.
func newDedupe(sent map[Update]struct{}) *dedupe {
	return &dedupe{sent: sent, now: make(map[Update]*inFlight), accepted: &inFlight{}}
}

// nextWindow begins a window. Only suspects are in flight then.
func (d *dedupe) nextWindow() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now, d.before = make(map[Update]*inFlight), d.now
}

// first reports whether a line is the first with its update. Where it is not,
// the line is a duplicate, and waits for the first one's row if that is still
// in flight.
func (d *dedupe) first(from origin) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.find(from.update)
	if _, sent := d.sent[from.update]; sent {
		known = d.accepted
	}
	switch known {
	case nil:
		d.now[from.update] = &inFlight{}
		from.task.send(from.line)
		return true
	case d.accepted:
		from.task.found()
	default:
		known.waiting = append(known.waiting, from)
		from.task.send(from.line)
	}
	return false
}

// settle notes that the update's row was accepted, or refused for good, and
// returns the lines that waited for it.
func (d *dedupe) settle(u Update) []origin {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.find(u)
	d.now[u] = d.accepted
	if known == nil {
		return nil
	}
	return known.waiting
}

// find returns the update in flight, of the window before too. It is called
// with the lock held.
func (d *dedupe) find(u Update) *inFlight {
	if known := d.now[u]; known != nil {
		return known
	}
	return d.before[u]
}
