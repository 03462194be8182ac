package ingest

import "time"

// The tests' ledger is told of progress often, so that small objects and short
// runs show it.
func init() { keepEvery, recordDelay = 20, 2*time.Millisecond }
