// Package ingesttest checks that the ports of the ingest package are what it
// takes them for: one suite a port, run by the doubles of the algorithm's own
// tests and by the adapters against real servers. What the algorithm proves
// with the doubles holds for the adapters as far as both pass. Only tests
// import it.
package ingesttest

import (
	"fmt"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// Fault is a way in which a write is lost.
type Fault string

// The two ways.
const (
	RequestLost Fault = "request lost" // it takes no effect
	AnswerLost  Fault = "answer lost"  // it takes effect, and its caller gets an error
)

// EveryTry has all tries of all writes lost.
const EveryTry = -1

// Breaker loses writes of a port.
type Breaker struct {
	// Break loses the next tries of a write, or with EveryTry all, until the
	// function it returns is called.
	Break func(t *testing.T, f Fault, tries int) (repair func())
	// Retries says that the port retries: one lost try is then not an error of
	// the call.
	Retries bool
}

// loss is one way to lose a write.
type loss struct {
	fault Fault
	tries int
}

// eachLoss runs test with every fault, for a single try that is lost and for
// all.
func eachLoss(t *testing.T, test func(t *testing.T, l loss)) {
	for _, l := range []loss{{RequestLost, 1}, {RequestLost, EveryTry}, {AnswerLost, 1}, {AnswerLost, EveryTry}} {
		name := "once"
		if l.tries == EveryTry {
			name = "at every try"
		}
		t.Run(fmt.Sprint(l.fault, " ", name), func(t *testing.T) { test(t, l) })
	}
}

// lose calls write while its tries are lost. Thereafter nothing is lost any
// more.
func (b Breaker) lose(t *testing.T, l loss, write func() error) {
	t.Helper()
	repair := b.Break(t, l.fault, l.tries)
	err := write()
	repair()
	switch {
	case l.tries == EveryTry && err == nil:
		t.Errorf("with its %s at every try the call = nil, want an error", l.fault)
	case l.tries != EveryTry && b.Retries && err != nil:
		t.Errorf("with its %s once the call = %v, want nil: it tries again", l.fault, err)
	}
}

// written is when the first object of a suite was last modified.
var written = time.Date(2026, 8, 1, 2, 3, 4, 0, time.UTC)

// object is the nth object; each was modified a minute after the one before.
func object(n int) ingest.Object {
	return ingest.Object{
		Key:  fmt.Sprintf("AWSLogs/1/GuardDuty/eu-west-1/2026/08/01/%d #?\\é.jsonl.gz", n),
		ETag: fmt.Sprintf("etag%d", n),
		Size: int64(n) << 32, LastModified: written.Add(time.Duration(n) * time.Minute),
	}
}
