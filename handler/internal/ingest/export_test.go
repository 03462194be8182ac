package ingest

import "time"

// CheckpointEvery is checkpointEvery in the tests: their checkpoints are
// frequent, so that small objects and short runs show them.
const CheckpointEvery = 20

func init() { checkpointEvery, recordDelay = CheckpointEvery, 2*time.Millisecond }

// SetLeaseTTL changes how long a lease lasts, until undo.
func SetLeaseTTL(d time.Duration) (undo func()) {
	was := leaseTTL
	leaseTTL = d
	return func() { leaseTTL = was }
}
