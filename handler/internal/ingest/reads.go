package ingest

import (
	"context"
	"sync"

	"guardduty-sentinel/handler/internal/guardduty"
)

// abortAfter is the number of failed reads of a pair, none of them successful,
// after which a run looks whether anything of the pair can be read, and reads no
// more of it when nothing can.
const abortAfter = 100

// control reports whether anything of a pair can be read, apart from the keys
// that failed. Its error says that it could not tell.
type control func(ctx context.Context, pair guardduty.Pair, failed map[string]bool) (bool, error)

// reads knows, pair by pair, what a run could read. When nothing of a pair can
// be read its objects are not at fault, but a permission, a key or the network:
// then no attempt counts, and the pair is held.
type reads struct {
	check control

	mu    sync.Mutex
	pairs map[guardduty.Pair]*pairReads
}

// pairReads is what became of the objects of one pair.
type pairReads struct {
	readable bool            // something could be read
	blocked  bool            // nothing can be
	failed   []*task         // could not be read to their end, and are not judged yet
	keys     map[string]bool // of all that failed
	looking  chan struct{}   // closed when the control read that is in progress has ended
}

func newReads(check control) *reads {
	return &reads{check: check, pairs: make(map[guardduty.Pair]*pairReads)}
}

// of returns what became of a pair. It is called with the lock held.
func (r *reads) of(pair guardduty.Pair) *pairReads {
	p := r.pairs[pair]
	if p == nil {
		p = &pairReads{keys: make(map[string]bool)}
		r.pairs[pair] = p
	}
	return p
}

// succeeded notes that something of the object could be read.
func (r *reads) succeeded(t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.of(t.pair).readable = true
}

// failed keeps an object that could not be read to its end until its pair is
// judged.
func (r *reads) failed(t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.of(t.pair)
	p.failed = append(p.failed, t)
	p.keys[t.Object.Key] = true
}

// pointless reports that nothing of the object's pair can be read.
func (r *reads) pointless(ctx context.Context, t *task) bool {
	r.mu.Lock()
	p := r.of(t.pair)
	enough := p.blocked || !p.readable && len(p.failed) >= abortAfter
	r.mu.Unlock()
	if !enough {
		return false
	}
	readable, err := r.canRead(ctx, t.pair, p)
	return err == nil && !readable
}

// canRead reports whether anything of the pair can be read in this run. It
// looks once; its error says that it could not tell.
func (r *reads) canRead(ctx context.Context, pair guardduty.Pair, p *pairReads) (bool, error) {
	for {
		r.mu.Lock()
		if p.readable || p.blocked {
			defer r.mu.Unlock()
			return p.readable, nil
		}
		if looking := p.looking; looking != nil {
			r.mu.Unlock()
			select {
			case <-looking:
				continue
			case <-ctx.Done():
				return false, ctx.Err()
			}
		}
		looking, keys := make(chan struct{}), make(map[string]bool, len(p.keys))
		for key := range p.keys {
			keys[key] = true
		}
		p.looking = looking
		r.mu.Unlock()
		readable, err := r.check(ctx, pair, keys)
		r.mu.Lock()
		p.readable, p.blocked = p.readable || readable, err == nil && !readable && !p.readable
		p.looking = nil
		r.mu.Unlock()
		close(looking)
		if err != nil {
			return false, err
		}
	}
}

// judge divides what failed: into objects that are at fault, since others of
// their pair can be read, and pairs of which nothing can be read, each with the
// first of its errors. What is not known is left for the next run.
func (r *reads) judge(ctx context.Context) (atFault []*task, blocked map[string]error) {
	r.mu.Lock()
	pairs := make(map[guardduty.Pair]*pairReads)
	for pair, p := range r.pairs {
		if len(p.failed) > 0 {
			pairs[pair] = p
		}
	}
	r.mu.Unlock()
	blocked = make(map[string]error)
	for pair, p := range pairs {
		readable, err := r.canRead(ctx, pair, p)
		r.mu.Lock()
		failed := p.failed
		p.failed = nil
		r.mu.Unlock()
		switch {
		case err != nil:
		case readable:
			atFault = append(atFault, failed...)
		default:
			blocked[string(pair)] = failed[0].err
		}
	}
	return atFault, blocked
}
