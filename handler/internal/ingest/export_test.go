package ingest

import "time"

// KeepEvery is keepEvery in the tests: their ledger is told of progress often,
// so that small objects and short runs show it.
const KeepEvery = 20

func init() { keepEvery, recordDelay = KeepEvery, 2*time.Millisecond }

// SetLeaseTTL changes how long a lease lasts, until undo.
func SetLeaseTTL(d time.Duration) (undo func()) {
	was := leaseTTL
	leaseTTL = d
	return func() { leaseTTL = was }
}
