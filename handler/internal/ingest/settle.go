package ingest

import "fmt"

// abortAfter is the number of failed reads after which a run gives up when no
// read has succeeded: then the objects are not at fault.
const abortAfter = 100

// maxPending is the number of objects waiting to be tried again above which the
// objects are taken not to be at fault: the run fails and the watermark stays.
const maxPending = 1000

// ErrTooManyPending says that maxPending was reached.
var ErrTooManyPending = fmt.Errorf("more than %d objects could not be read", maxPending)

// settle hands a task with no rows in flight to the recorder. One that could not
// be read waits until it is known whether any other could.
func (m *mover) settle(t *task) {
	failed, untouched := t.outcome()
	switch {
	case untouched: // the next run finds it as this one did
	case failed:
		m.mu.Lock()
		m.failed = append(m.failed, t)
		if t.fresh {
			m.fresh++
		}
		m.mu.Unlock()
	default:
		if !t.fresh {
			m.mu.Lock()
			m.pending--
			m.mu.Unlock()
		}
		m.record(t, true)
	}
}

// record gives a task to the recorder: with last for its last entry, and
// otherwise for a checkpoint. It waits while the recorder lags behind.
func (m *mover) record(t *task, last bool) {
	if t.queue(last) {
		select {
		case m.entries <- t:
		case <-m.gone:
		}
		return
	}
	if wait, checkpointed := t.backpressure(); wait {
		select {
		case <-checkpointed:
		case <-m.gone:
		}
	}
}

// settleFailed records the objects that could not be read as pending, once it
// is known that others can be read: before that the permission, the key or the
// network may be at fault, and not the objects.
func (m *mover) settleFailed() error {
	m.mu.Lock()
	failed, fresh, read := m.failed, m.fresh, m.read
	m.mu.Unlock()
	switch {
	case fresh >= abortAfter && read == 0:
		return m.noneRead()
	case fresh > 0 && read == 0:
		return nil
	case fresh > 0 && m.pending+fresh > maxPending:
		t := m.firstFresh()
		return fmt.Errorf("%w: object %q: %w", ErrTooManyPending, t.Object.Key, t.err)
	}
	for _, t := range failed {
		m.record(t, true)
	}
	m.failed, m.fresh, m.pending = nil, 0, m.pending+fresh
	return nil
}

// noneRead is the error of a run that could read none of its new objects.
func (m *mover) noneRead() error {
	if m.fresh == 0 || m.read > 0 {
		return nil
	}
	t := m.firstFresh()
	return fmt.Errorf("none of %d objects could be read: object %q: %w", len(m.failed), t.Object.Key, t.err)
}

// firstFresh returns the first new object that could not be read.
func (m *mover) firstFresh() *task {
	for _, t := range m.failed {
		if t.fresh {
			return t
		}
	}
	return nil
}

// giveUp reports that further reads are pointless.
func (m *mover) giveUp() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read == 0 && m.fresh >= abortAfter
}

// verdict is the error of a run that moved all it could and still is not a
// success: it could read nothing, or the table accepted nothing. The findings
// are still in the archive, and neither recorded nor quarantined.
func (m *mover) verdict() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return firstError(m.allRefused(), m.noneRead())
}
