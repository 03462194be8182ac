package ingest

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"runtime/debug"

	"guardduty-sentinel/handler/internal/guardduty"
)

// fetcher reads objects, one at a time. It keeps its buffers for the next.
type fetcher struct {
	*pass
	reader guardduty.Reader
	parser guardduty.Parser
	row    []byte

	task *task // the object that is being read
	skip int   // its leading lines whose findings were settled before
}

func (p *pass) newFetcher() *fetcher {
	return &fetcher{
		pass: p, reader: guardduty.Reader{Long: p.long}, parser: guardduty.Parser{Paths: p.job.Table.Paths()},
	}
}

// fetch reads one object and packs its rows. It fails only with errStopped,
// when the run can read no more; errors that concern only this object are stored
// on the task. Of a pair of which nothing can be read, or that has reached its
// ceiling, it reads nothing.
func (f *fetcher) fetch(ctx context.Context, t *task) error {
	if f.ceiling.reached(t.pair) || f.reads.pointless(ctx, t) {
		return nil
	}
	f.task, f.skip = t, t.begin()
	err := f.read(ctx)
	if t.end(err) {
		f.settle(t)
	}
	if err == errStopped {
		return errStopped
	}
	return nil
}

// read reads the object from the first line that the ledger does not have as
// settled. Its error is transient, or errStopped.
func (f *fetcher) read(ctx context.Context) (err error) {
	t := f.task
	defer func() {
		if v := recover(); v != nil {
			f.job.Log.ErrorContext(ctx, "reading an object panicked", slog.String("key", t.Object.Key),
				slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	if t.opens >= maxOpens {
		t.addQuarantine(0, fmt.Sprintf("the process ended %d times while it read this object", t.opens), false)
		return nil
	}
	if t.Object.Archived == "" {
		f.countRead()
	}
	body, err := f.job.Archive.Open(ctx, t.Object)
	if errors.Is(err, ErrReplaced) {
		t.restart()
		f.skip = 0
		body, err = f.job.Archive.Open(ctx, Object{Key: t.Object.Key})
	}
	if err != nil {
		return f.judge(ctx, err)
	}
	defer body.Close()
	lines, err := f.reader.ReadObject(body, func(n int, text []byte, err error) error {
		if ctx.Err() != nil {
			return errStopped
		}
		return f.line(n, text, err)
	})
	if lines > 0 || err == nil {
		f.reads.succeeded(t)
	}
	if err != nil {
		return f.judge(ctx, err)
	}
	t.readWhole(f.skip)
	return nil
}

// judge decides what an object's error means: it returns an error that is worth
// another attempt, and quarantines the object for any other.
func (f *fetcher) judge(ctx context.Context, err error) error {
	switch {
	case err == errCapped:
		return err
	case ctx.Err() != nil || errors.Is(err, errStopped):
		return errStopped
	case errors.Is(err, ErrArchived):
		f.tally(func(s *Summary) { s.Archived++ })
		f.task.addQuarantine(0, err.Error(), false)
		return nil
	case errors.Is(err, ErrGone), errors.Is(err, errTooManyBadLines),
		errors.Is(err, guardduty.ErrDamaged), errors.Is(err, guardduty.ErrObjectTooLong):
		f.task.addQuarantine(0, err.Error(), false)
		return nil
	default:
		f.lines.warn(ctx, "object could not be read; a later run tries again",
			slog.String("key", f.task.Object.Key), slog.Any("error", err))
		return err
	}
}

// errTooManyBadLines ends the reading of an object whose lines only cost time.
var errTooManyBadLines = fmt.Errorf("more than %d lines cannot be read", maxBadLines)

// line takes one line of the object to the packer, the quarantine or a
// counter.
func (f *fetcher) line(n int, text []byte, err error) error {
	if n <= f.skip {
		return nil
	}
	if err == nil {
		err = f.finding(n, text)
	}
	switch {
	case err == errStopped, err == errCapped:
		return err
	case errors.Is(err, guardduty.ErrNoFindings):
		f.tally(func(s *Summary) { s.EmptyLines++ })
	case err != nil:
		if f.task.addQuarantine(n, err.Error(), true) > maxBadLines {
			return fmt.Errorf("%w: it was read up to line %d", errTooManyBadLines, n)
		}
	}
	f.task.passed(n)
	return nil
}

// seed is that of the sums of lines, which are compared within a run.
var seed = maphash.MakeSeed()

// finding parses a line and packs its row. Its error says why the line cannot
// be read, or is errStopped, when the packer takes no more, or errCapped.
func (f *fetcher) finding(n int, text []byte) error {
	found, err := f.parser.Parse(text)
	if err != nil {
		return err
	}
	if setting := f.job.Filter.Drops(&found); setting != "" {
		f.task.found()
		f.tally(func(s *Summary) { s.drop(setting) })
		return nil
	}
	if f.ceiling.reached(f.task.pair) {
		return errCapped
	}
	src := Source{Object: f.task.Object, Bucket: f.job.Bucket}
	src.Foreign = f.folders.foreign(f.task.pair.Account(), found.Account)
	f.row, err = f.job.Table.Row(f.row[:0], &found, src)
	if err != nil {
		f.task.addQuarantine(n, fmt.Sprintf("finding %s: %v", found.ID, err), false)
		return nil
	}
	from := origin{f.task, n, UpdateOf(&found, f.task.pair), maphash.Bytes(seed, text)}
	if !f.dedupe.first(from) {
		f.tally(func(s *Summary) { s.Repeated++ })
		return nil
	}
	if src.Foreign {
		f.tally(func(s *Summary) { s.foreign(f.task.pair, found.Account) })
	}
	f.ceiling.add(f.task.pair, len(f.row))
	err = f.packer.add(f.row, from)
	if cap(f.row) > maxRow {
		f.row = nil
	}
	return err
}

// maxRow is how many bytes a fetcher keeps for its next row.
const maxRow = 64 << 10
