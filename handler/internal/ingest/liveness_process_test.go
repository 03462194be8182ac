package ingest_test

import (
	"context"

	"guardduty-sentinel/handler/internal/ingest"
)

// process is a run that may be frozen.
type process struct {
	gate    *gate
	ended   chan struct{}
	summary ingest.Summary
	err     error
}

// begin begins a run, which freezes when it goes through its gate the nth time.
func begin(ctx context.Context, job *ingest.Job, n int) *process {
	ctx, g := gated(ctx, n)
	p := &process{gate: g, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		p.summary, p.err = job.Run(ctx)
	}()
	return p
}

// isFrozen waits until the run has ended or is frozen.
func (p *process) isFrozen() bool {
	select {
	case <-p.ended:
		return false
	case <-p.gate.frozen:
		return true
	}
}

// thaw wakes the frozen processes up. Each has lost its lease, and does not know
// it yet: it does what it was about to do, until the state refuses it.
func (l *live) thaw() {
	for _, p := range l.frozen {
		close(p.gate.opened)
		<-p.ended
	}
	l.frozen, l.overtaken = nil, false
}
