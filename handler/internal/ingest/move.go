package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// mover moves findings, window after window. What it knows lasts for a run.
type mover struct {
	job      *Job
	dedupe   *dedupe
	reads    *reads
	folders  *folders
	ceiling  *ceiling
	suspects *suspects
	lines    *lines
	long     guardduty.LongLines
	careful  bool             // objects are read one by one, each noted before it is opened
	pending  map[ID]time.Time // objects with a pending row, and when they were written

	refused string           // why the run fails: more was refused than may wait
	nothing string           // why it fails unless the table takes something later: so far it took nothing
	blocked map[string]error // pairs of which nothing could be read, not held yet

	mu      sync.Mutex
	summary *Summary
}

func newMover(job *Job, summary *Summary, snap Snapshot) *mover {
	m := &mover{
		job: job, dedupe: newDedupe(snap.Sent), suspects: &suspects{}, lines: newLines(job.Log),
		folders: &folders{administrators: job.Administrators}, ceiling: &ceiling{bytes: job.MaxPairBytes},
		long: guardduty.NewLongLines(), pending: make(map[ID]time.Time), blocked: make(map[string]error),
		summary: summary,
	}
	for _, p := range snap.Pending {
		m.pending[p.Object.ID()] = p.Object.LastModified
	}
	return m
}

// pass is one window in flight: fetchers read objects and pack rows, uploaders
// deliver batches, one recorder writes the ledger. Each stage waits for the
// next, so memory is bounded by the buffers of the stages.
type pass struct {
	*mover
	packer   *packer
	recorder *recorder
}

// move carries the findings of tasks to the table and records each task whose
// findings are all settled.
func (m *mover) move(st stages, tasks []*task) error {
	if !m.careful {
		return m.pass(st, tasks)
	}
	for shares := newShares(tasks); ; {
		t, read := shares.next()
		if t == nil || st.reading.Err() != nil {
			return nil
		}
		if m.ceiling.reached(t.pair) {
			continue
		}
		if err := m.note(st, t); err != nil {
			return err
		}
		if err := m.pass(st, []*task{t}); err != nil {
			return err
		}
		read()
	}
}

func (m *mover) pass(st stages, tasks []*task) error {
	if len(tasks) == 0 {
		return nil
	}
	m.dedupe.nextWindow()
	record, recording := newGroup(st.closing, m.job.Log)
	working, stop := context.WithCancel(st.working)
	defer stop()
	defer context.AfterFunc(recording, stop)() // nothing is delivered that cannot be recorded
	deliver, delivering := newGroup(working, m.job.Log)
	batches := make(chan *batch)
	p := &pass{
		mover:    m,
		packer:   newPacker(m.job.Table.MaxBatch(), batches, delivering.Done()),
		recorder: newRecorder(m, recording.Done()),
	}
	record.run(recording, p.recorder.run)
	for range m.job.Uploaders {
		deliver.run(delivering, func(ctx context.Context) error { return p.deliver(ctx, working, batches) })
	}
	old, flushing := newGroup(delivering, m.job.Log)
	old.run(flushing, p.packer.flushOld)
	fetchErr := p.fetchAll(st.reading, delivering, tasks)
	old.cancel()
	flushErr := firstError(old.wait(), p.packer.flush(0))
	close(batches)
	deliverErr := deliver.wait()
	if deliverErr == nil && working.Err() == nil {
		p.postponeSuspects()
	}
	p.judge(working)
	for _, t := range tasks { // so that the next run does not send again what the table has
		if t.unfinished() || m.careful && !t.isEnded() { // the process did not end at it
			p.recorder.record(t, false)
		}
	}
	p.recorder.close()
	return firstError(record.wait(), deliverErr, flushErr, fetchErr)
}

// fetchAll lets the fetchers read the tasks, each pair's in their order. Running
// out of time is not an error.
func (p *pass) fetchAll(reading, delivering context.Context, tasks []*task) error {
	reading, cancel := context.WithCancel(reading)
	defer cancel()
	defer context.AfterFunc(delivering, cancel)() // nothing is read that cannot be delivered
	fetch, fetching := newGroup(reading, p.job.Log)
	shares := newShares(tasks)
	for range min(p.job.Fetchers, len(tasks)) {
		fetch.run(fetching, func(ctx context.Context) error {
			f := p.newFetcher()
			for {
				t, read := shares.next()
				if t == nil || ctx.Err() != nil {
					return nil
				}
				err := f.fetch(ctx, t)
				if read(); err != nil {
					return err
				}
			}
		})
	}
	if err := fetch.wait(); err != nil && reading.Err() == nil {
		return err
	}
	return nil
}

// settle hands a task with no rows in flight to the recorder. One that could not
// be read waits until it is known whether others of its pair can be.
func (p *pass) settle(t *task) {
	switch t.outcome() {
	case untouched: // the next run finds it as this one did
	case failed:
		p.reads.failed(t)
	default:
		p.recorder.record(t, true)
	}
}

// judge ends the objects that could not be read: as pending when others of
// their pair can be, and otherwise with their pair.
func (p *pass) judge(ctx context.Context) {
	atFault, blocked := p.reads.judge(ctx)
	for pair, err := range blocked {
		p.blocked[pair] = err
	}
	for _, t := range atFault {
		if t.fresh && p.room() <= 0 {
			t.giveUp()
		}
		p.recorder.record(t, true)
	}
}

// maxPending bounds the rows of objects that are to be read again. Beyond it
// what cannot be read is quarantined at once, and what the table refuses holds
// the watermark.
const maxPending = 5000

// room is the number of pending rows that may still be added.
func (m *mover) room() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maxPending - len(m.pending)
}

// waiting returns the number of objects with a pending row, and when the oldest
// of them was written.
func (m *mover) waiting() (n int, oldest time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, written := range m.pending {
		if oldest.IsZero() || written.Before(oldest) {
			oldest = written
		}
	}
	return len(m.pending), oldest
}

// addPending adds the objects that have a pending row to those that are known.
func (m *mover) addPending(known map[ID]struct{}) {
	for id := range m.pending {
		known[id] = struct{}{}
	}
}

// takeBlocked returns the pairs of which nothing could be read, each with the
// first error, and forgets them.
func (m *mover) takeBlocked() map[string]error {
	blocked := m.blocked
	m.blocked = make(map[string]error)
	return blocked
}

// verdict is the error of a run whose rows were refused, so that the table may
// be at fault. The findings are still in the archive, and not quarantined.
func (m *mover) verdict() error {
	reason := m.refused
	if reason == "" && !m.suspects.any() {
		reason = m.nothing
	}
	if reason == "" {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrAllRefused, reason)
}

// tally changes the summary.
func (m *mover) tally(f func(*Summary)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m.summary)
}

// countRead counts an object that is opened.
func (m *mover) countRead() { m.tally(func(s *Summary) { s.Reads++ }) }
