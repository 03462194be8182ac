package ingest

import "time"

// The tests' ledger is told of progress often, so that small objects and short
// runs show it.
func init() { keepEvery, recordDelay = 20, 2*time.Millisecond }

// SetLeaseTTL changes how long a lease lasts, until undo.
func SetLeaseTTL(d time.Duration) (undo func()) {
	was := leaseTTL
	leaseTTL = d
	return func() { leaseTTL = was }
}
