package ingest

import (
	"context"
	"fmt"
	"sync"
)

// hopeless is the number of failed reads after which a run gives up when no
// read has succeeded: then it is not the objects.
const hopeless = 100

// mover is the moving part of a run: fetchers read objects and pack rows,
// uploaders deliver batches, one recorder writes the ledger. Each stage waits
// for the next, so memory is bounded by the stages' own buffers.
type mover struct {
	job     *Job
	claims  *claims
	pending int // objects waiting to be tried again when the run began

	packer  *packer
	batches chan *batch
	entries chan *task
	gone    <-chan struct{} // closed when the recorder has ended

	mu     sync.Mutex
	s      *Summary
	failed []*task // objects that could not be read to their end and are not recorded
	fresh  int     // of these, new ones
	read   int     // objects of which something could be read
	doubts []doubted
}

func (j *Job) newMover(snap Snapshot, s *Summary) *mover {
	return &mover{job: j, claims: newClaims(snap.Sent), pending: len(snap.Pending), s: s}
}

// move carries the findings of a window's tasks to the table and records each
// task whose findings are all settled.
func (m *mover) move(st stages, tasks []*task, last bool) error {
	if len(tasks) == 0 && len(m.failed) == 0 && len(m.doubts) == 0 {
		return nil
	}
	m.claims.turn()
	record := newGroup(st.closing, m.job.Log)
	deliver := newGroup(st.working, m.job.Log)
	defer context.AfterFunc(record.ctx, deliver.cancel)() // nothing is delivered that cannot be recorded
	m.gone = record.ctx.Done()
	m.batches, m.entries = make(chan *batch), make(chan *task, recordGroup)
	m.packer = newPacker(m.job.Table.MaxBatch(), m.batches, deliver.ctx.Done())

	record.run(m.record)
	for range m.job.Uploaders {
		deliver.run(m.deliver)
	}
	fetchErr := m.fetchAll(st.reading, deliver.ctx, tasks)
	flushErr := m.packer.flush()
	close(m.batches)
	deliverErr := deliver.wait()
	doubtErr := m.settleDoubts(last)
	failedErr := m.settleFailed(last)
	if deliverErr != nil {
		for _, t := range tasks {
			if t.keepSent() {
				m.send(t)
			}
		}
	}
	close(m.entries)
	return first(record.wait(), deliverErr, flushErr, doubtErr, failedErr, fetchErr)
}

// fetchAll feeds the tasks, in their order, to the fetchers. Running out of
// time is no error.
func (m *mover) fetchAll(reading, delivering context.Context, tasks []*task) error {
	reading, cancel := context.WithCancel(reading)
	defer cancel()
	defer context.AfterFunc(delivering, cancel)() // nothing is read that cannot be delivered
	fetch := newGroup(reading, m.job.Log)
	queue := make(chan *task)
	for range min(m.job.Fetchers, len(tasks)) {
		fetch.run(func(ctx context.Context) error {
			for t := range queue {
				if err := m.fetch(ctx, t); err != nil {
					return err
				}
			}
			return nil
		})
	}
feed:
	for _, t := range tasks {
		select {
		case queue <- t:
		case <-fetch.ctx.Done():
			break feed
		}
	}
	close(queue)
	if err := fetch.wait(); err != nil && reading.Err() == nil {
		return err
	}
	return nil
}

// settle takes a task with nothing in flight to the recorder. What could not
// be read waits until the end: only then is it known whether anything could.
func (m *mover) settle(t *task) {
	t.mu.Lock()
	failed := t.err != nil && t.err != errStopped
	untouched := t.err == errStopped && t.lines <= t.skip()
	t.mu.Unlock()
	switch {
	case untouched: // the next run finds it as this one did
	case failed:
		m.mu.Lock()
		m.failed = append(m.failed, t)
		if t.pending == nil {
			m.fresh++
		}
		m.mu.Unlock()
	default:
		m.send(t)
	}
}

func (m *mover) send(t *task) {
	select {
	case m.entries <- t:
	case <-m.gone:
	}
}

// settleFailed records the objects that could not be read as pending. When no
// object at all could be read, none that failed before counted, nothing is
// recorded and the run fails: then it is the permission, the key or the
// network, and no object's own fault. So it is when there are too many. While
// nothing could be read yet, objects of later windows decide.
func (m *mover) settleFailed(last bool) error {
	m.mu.Lock()
	failed, read := m.failed, m.read
	m.mu.Unlock()
	var fresh *task
	count := m.pending
	for _, t := range failed {
		if t.pending == nil {
			fresh, count = t, count+1
		}
	}
	switch {
	case fresh != nil && read == 0 && !last && m.fresh < hopeless:
		return nil
	case fresh != nil && read == 0:
		return fmt.Errorf("none of %d objects could be read: object %q: %w", len(failed), fresh.Object.Key, fresh.err)
	case fresh != nil && count > maxPending:
		return fmt.Errorf("%w: object %q: %w", ErrTooManyPending, fresh.Object.Key, fresh.err)
	}
	for _, t := range failed {
		m.send(t)
	}
	m.failed, m.fresh, m.pending = nil, 0, count
	return nil
}

// unread is the error of a run that ends early and has read nothing.
func (m *mover) unread() error {
	for _, t := range m.failed {
		if t.pending == nil && m.read == 0 {
			return fmt.Errorf("none of %d objects could be read: object %q: %w", len(m.failed), t.Object.Key, t.err)
		}
	}
	return nil
}

// giveUp reports that reading on is pointless.
func (m *mover) giveUp() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read == 0 && m.fresh >= hopeless
}

// tally changes the summary.
func (m *mover) tally(f func(*Summary)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m.s)
}
