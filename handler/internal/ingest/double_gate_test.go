package ingest_test

import (
	"context"
	"math"
	"sync"
)

// gate freezes a process: each call goes through it twice, before and after it
// takes effect, and from the nth time on it stays there until somebody opens the
// gate. The calls of a process without a gate go through.
type gate struct {
	mu     sync.Mutex
	left   int           // times before it is frozen
	inside int           // calls that are taking effect
	frozen chan struct{} // closed when it is, and no call is taking effect
	opened chan struct{}
}

// gateKey is of the gate in the context of a process.
type gateKey struct{}

// gated returns a context for a process that freezes at the nth time; 0 is for
// never.
func gated(ctx context.Context, n int) (context.Context, *gate) {
	if n == 0 {
		n = math.MaxInt
	}
	g := &gate{left: n, frozen: make(chan struct{}), opened: make(chan struct{})}
	return context.WithValue(ctx, gateKey{}, g), g
}

// in lets a call take effect.
func (g *gate) in() {
	if g != nil {
		g.pass(0, 1)
	}
}

// out lets its answer return.
func (g *gate) out() {
	if g != nil {
		g.pass(-1, 0)
	}
}

func (g *gate) pass(before, after int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside += before
	g.left--
	if g.left <= 0 {
		g.freeze()
	}
	g.inside += after
}

// freeze waits until the gate is opened. It is called with the lock held.
func (g *gate) freeze() {
	if g.inside == 0 {
		select {
		case <-g.frozen:
		default:
			close(g.frozen)
		}
	}
	g.mu.Unlock()
	<-g.opened
	g.mu.Lock()
}
