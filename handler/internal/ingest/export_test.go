package ingest

import "time"

// CheckpointEvery is checkpointLines in the tests: their checkpoints are
// frequent, so that small objects and short runs show them.
const CheckpointEvery = 20

// Tune lets a job record often.
func Tune(j *Job) *Job {
	j.checkpointLines, j.recordDelay = CheckpointEvery, 2*time.Millisecond
	return j
}

// LeaseTTL and StopGrace are the times that a run keeps to.
const (
	LeaseTTL  = leaseTTL
	StopGrace = stopGrace
)
