package ingest

import "sync"

// claims knows which updates are accepted or on their way, so that each is sent
// once, whatever objects it comes in. It remembers those of the window that is
// worked off and of the one before: objects further apart than a day are not
// compared, and memory is bounded by two windows.
type claims struct {
	mu       sync.Mutex
	sent     map[Update]struct{} // by earlier runs
	now      map[Update]*claim
	before   map[Update]*claim
	accepted *claim // what all accepted updates share
}

// claim is one update on its way. A line that meets it waits for it: its object
// is not recorded before the finding is accepted.
type claim struct{ waiting []origin }

// newClaims returns the claims with the updates that were sent before.
func newClaims(sent map[Update]struct{}) *claims {
	return &claims{sent: sent, now: make(map[Update]*claim), accepted: &claim{}}
}

// turn begins a window. Nothing is on its way but suspects.
func (c *claims) turn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.before = make(map[Update]*claim), c.now
}

// take claims the update for a line of a task. It is false when another row
// carries it already; then the line waits for that row if need be.
func (c *claims) take(from origin) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.find(from.update)
	if _, sent := c.sent[from.update]; sent {
		known = c.accepted
	}
	switch known {
	case nil:
		c.now[from.update] = &claim{}
		from.task.send(from.line)
		return true
	case c.accepted:
		from.task.found()
	default:
		known.waiting = append(known.waiting, from)
		from.task.send(from.line)
	}
	return false
}

// settle notes that the update's row was accepted, or refused for good, and
// returns the lines that waited for it.
func (c *claims) settle(u Update) []origin {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.find(u)
	c.now[u] = c.accepted
	if known == nil {
		return nil
	}
	return known.waiting
}

// find returns the claim on an update, one of the window before too. It is
// called with the lock held.
func (c *claims) find(u Update) *claim {
	if known := c.now[u]; known != nil {
		return known
	}
	return c.before[u]
}
