package ingest

// origin is where a row came from.
type origin struct {
	task   *task
	line   int
	update Update
}

// batch is rows of many objects and where each came from.
type batch struct {
	Batch
	from []origin
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
	}
	if len(p.cur.Ends) > 0 {
		p.cur.Rows = append(p.cur.Rows, ',')
	}
	p.cur.Rows = append(p.cur.Rows, row...)
	p.cur.Ends = append(p.cur.Ends, len(p.cur.Rows))
	p.cur.from = append(p.cur.from, from)
	return nil
}

// flush hands out what is packed.
func (p *packer) flush() error {
	p.turn <- struct{}{}
	defer func() { <-p.turn }()
	if p.cur == nil {
		return nil
	}
	return p.sealed()
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
