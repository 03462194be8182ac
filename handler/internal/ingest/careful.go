package ingest

import (
	"context"
	"fmt"
	"slices"

	"guardduty-sentinel/handler/internal/guardduty"
)

// carefulAfter is the number of runs in a row that never came to an end, after
// which a run is careful: it reads its objects one by one, notes each before it
// opens it, and records it before the next. An object at which the process ends
// is found so, and everything else is delivered meanwhile.
const carefulAfter = 3

// maxOpens is how often careful runs open an object without coming any further
// with it.
const maxOpens = 3

// note writes down that a task is going to be opened.
func (m *mover) note(st stages, t *task) error {
	if t.opens >= maxOpens {
		return nil // it is not opened
	}
	e := t.opening(m.job.Now())
	if err := m.job.State.Record(st.closing, []Entry{e}); err != nil {
		return fmt.Errorf("record that %s is opened: %w", t.Object.Key, err)
	}
	t.pending = e.Pending
	m.waits(t.Object, true)
	return nil
}

// openedBefore reads what a careful run had open when its process ended. It
// comes after everything else: a process that is ended for another reason, at
// any time, then ends at another object, and none is blamed for it again and
// again.
func (r *run) openedBefore(st stages, snap Snapshot) error {
	tasks := r.waiting(snap, func(p Pending) bool { return p.Opens > 0 && !p.Next.After(r.start) })
	slices.SortStableFunc(tasks, func(a, b *task) int { return a.opens - b.opens })
	return r.mover.move(st, tasks)
}

// readable is the control read of a careful run, which reads nothing that it has
// not noted: what fails counts as the object's fault.
func readable(context.Context, guardduty.Pair, map[string]bool) (bool, error) { return true, nil }
