package ingest

import "time"

// CheckpointEvery is checkpointLines in the tests: their checkpoints are
// frequent, so that small objects and short runs show them.
const CheckpointEvery = 20

// Tune lets a job record often, and take at most so many objects at a time; zero
// for as many as it does.
func Tune(j *Job, tasks int) *Job {
	j.checkpointLines, j.recordDelay, j.maxTasks = CheckpointEvery, 2*time.Millisecond, tasks
	return j
}

// LeaseTTL and StopGrace are the times that a run keeps to.
const (
	LeaseTTL  = leaseTTL
	StopGrace = stopGrace
)
