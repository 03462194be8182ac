package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"guardduty-sentinel/handler/internal/guardduty"
)

// fetch reads one object and packs its rows. It fails only with errStopped,
// when the run can read no more; what befalls the object alone is the task's.
func (m *mover) fetch(ctx context.Context, t *task) error {
	if m.giveUp() {
		return errStopped
	}
	err := m.readObject(ctx, t)
	if t.end(err) {
		m.settle(t)
	}
	if err == errStopped {
		return errStopped
	}
	return nil
}

// readObject reads an object from the line on that the ledger does not have as
// settled. Its error is a passing one, or errStopped.
func (m *mover) readObject(ctx context.Context, t *task) (err error) {
	defer func() {
		if v := recover(); v != nil {
			m.job.Log.ErrorContext(ctx, "reading an object panicked", slog.String("key", t.Object.Key), slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	r := reading{mover: m, task: t, skip: t.begin(), parser: guardduty.Parser{Paths: m.job.Table.Paths()}}
	m.tally(func(s *Summary) { s.Reads++ })
	body, err := m.job.Archive.Open(ctx, t.Object)
	if errors.Is(err, ErrReplaced) {
		t.restart()
		r.skip = 0
		body, err = m.job.Archive.Open(ctx, Object{Key: t.Object.Key})
	}
	if err != nil {
		return m.judge(ctx, t, err)
	}
	defer body.Close()
	lines, err := guardduty.ReadObject(body, func(n int, text []byte, err error) error {
		if ctx.Err() != nil {
			return errStopped
		}
		return r.line(n, text, err)
	})
	if lines > 0 {
		m.tally(func(*Summary) { m.read++ })
	}
	if err != nil {
		return m.judge(ctx, t, err)
	}
	t.readWhole(r.skip)
	return nil
}

// judge decides what an object's error means: to be tried again, which it
// returns, or set aside.
func (m *mover) judge(ctx context.Context, t *task, err error) error {
	switch {
	case ctx.Err() != nil || errors.Is(err, errStopped):
		return errStopped
	case errors.Is(err, ErrGone), errors.Is(err, guardduty.ErrDamaged), errors.Is(err, guardduty.ErrObjectTooLong), errors.Is(err, errTooManyBadLines):
		t.setAside(0, err.Error(), false)
		return nil
	default:
		m.job.Log.WarnContext(ctx, "object could not be read; a later run tries again", slog.String("key", t.Object.Key), slog.Any("error", err))
		return err
	}
}

// reading is the reading of one object.
type reading struct {
	*mover
	task   *task
	skip   int // lines whose findings were settled before
	parser guardduty.Parser
	row    []byte
}

// errTooManyBadLines ends the reading of an object that only costs time.
var errTooManyBadLines = fmt.Errorf("more than %d lines cannot be read", maxBadLines)

// line takes one line of the object to the packer, the quarantine or a
// counter.
func (r *reading) line(n int, text []byte, err error) error {
	if n <= r.skip {
		return nil
	}
	if err == nil {
		err = r.finding(n, text)
	}
	switch {
	case err == errStopped:
		return err
	case errors.Is(err, guardduty.ErrNoFindings):
		r.tally(func(s *Summary) { s.EmptyLines++ })
	case err != nil:
		if r.task.setAside(n, err.Error(), true) > maxBadLines {
			return fmt.Errorf("%w: it was read up to line %d", errTooManyBadLines, n)
		}
	}
	r.task.passed(n)
	return nil
}

// finding parses a line and packs its row. Its error says why the line cannot
// be read, or is errStopped: the packer takes no more.
func (r *reading) finding(n int, text []byte) error {
	f, err := r.parser.Parse(text)
	if err != nil {
		return err
	}
	if setting := r.job.Filter.Drops(&f); setting != "" {
		r.task.found()
		r.tally(func(s *Summary) { s.drop(setting) })
		return nil
	}
	r.row, err = r.job.Table.Row(r.row[:0], &f, Source{Object: r.task.Object, Bucket: r.job.Bucket})
	if err != nil {
		r.task.setAside(n, fmt.Sprintf("finding %s: %v", f.ID, err), false)
		return nil
	}
	from := origin{r.task, n, UpdateOf(&f)}
	if !r.claims.take(from) {
		r.tally(func(s *Summary) { s.Repeated++ })
		return nil
	}
	return r.packer.add(r.row, from)
}
