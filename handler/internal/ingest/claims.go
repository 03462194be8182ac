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

// claim is one update on its way. A task that meets it waits for it: its object
// is not recorded before the finding is accepted.
type claim struct{ waiting []*task }

// newClaims returns the claims with the updates that were sent before.
func newClaims(sent map[Update]struct{}) *claims {
	return &claims{sent: sent, now: make(map[Update]*claim), accepted: &claim{}}
}

// turn begins a window. Nothing may be on its way.
func (c *claims) turn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.before = make(map[Update]*claim), c.now
}

// take claims the update for the task. It is false when another row carries it
// already; then the task has been made to wait for that row if need be.
func (c *claims) take(u Update, t *task) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.now[u]
	if known == nil {
		known = c.before[u]
	}
	if _, sent := c.sent[u]; sent {
		known = c.accepted
	}
	switch known {
	case nil:
		c.now[u] = &claim{}
		return true
	case c.accepted:
		t.found(0)
	default:
		known.waiting = append(known.waiting, t)
		t.found(1)
	}
	return false
}

// settle notes that the update's row was accepted, or refused for good, and
// returns the tasks that waited for it.
func (c *claims) settle(u Update) []*task {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.now[u]
	if known == nil {
		known = c.before[u] // a row of which the window before was in doubt
	}
	c.now[u] = c.accepted
	if known == nil {
		return nil
	}
	return known.waiting
}
