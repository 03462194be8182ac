package ingest

import (
	"errors"
	"sync"

	"guardduty-sentinel/handler/internal/guardduty"
)

// maxPairRows is the most rows of one pair that a run sends. It is far above what
// an export writes: GuardDuty merges what repeats, and exports every five minutes
// at most.
const maxPairRows = 1_000_000

// errCapped ends the reading of an object whose pair has reached its ceiling. A
// later run continues.
var errCapped = errors.New("the account and Region reached their ceiling in this run")

// ceiling bounds what a run sends of one pair: the rows are paid for, and who
// writes into one account's folder should not decide how much.
type ceiling struct {
	bytes int64 // of rows

	mu   sync.Mutex
	sent map[guardduty.Pair]amount
}

// amount is what was sent of a pair.
type amount struct {
	rows  int
	bytes int64
}

// add counts a row of a pair.
func (c *ceiling) add(pair guardduty.Pair, row int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sent == nil {
		c.sent = make(map[guardduty.Pair]amount)
	}
	was := c.sent[pair]
	c.sent[pair] = amount{was.rows + 1, was.bytes + int64(row)}
}

// reached reports whether no more of a pair is sent in this run.
func (c *ceiling) reached(pair guardduty.Pair) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	sent := c.sent[pair]
	return sent.rows >= maxPairRows || sent.bytes >= c.bytes
}
