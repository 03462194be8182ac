package ingest

import "time"

// CheckpointEvery is checkpointEvery in the tests: their checkpoints are
// frequent, so that small objects and short runs show them.
const CheckpointEvery = 20

func init() { checkpointEvery, recordDelay = CheckpointEvery, 2*time.Millisecond }

// LeaseTTL and StopGrace are the times that a run keeps to.
const (
	LeaseTTL  = leaseTTL
	StopGrace = stopGrace
)
