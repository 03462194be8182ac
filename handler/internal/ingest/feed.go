package ingest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// feed is what is listed and moved under one mark: the whole source but what is
// held, or what is left of one folder that was.
type feed struct {
	plan    *planner
	mark    Mark
	open    []*task // listed, but not recorded
	windows []window
	end     time.Time // of the last window; everything up to it is recorded in the end

	// Both are durable when they return.
	advance func(ctx context.Context, mark, next Mark) (Mark, error)
	hold    func(ctx context.Context, folder string, why error) error
	leave   func(ctx context.Context, pair string) error // what it has left waits for later runs
}

// move lists and moves the windows, oldest first, until there are none, or no
// time is left to read. extra are tasks of the first window that are not listed.
func (r *run) move(st stages, f *feed, extra func() []*task) error {
	for len(f.windows) > 0 && (st.reading.Err() == nil || !f.plan.listed) {
		w := f.windows[0]
		first := !f.plan.listed
		tasks, err := f.plan.list(st.reading, w)
		if err != nil && !first && st.reading.Err() != nil { // the next run continues here
			return nil
		}
		if err != nil {
			return &listError{fmt.Sprintf("s3://%s/%s", r.job.Bucket, f.plan.scope.folder), err}
		}
		if err := r.holdAll(st, f, f.plan.takeUnlisted()); err != nil {
			return err
		}
		r.mover.folders.add(slices.Sorted(maps.Keys(f.plan.pairs)))
		if first && extra != nil {
			tasks = append(extra(), tasks...)
		}
		if f.plan.complete() {
			f.windows = f.windows[1:]
		}
		if err := r.window(st, f, w, tasks); err != nil {
			return err
		}
		if f.plan.stats.Late {
			return r.newest(st, f)
		}
		if f.plan.over && !f.plan.settled(tasks) {
			return nil // the next run continues here
		}
	}
	return nil
}

// newest moves what it finds of the last window, where the time does not do to
// list one before it: what is new does not wait for what is old.
func (r *run) newest(st stages, f *feed) error {
	if len(f.windows) < 2 || st.reading.Err() != nil {
		return nil
	}
	tasks, err := f.plan.list(st.reading, f.windows[len(f.windows)-1])
	if err == nil {
		err = r.holdAll(st, f, f.plan.takeUnlisted())
	}
	f.plan.stats.Late = true
	if err != nil {
		return unlessEnded(st.reading, err)
	}
	return r.window(st, f, f.windows[0], tasks)
}

// listError says that nothing of a feed could be listed.
type listError struct {
	what string
	err  error
}

func (e *listError) Error() string { return "list " + e.what + ": " + e.err.Error() }
func (e *listError) Unwrap() error { return e.err }

// window moves a window's findings, records them, and then advances.
func (r *run) window(st stages, f *feed, w window, tasks []*task) error {
	moveErr := r.mover.move(st, tasks)
	if blocked := r.mover.takeBlocked(); moveErr == nil {
		moveErr = r.holdAll(st, f, blocked)
	}
	if moveErr == nil {
		moveErr = r.leaveBehind(st, f, tasks)
	}
	if f.plan.leftOut(f.plan.scope.folder) { // all of it waits
		f.windows = nil
		return moveErr
	}
	if !f.plan.complete() { // what is open is listed again
		return moveErr
	}
	f.open = slices.DeleteFunc(append(f.open, tasks...), func(t *task) bool {
		return t.recorded || moveErr == nil && f.plan.leftOut(t.Object.Key)
	})
	_, now := r.archive.result()
	end := earlier(f.end, now)
	if len(f.windows) > 0 {
		end = w.end(end)
	}
	next, err := r.advanceFeed(st.closing, f, end)
	if err == nil {
		f.mark = next
	}
	if err := firstError(moveErr, err); err != nil {
		return err
	}
	return r.prune(st)
}

// holdAll holds folders that could not be listed or read.
func (r *run) holdAll(st stages, f *feed, folders map[string]error) error {
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		if err := f.hold(st.closing, folder, folders[folder]); err != nil {
			return err
		}
		f.plan.leaveOut(folder)
	}
	return nil
}

// leaveBehind leaves what is left of some accounts to later runs, under marks of
// their own, so that the common one advances: of pairs that reached their ceiling,
// and, when the time to read ends, of accounts that are not done while most are.
func (r *run) leaveBehind(st stages, f *feed, tasks []*task) error {
	all, open := make(map[string]bool), make(map[string]map[string]bool) // pairs by account
	for _, t := range tasks {
		account := t.pair.AccountFolder()
		all[account] = true
		if t.recorded {
			continue
		}
		if r.mover.ceiling.reached(t.pair) {
			r.noteCapped(t.pair)
		}
		if t.pending == nil {
			if open[account] == nil {
				open[account] = make(map[string]bool)
			}
			open[account][string(t.pair)] = true
		}
	}
	few := st.reading.Err() != nil && 2*len(open) <= len(all)
	for _, account := range slices.Sorted(maps.Keys(open)) {
		pairs := open[account]
		maps.DeleteFunc(pairs, func(pair string, _ bool) bool {
			return f.plan.leftOut(pair) || !few && !r.mover.ceiling.reached(guardduty.Pair(pair))
		})
		if len(pairs) > accountPairs { // whoever writes there may have made them up
			pairs = map[string]bool{account: true}
		}
		for _, folder := range slices.Sorted(maps.Keys(pairs)) {
			if err := f.leave(st.closing, folder); err != nil {
				return err
			}
			f.plan.leaveOut(folder)
		}
	}
	return nil
}

// noteCapped notes that something is left of a pair that reached its ceiling.
func (r *run) noteCapped(pair guardduty.Pair) {
	if len(r.capped) < maxCapped {
		r.capped[Held{Folder: string(pair)}.Place()] = true
	}
}

// maxCapped bounds the pairs that a summary names.
const maxCapped = 100

// advanceFeed moves the mark to the latest time up to which every listed object
// is recorded: end, when all are. Objects to be tried again have a row of their
// own and do not hold the mark, nor do those of held folders.
func (r *run) advanceFeed(ctx context.Context, f *feed, end time.Time) (Mark, error) {
	t := end
	for _, task := range f.open {
		if task.pending == nil {
			// LastModified has a resolution of one second, and others may share
			// this object's.
			t = earlier(t, task.Object.LastModified.Add(-time.Second))
		}
	}
	if !t.After(f.mark.Time) {
		return f.mark, nil
	}
	next := f.mark
	next.Time, next.Floor = t, later(t.Add(-r.job.Overlap), f.mark.Floor)
	next, err := f.advance(ctx, f.mark, next)
	if err != nil {
		return f.mark, fmt.Errorf("advance watermark: %w", err)
	}
	return next, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
