package ingest

import (
	"errors"
	"sync"

	"guardduty-sentinel/handler/internal/guardduty"
)

const (
	// maxPairRows is the most rows of one pair that a run sends. It is far above
	// what an export writes: GuardDuty merges what repeats, and exports every five
	// minutes at most.
	maxPairRows = 1_000_000
	// accountPairs is how many pairs at their ceiling an account may have: whoever
	// writes into its folder can make up Regions.
	accountPairs = 10
)

// errCapped ends the reading of an object whose pair has reached its ceiling. A
// later run continues.
var errCapped = errors.New("the account and Region reached their ceiling in this run")

// ceiling bounds what a run sends of one pair, and of one account: the rows are
// paid for, and who writes into one account's folder should not decide how much.
type ceiling struct {
	bytes int64 // of rows of a pair

	mu      sync.Mutex
	sent    map[string]amount // by pair, and by account
	backlog map[string]bool   // pairs that have half of it, since the other half is for their backlog
}

// amount is what was sent.
type amount struct{ rows, bytes int64 }

// add counts a row of a pair.
func (c *ceiling) add(pair guardduty.Pair, row int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent == nil {
		c.sent = make(map[string]amount)
	}
	for _, of := range [2]string{string(pair), pair.Account()} {
		was := c.sent[of]
		c.sent[of] = amount{was.rows + 1, was.bytes + int64(row)}
	}
}

// reached reports whether no more of a pair is sent in this run.
func (c *ceiling) reached(pair guardduty.Pair) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	is := func(of string, halves int64) bool {
		sent := c.sent[of]
		return 2*sent.rows >= halves*maxPairRows || 2*sent.bytes >= halves*c.bytes
	}
	own := int64(2)
	if c.backlog[string(pair)] {
		own = 1
	}
	return is(string(pair), own) || is(pair.Account(), 2*accountPairs)
}

// share leaves half of the ceiling of these pairs to their backlogs, until it is
// called with none.
func (c *ceiling) share(pairs map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.backlog = pairs
}
