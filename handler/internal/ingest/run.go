package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// run is one run in progress.
type run struct {
	job     *Job
	summary *Summary
	start   time.Time // by this machine's clock
	crashes int       // of the runs before this one

	archive *counted
	now     time.Time // when the first listing began, by the archive's clock
	folders []string  // below the root
	mark    Mark
	mover   *mover
	holds   *holds
	prober  *prober
	capped  map[string]bool // accounts and Regions that reached their ceiling, of which something is left
}

// work loads the state and does what there is to do: everything that is new,
// then what is left of folders that were held, then what came late.
func (r *run) work(st stages) error {
	snap, err := r.job.State.Load(st.reading)
	if err != nil {
		return fmt.Errorf("load state: %w", err)
	}
	r.summary.Recovered, r.summary.WindowsLeft = snap.Recovered, 1
	if err := r.begin(st, snap); err != nil {
		return err
	}
	defer r.leave()
	if err := r.probe(st); err != nil {
		return err
	}
	live, done := r.share(st, r.sweepIsDue() || len(r.holds.backlogs()) > 0)
	r.mover.ceiling.share(r.holds.backlogs())
	err = r.live(live, snap)
	done()
	r.mover.ceiling.share(nil)
	if _, unlisted := errors.AsType[*listError](err); err == nil || unlisted {
		backlogs, done := r.share(st, r.sweepIsDue())
		err = firstError(err, r.backlogs(backlogs))
		done()
	}
	if err == nil {
		err = r.openedBefore(st, snap)
	}
	if err == nil {
		err = firstError(r.refusedBefore(st, snap), r.sweep(st))
	}
	return firstError(err, r.mover.verdict(), r.holds.verdict())
}

// share gives a step of the run three quarters of the time that is left to read,
// where something else has to have its share too.
func (r *run) share(st stages, shared bool) (stages, context.CancelFunc) {
	end, bounded := st.reading.Deadline()
	if !shared || !bounded {
		return st, func() {}
	}
	var cancel context.CancelFunc
	st.reading, cancel = context.WithTimeout(st.reading, 3*time.Until(end)/4)
	return st, cancel
}

func (r *run) root() string { return guardduty.Root(r.job.Prefix) }

// begin lists the accounts, which tells the archive's time, and sets the mark.
// The first run keeps its start time before it lists further, so that a failed
// first run does not move it.
func (r *run) begin(st stages, snap Snapshot) (err error) {
	r.capped = make(map[string]bool)
	r.archive = &counted{Archive: r.job.Archive}
	r.mover, r.holds = newMover(r.job, r.summary, snap), newHolds(r.job, snap.Held)
	r.mark, r.summary.Watermark = snap.Mark, snap.Mark.Time
	r.folders, r.now, err = r.archive.Folders(st.reading, r.root())
	if err == nil && r.now.IsZero() {
		err = errors.New("the archive did not tell its time")
	}
	if err != nil {
		return fmt.Errorf("list s3://%s/%s: %w", r.job.Bucket, r.root(), err)
	}
	r.summary.NoFolders = len(r.folders) == 0
	if r.mark.Time.IsZero() {
		since := r.now.Add(-r.job.InitialLookback)
		r.summary.First = since
		first := Mark{Time: since, Floor: since, Kept: since, Swept: r.now, Lookback: r.job.InitialLookback}
		if r.mark, err = r.job.State.Advance(st.closing, r.mark, first); err != nil {
			return fmt.Errorf("set the first watermark: %w", err)
		}
		r.summary.Watermark = r.mark.Time
	}
	if r.mark.Lookback != r.job.InitialLookback {
		r.summary.Lookback = r.mark.Lookback
	}
	if ahead := r.mark.Time.Sub(r.now); ahead > clockTolerance {
		return &AheadError{Watermark: r.mark.Time, Now: r.now}
	}
	if r.mark.Floor.IsZero() { // written by hand
		r.mark.Floor = r.since(r.mark)
	}
	if r.mark.Kept.IsZero() { // that too, or by a version that kept less
		r.mark.Kept = r.mark.Floor
	}
	if err := r.holds.notAfter(st.closing, r.mark); err != nil {
		return err
	}
	r.prober = &prober{archive: r.archive, root: r.root(), now: r.now, reads: r.mover.countRead}
	r.mover.reads = newReads(r.prober.control)
	r.mover.folders.add(slices.Sorted(maps.Keys(r.holds.folders())))
	if r.mover.careful = r.crashes >= carefulAfter; r.mover.careful {
		r.mover.reads.check = readable
	}
	return nil
}

// clockTolerance is how far the clocks of an archive's servers may differ.
const clockTolerance = time.Minute

// AheadError says that the watermark lies in the archive's future: a run would
// find nothing new, and say that all is well.
type AheadError struct{ Watermark, Now time.Time }

// Error names both times.
func (e *AheadError) Error() string {
	return fmt.Sprintf("the watermark is %s and the archive's time only %s",
		e.Watermark.UTC().Format(time.RFC3339), e.Now.UTC().Format(time.RFC3339))
}

// leave completes the summary.
func (r *run) leave() {
	r.summary.Plan.Lists, _ = r.archive.result()
	r.summary.Watermark = r.mark.Time
	r.summary.Lag = r.now.Sub(r.holds.oldestMark(r.mark.Time))
	r.summary.Held = r.holds.failing()
	r.summary.Capped = slices.Sorted(maps.Keys(r.capped))
	r.summary.Waiting, r.summary.Oldest = r.mover.waiting()
}

// probe tries the held folders that are due, and always the one that waits the
// longest: once it is well all others are tried too. A careful run does not: it
// reads nothing that it has not noted before.
func (r *run) probe(st stages) (err error) {
	if r.mover.careful {
		return nil
	}
	probing, cancel := context.WithTimeout(st.reading, r.job.Budget/4)
	defer cancel()
	well := false
	for i, h := range r.holds.open() {
		if probing.Err() != nil {
			return nil
		}
		if (i > 0 || h.isSlow()) && !well && h.Next.After(r.start) {
			continue
		}
		if h.isSlow() { // it can be listed, but not beside all others
			h.Until, h.Next = r.mark.Time, r.start
			if r.mark, err = r.holds.relist(st.closing, r.mark, h); err != nil {
				return err
			}
			continue
		}
		err = r.prober.held(probing, h)
		switch {
		case st.reading.Err() != nil:
			return nil
		case err != nil:
			h.Next = r.start
			err = r.holds.hold(st.closing, h, err)
		case !r.mark.Time.After(h.Mark): // nothing of it was left behind
			well = true
			r.mark, err = r.holds.relist(st.closing, r.mark, h)
		default:
			well = true
			h.Until, h.Tries, h.Next, h.Error = r.mark.Time, 0, r.start, ""
			r.mark, err = r.holds.relist(st.closing, r.mark, h)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// since is the time up to which nothing is looked at again.
func (r *run) since(mark Mark) time.Time { return later(mark.Time.Add(-r.job.Overlap), mark.Floor) }

// live moves everything that is new.
func (r *run) live(st stages, snap Snapshot) error {
	since := r.since(r.mark)
	f := &feed{
		plan: r.planner(scope{
			folder: r.root(), folders: r.folders, since: since, known: snap.Done, left: r.holds.folders(),
		}),
		mark:    r.mark,
		windows: windows(since, r.now),
		end:     r.now,
		advance: func(ctx context.Context, mark, next Mark) (Mark, error) {
			next.Claimed = next.Claimed || r.mover.suspects.any()
			next.Kept = later(next.Kept, earlier(next.Floor, next.Time.Add(-keepFor)))
			next, err := r.job.State.Advance(ctx, mark, next)
			if err == nil {
				r.mark = next
			}
			return next, err
		},
	}
	f.hold = func(ctx context.Context, folder string, why error) error {
		return r.holds.hold(ctx, Held{
			Folder: folder, Since: r.start, Next: r.start, Mark: f.mark.Time, Floor: f.mark.Floor,
		}, why)
	}
	f.leave = func(ctx context.Context, pair string) error {
		return r.holds.leave(ctx, Held{
			Folder: pair, Since: r.start, Next: r.start, Mark: f.mark.Time, Floor: f.mark.Floor, Until: f.end,
		})
	}
	defer func() {
		r.summary.Plan = f.plan.stats
		if len(r.job.Accounts) > 0 && f.plan.listed && f.plan.stats.Accounts == 0 && len(r.holds.list) == 0 {
			r.summary.NoFolders = true
		}
		r.summary.Left += len(f.open)
		r.summary.WindowsLeft = len(f.windows)
	}()
	return r.move(st, f, func() []*task { return due(snap.Pending, f.plan, r.start) })
}

// due returns the tasks of the pending objects whose time has come. What was open
// when a process ended is for openedBefore.
func due(pending []Pending, plan *planner, now time.Time) (tasks []*task) {
	slices.SortFunc(pending, func(a, b Pending) int { return a.Next.Compare(b.Next) })
	retries := 0
	for _, p := range pending {
		t := taskOf(&p, plan.root)
		if p.Next.After(now) || plan.leftOut(p.Object.Key) || p.Opens > 0 || !plan.scope.reads(p.Object.Key) {
			continue
		}
		if t.failedBefore() {
			retries++
		}
		if !t.failedBefore() || retries <= maxRetries {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// maxRetries is the most objects that failed before which one run reads again.
const maxRetries = 1000

// planner returns a planner that skips what waits in a row of its own.
func (r *run) planner(s scope) *planner {
	s.reads, s.most, s.patience = r.job.reads, r.job.tasks(), r.job.Budget/8
	r.mover.addPending(s.known)
	return newPlanner(r.archive, r.job.Log, r.root(), s)
}

// backlogs moves what is left of folders that were held. It begins with another one
// each time, and none takes more than three quarters of the time that is left: so
// each has its turn.
func (r *run) backlogs(st stages) error {
	var errs []error
	for _, listed := range turned(r.holds.list) {
		h, left := r.holds.now(listed) // the backlog before it may have changed it
		if !left || !h.isBacklog() || !r.job.reads(h.Folder) || h.Next.After(r.start) || r.holds.heldAbove(h.Folder) {
			continue
		}
		capped := r.mover.ceiling.reached(guardduty.Pair(h.Folder))
		if capped {
			r.noteCapped(guardduty.Pair(h.Folder))
		}
		if capped || st.reading.Err() != nil {
			r.summary.WindowsLeft = max(r.summary.WindowsLeft, len(days(h.Mark, h.Until)))
			continue
		}
		part, done := r.share(st, len(r.holds.backlogs()) > 1)
		errs = append(errs, r.backlog(part, h))
		done()
	}
	return firstError(errs...)
}

// backlog moves what is left of one folder that was held.
func (r *run) backlog(st stages, h Held) error {
	if err := r.holds.widen(st.closing, h); err != nil {
		return err
	}
	if h.isSlow() {
		h.Until = later(h.Until, r.mark.Time)
	}
	mark := Mark{Time: h.Mark, Floor: h.Floor}
	since := r.since(mark)
	ledger, err := r.job.State.Recorded(st.reading, h.Folder, since, h.Until)
	if err != nil {
		return unlessEnded(st.reading, fmt.Errorf("load state of %s: %w", h.Folder, err))
	}
	r.mover.dedupe.know(ledger.Sent)
	f := &feed{
		plan: r.planner(scope{
			folder: h.Folder, since: since, until: h.Until, known: ledger.Done, left: r.holds.within(h),
		}),
		mark:    mark,
		windows: days(since, h.Until),
		end:     h.Until,
		advance: func(ctx context.Context, _, next Mark) (Mark, error) {
			h.Mark, h.Floor, h.Tries = next.Time, next.Floor, 0
			if !h.isSlow() {
				h.Error = ""
			}
			return next, r.holds.put(ctx, h)
		},
	}
	f.hold = func(ctx context.Context, folder string, why error) error {
		part := h
		part.Folder, part.Next = folder, r.start
		return r.holds.hold(ctx, part, why)
	}
	f.leave = func(ctx context.Context, pair string) error {
		part := h
		part.Folder, part.Next = pair, r.start
		return r.holds.leave(ctx, part)
	}
	err = r.move(st, f, nil)
	r.summary.Left += len(f.open)
	r.summary.WindowsLeft += len(f.windows)
	unlisted, failed := errors.AsType[*listError](err)
	switch {
	case failed && st.reading.Err() != nil:
		return nil
	case failed:
		return f.hold(st.closing, h.Folder, unlisted.err)
	case err != nil || len(f.windows) > 0 || len(f.open) > 0 || f.plan.leftOut(h.Folder):
		return err
	}
	if h.isSlow() { // from now on it is listed with all others
		h.Until = time.Time{}
		r.mark, err = r.holds.relist(st.closing, r.mark, h)
		return err
	}
	return r.holds.drop(st.closing, h)
}

// unlessEnded returns err unless the time to read has ended: then the next run
// continues.
func unlessEnded(reading context.Context, err error) error {
	if reading.Err() != nil {
		return nil
	}
	return err
}

// refusedBefore reads what the table refused before again, once it has taken
// something else: then it works.
func (r *run) refusedBefore(st stages, snap Snapshot) error {
	if !r.mover.suspects.any() {
		return nil
	}
	tasks := r.waiting(snap, func(p Pending) bool { return p.Tries > 0 && p.Next.After(r.start) })
	return r.mover.move(st, tasks[:min(maxRetries, len(tasks))])
}

// waiting returns the tasks of the pending objects that are wanted, but for those
// below a held folder.
func (r *run) waiting(snap Snapshot, wanted func(Pending) bool) (tasks []*task) {
	held := r.holds.folders()
	for _, p := range snap.Pending {
		if wanted(p) && !below(held, p.Object.Key) && r.job.reads(p.Object.Key) {
			tasks = append(tasks, taskOf(&p, r.root()))
		}
	}
	return tasks
}

// prune forgets what no later run looks at. A source whose watermark has not moved
// yet keeps its overlap too.
func (r *run) prune(st stages) error {
	before := earlier(r.mark.Kept, r.mark.Time.Add(-r.job.Overlap))
	if err := r.job.State.Prune(st.closing, before, r.holds.list); err != nil {
		return fmt.Errorf("prune state: %w", err)
	}
	return nil
}
