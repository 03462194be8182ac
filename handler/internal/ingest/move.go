package ingest

import (
	"context"
	"sync"
)

// mover is the moving part of a run: fetchers read objects and pack rows,
// uploaders deliver batches, one recorder writes the ledger. Each stage waits
// for the next, so memory is bounded by the buffers of the stages.
type mover struct {
	job     *Job
	dedupe  *dedupe
	pending int // objects waiting to be tried again when the run began

	packer  *packer
	working context.Context // what is delivered ends with it
	batches chan *batch
	entries chan *task
	gone    <-chan struct{} // closed when the recorder has ended

	mu       sync.Mutex
	s        *Summary
	failed   []*task // objects that could not be read to their end, not recorded as failed yet
	fresh    int     // of these, new ones
	read     int     // objects of which something could be read
	suspects []suspect
}

func (j *Job) newMover(snap Snapshot, s *Summary) *mover {
	return &mover{job: j, dedupe: newDedupe(snap.Sent), pending: len(snap.Pending), s: s}
}

// move carries the findings of a window's tasks to the table and records each
// task whose findings are all settled.
func (m *mover) move(st stages, tasks []*task) error {
	if len(tasks) == 0 && len(m.failed) == 0 && len(m.suspects) == 0 {
		return nil
	}
	m.dedupe.nextWindow()
	record := newGroup(st.closing, m.job.Log)
	working, stop := context.WithCancel(st.working)
	defer stop()
	defer context.AfterFunc(record.ctx, stop)() // nothing is delivered that cannot be recorded
	deliver := newGroup(working, m.job.Log)
	m.working, m.gone = working, record.ctx.Done()
	m.batches, m.entries = make(chan *batch), make(chan *task, recordGroup)
	m.packer = newPacker(m.job.Table.MaxBatch(), m.batches, deliver.ctx.Done())

	record.run(m.recordAll)
	for range m.job.Uploaders {
		deliver.run(m.deliver)
	}
	fetchErr := m.fetchAll(st.reading, deliver.ctx, tasks)
	flushErr := m.packer.flush()
	close(m.batches)
	deliverErr := deliver.wait()
	m.settleSuspects()
	failedErr := m.settleFailed()
	for _, t := range tasks { // so that the next run does not send again what the table has
		if t.unfinished() {
			m.record(t, false)
		}
	}
	close(m.entries)
	return firstError(record.wait(), deliverErr, flushErr, failedErr, fetchErr)
}

// fetchAll feeds the tasks, in their order, to the fetchers. Running out of
// time is not an error.
func (m *mover) fetchAll(reading, delivering context.Context, tasks []*task) error {
	reading, cancel := context.WithCancel(reading)
	defer cancel()
	defer context.AfterFunc(delivering, cancel)() // nothing is read that cannot be delivered
	fetch := newGroup(reading, m.job.Log)
	queue := make(chan *task)
	for range min(m.job.Fetchers, len(tasks)) {
		fetch.run(func(ctx context.Context) error {
			f := m.newFetcher()
			for t := range queue {
				if err := f.fetch(ctx, t); err != nil {
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

// tally changes the summary.
func (m *mover) tally(f func(*Summary)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m.s)
}
