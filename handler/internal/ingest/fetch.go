package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"guardduty-sentinel/handler/internal/guardduty"
)

// fetch reads one object and packs its rows. Its error ends the run's reading;
// what befalls the object alone is noted in the task.
func (m *mover) fetch(ctx context.Context, t *task) error {
	if m.giveUp() {
		return errStopped
	}
	t.begin()
	err := m.readObject(ctx, t)
	if t.release(1) {
		m.settle(t)
	}
	return err
}

func (m *mover) readObject(ctx context.Context, t *task) (err error) {
	defer func() {
		if v := recover(); v != nil {
			m.job.Log.ErrorContext(ctx, "reading an object panicked", slog.String("key", t.Object.Key), slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
			t.err = fmt.Errorf("panic: %v", v)
		}
	}()
	m.tally(func(s *Summary) { s.Reads++ })
	body, err := m.job.Archive.Open(ctx, t.Object)
	if errors.Is(err, ErrReplaced) {
		t.restart()
		body, err = m.job.Archive.Open(ctx, Object{Key: t.Object.Key})
	}
	if err != nil {
		m.note(ctx, t, err)
		return nil
	}
	defer body.Close()
	r := reading{mover: m, task: t}
	lines, err := guardduty.ReadObject(body, func(n int, text []byte, err error) error {
		if ctx.Err() != nil {
			return errStopped
		}
		return r.line(n, text, err)
	})
	if r.stuck {
		return errStopped
	}
	if lines > 0 && err != errStopped {
		m.tally(func(*Summary) { m.read++ })
	}
	if err == nil {
		r.unreadable()
		return nil
	}
	m.note(ctx, t, err)
	return nil
}

// note decides what an object's error means: to be tried again, or set aside.
func (m *mover) note(ctx context.Context, t *task, err error) {
	log := m.job.Log.With(slog.String("key", t.Object.Key), slog.Any("error", err))
	switch {
	case ctx.Err() != nil || errors.Is(err, errStopped):
		t.err = errStopped
	case errors.Is(err, ErrGone), errors.Is(err, guardduty.ErrDamaged), errors.Is(err, guardduty.ErrObjectTooLong), errors.Is(err, errTooManyBadLines):
		t.setAside(0, err.Error(), false)
	default:
		log.WarnContext(ctx, "object could not be read; a later run tries again")
		t.err = err
	}
}

// reading is the reading of one object.
type reading struct {
	*mover
	task   *task
	parser guardduty.Parser
	row    []byte
	stuck  bool // the packer takes no more: nothing can be read on
}

// line takes one line of the object to the packer, the quarantine or a
// counter. Lines that an earlier run delivered are passed over.
func (r *reading) line(n int, text []byte, err error) error {
	if n <= r.task.skip() {
		return nil
	}
	if err == nil {
		err = r.finding(n, text)
	}
	switch {
	case r.stuck:
		return errStopped
	case errors.Is(err, guardduty.ErrNoFindings):
		r.tally(func(s *Summary) { s.EmptyLines++ })
	case err != nil:
		if r.task.setAside(n, err.Error(), true); r.task.badLines > maxBadLines {
			return fmt.Errorf("%w: it was read up to line %d", errTooManyBadLines, n)
		}
	}
	r.task.mu.Lock()
	r.task.lines = n
	r.task.mu.Unlock()
	return nil
}

// finding parses a line and packs its row. Its error says why the line cannot
// be read.
func (r *reading) finding(n int, text []byte) error {
	f, err := r.parser.Parse(text)
	if err != nil {
		return err
	}
	if setting := r.job.Filter.Drops(&f); setting != "" {
		r.task.found(0)
		r.tally(func(s *Summary) { s.drop(setting) })
		return nil
	}
	r.row, err = r.job.Table.Row(r.row[:0], &f, Source{Object: r.task.Object, Bucket: r.job.Bucket})
	if err != nil {
		r.task.setAside(n, fmt.Sprintf("finding %s: %v", f.ID, err), false)
		return nil
	}
	u := UpdateOf(&f)
	if !r.claims.take(u, r.task) {
		r.tally(func(s *Summary) { s.Repeated++ })
		return nil
	}
	r.task.found(1)
	r.stuck = r.packer.add(r.row, origin{r.task, n, u}) != nil
	return nil
}

// errTooManyBadLines ends the reading of an object that only costs time.
var errTooManyBadLines = fmt.Errorf("more than %d lines cannot be read", maxBadLines)

// unreadable turns an object without one good line into one quarantine row:
// then it is no export file.
func (r *reading) unreadable() {
	t := r.task
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.badLines > 0 && t.findings == 0 && len(t.quarantine) == min(t.badLines, maxLineRows):
		first := t.quarantine[0]
		t.quarantine = []Quarantined{{Reason: fmt.Sprintf("not an export file: none of its %d lines is a finding; line %d: %s", t.badLines, first.Line, first.Reason)}}
	case t.badLines > maxLineRows:
		t.quarantine = append(t.quarantine, Quarantined{Reason: fmt.Sprintf("%d lines could not be read; the first %d are listed one by one", t.badLines, maxLineRows)})
	}
}
