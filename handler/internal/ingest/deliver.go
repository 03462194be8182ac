package ingest

import (
	"context"
	"fmt"
)

// deliver sends batches until there are no more, or until one of another
// uploader failed; those in flight are then still completed, until working
// ends. A row is settled when the table accepted it, or rejected it twice for
// its content and took another in between. A batch that failed stays unsettled,
// so that none of its objects is done, and the next run sends it again.
func (p *pass) deliver(ctx, working context.Context, batches <-chan *batch) error {
	for b := range batches {
		if ctx.Err() != nil {
			return nil
		}
		if err := p.send(working, b); err != nil {
			return err
		}
		p.packer.reuse(b)
	}
	return nil
}

// send sends a batch. Few refused rows among many are sent once more at once;
// others are suspects until the table takes another row.
func (p *pass) send(ctx context.Context, b *batch) error {
	call := p.suspects.begin()
	refused, err := p.call(ctx, b)
	if err != nil {
		return err
	}
	switch n := len(refused); {
	case n == 0:
	case 2*n <= b.Len():
		err = p.sendAgain(ctx, refused)
	default:
		err = p.suspects.add(refused)
	}
	if err != nil || len(refused) == b.Len() {
		return err
	}
	return p.sendAgain(ctx, p.suspects.accept(call))
}

// call sends a batch and settles the rows that were accepted. It returns those
// that were refused.
func (p *pass) call(ctx context.Context, b *batch) (refused []suspect, err error) {
	refusals, err := p.job.Table.Deliver(ctx, b.Batch)
	if err != nil {
		return nil, fmt.Errorf("deliver %d findings: %w", b.Len(), err)
	}
	p.tally(func(s *Summary) {
		s.Batches++
		s.Bytes += int64(len(b.Rows))
		s.Findings += b.Len() - len(refusals)
	})
	reasons := make(map[int]string, len(refusals))
	for _, refusal := range refusals {
		reasons[refusal.Row] = refusal.Reason
	}
	for i, from := range b.from {
		if reason, bad := reasons[i]; bad {
			refused = append(refused, suspect{origin: from, reason: reason, row: b.Slice(i, i+1)})
		} else {
			p.accepted(from)
		}
	}
	return refused, nil
}

// sendAgain sends rows that were refused once more, and quarantines those that
// are refused again.
func (p *pass) sendAgain(ctx context.Context, rows []suspect) error {
	for len(rows) > 0 {
		b := &batch{}
		n := 0
		for ; n < len(rows) && (n == 0 || len(b.Rows)+1+len(rows[n].row) <= p.job.Table.MaxBatch()); n++ {
			b.add(rows[n].row, rows[n].origin)
		}
		refused, err := p.call(ctx, b)
		if err != nil {
			return err
		}
		for _, one := range refused {
			p.rejected(one)
		}
		rows = rows[n:]
	}
	return nil
}

// accepted settles a row that the table has, and the lines that waited for it.
func (p *pass) accepted(from origin) {
	from.task.accepted(from.update)
	for _, o := range append([]origin{from}, p.dedupe.accept(from.update)...) {
		p.arrived(o)
	}
}

// rejected quarantines a row, and settles the lines with the same finding that
// waited for it. A line that differs has to be sent itself: its object is read
// again.
func (p *pass) rejected(one suspect) {
	one.task.addQuarantine(one.line, one.reason, false)
	p.arrived(one.origin)
	for _, o := range p.dedupe.reject(one.origin) {
		if o.sum == one.sum {
			p.arrived(o)
		} else if o.task.postpone(o.line, errOtherCopy) {
			p.settle(o.task)
		}
	}
}

// arrived notes that a line is settled, and records its object when that is due.
func (p *pass) arrived(o origin) {
	switch done, checkpoint := o.task.arrived(o.line, p.job.checkpoint()); {
	case done:
		p.settle(o.task)
	case checkpoint:
		p.recorder.record(o.task, false)
	}
}

// postponeSuspects ends a pass in which the table has taken nothing after it
// refused the suspects. What was refused by an earlier run too, while this one
// could deliver, is at fault. All else is read again later: those attempts do
// not count, since the table may be at fault.
func (p *pass) postponeSuspects() {
	var open []suspect
	for _, one := range p.suspects.take() {
		if one.task.tried > 0 && p.suspects.any() {
			p.rejected(one)
		} else {
			open = append(open, one)
		}
	}
	if len(open) > 0 && len(open) > p.room() {
		p.refused = open[0].reason
		return // the watermark waits for them
	}
	for _, one := range open {
		if !p.suspects.any() {
			p.nothing = one.reason
		}
		for _, o := range append(p.dedupe.forget(one.origin), one.origin) {
			if o.task.postpone(o.line, &refusedError{one.reason}) {
				p.settle(o.task)
			}
		}
	}
}
