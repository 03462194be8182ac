package ingest

import (
	"context"
	"time"
)

// A batch that is not full leaves when its first row has waited for flushAfter,
// looked at every flushEvery: a run that is killed early has then delivered what
// it had read.
const (
	flushAfter = 10 * time.Second
	flushEvery = 2 * time.Second
)

// origin is where a row came from.
type origin struct {
	task   *task
	line   int
	update Update
	sum    uint64 // of the line
}

// batch is rows of many objects and where each came from.
type batch struct {
	Batch
	from  []origin
	begun time.Time // when the first row was packed
}

// add appends a copy of row.
func (b *batch) add(row []byte, from origin) {
	if len(b.Ends) > 0 {
		b.Rows = append(b.Rows, ',')
	}
	b.Rows = append(b.Rows, row...)
	b.Ends = append(b.Ends, len(b.Rows))
	b.from = append(b.from, from)
}

// packer fills batches with rows of all fetchers. While a full batch waits for
// an uploader, every fetcher waits with it: that bounds memory.
type packer struct {
	max  int
	full chan<- *batch
	free chan *batch
	gone <-chan struct{} // closed when no uploader takes batches any more

	turn chan struct{} // holds one while a fetcher packs: a channel, since that may wait for an uploader
	cur  *batch
}

func newPacker(max int, full chan<- *batch, gone <-chan struct{}) *packer {
	return &packer{max: max, full: full, free: make(chan *batch, 8), gone: gone, turn: make(chan struct{}, 1)}
}

// add packs a copy of row, which is at most max bytes. It fails only with
// errStopped.
func (p *packer) add(row []byte, from origin) error {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	if p.cur != nil && len(p.cur.Rows)+1+len(row) > p.max {
		if err := p.sealed(); err != nil {
			return err
		}
	}
	if p.cur == nil {
		p.cur = p.empty()
		p.cur.begun = time.Now()
	}
	p.cur.add(row, from)
	return nil
}

// flush hands out what was begun at least age ago.
func (p *packer) flush(age time.Duration) error {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	if p.cur == nil || time.Since(p.cur.begun) < age {
		return nil
	}
	return p.sealed()
}

// flushOld hands out what waits for too long, until ctx ends.
func (p *packer) flushOld(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(flushEvery):
		}
		if err := p.flush(flushAfter); err != nil {
			return err
		}
	}
}

// sealed gives the current batch to an uploader.
func (p *packer) sealed() error {
	select {
	case p.full <- p.cur:
		p.cur = nil
		return nil
	case <-p.gone:
		return errStopped
	}
}

// empty returns a batch to fill, an earlier one's memory where there is any.
func (p *packer) empty() *batch {
	select {
	case b := <-p.free:
		return b
	default:
		return &batch{Batch: Batch{Rows: make([]byte, 0, p.max)}}
	}
}

// reuse takes back a batch that was delivered.
func (p *packer) reuse(b *batch) {
	b.Rows, b.Ends = b.Rows[:0], b.Ends[:0]
	clear(b.from)
	b.from = b.from[:0]
	select {
	case p.free <- b:
	default:
	}
}
