package ingest

import (
	"context"
	"log/slog"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// listers is the number of accounts listed at once.
const listers = 16

// probe is the number of objects to ask for where it is not yet known whether
// they are needed: a longer page takes longer to read.
const probe = 200

// PlanStats counts what the listings of a run found.
type PlanStats struct {
	Lists   int // calls of List and Folders
	Pairs   int // (account, region) pairs with objects in the listed days
	Window  int // export objects modified within the window
	Known   int // of these, recorded by an earlier run
	Skipped int // listed keys that are not export objects, or empty ones

	Unlisted int // accounts or pairs that could not be listed
}

// planner lists one source. Object names are random, so they have no order in
// time: within a day folder everything is listed and chosen by LastModified.
// Only whole days are skipped by their names.
type planner struct {
	archive Archive
	log     *slog.Logger
	root    string
	since   time.Time // objects modified up to here are ignored
	known   map[ID]struct{}

	mu       sync.Mutex
	now      time.Time       // when the first listing began, by the archive's clock
	pairs    map[string]bool // all that exist; true once one had objects in a listed day
	tasks    []*task
	seen     map[ID]struct{}
	stats    PlanStats
	listed   bool // the pairs are known
	unlisted UnlistedError
	anything bool // some account could be listed
}

// newPlanner returns a planner that skips what the snapshot has.
func (j *Job) newPlanner(since time.Time, snap Snapshot) *planner {
	p := &planner{
		archive: j.Archive,
		log:     j.Log,
		root:    guardduty.Root(j.Prefix),
		since:   since,
		known:   snap.Done,
		now:     j.Now(),
		pairs:   make(map[string]bool),
	}
	for _, pending := range snap.Pending {
		p.known[pending.Object.ID()] = struct{}{}
	}
	return p
}

// list returns the new objects of a window, oldest first. The first window's
// listing finds the pairs, those without objects in it too; each later window
// costs one call a pair and a thousand objects.
func (p *planner) list(ctx context.Context, w window) ([]*task, error) {
	p.tasks, p.seen = nil, make(map[ID]struct{})
	var err error
	if p.listed {
		err = p.each(ctx, slices.Sorted(maps.Keys(p.pairs)), func(ctx context.Context, pair string) error {
			return p.scan(ctx, pair, guardduty.Pair(pair).DayFolder(w.from), w)
		})
	} else {
		err = p.discover(ctx, w)
	}
	p.stats.Pairs, p.stats.Unlisted = 0, p.unlisted.Count
	for _, active := range p.pairs {
		if active {
			p.stats.Pairs++
		}
	}
	if err == nil && !p.listed && !p.anything {
		err = p.unlisted.Err // no folder could be listed
	}
	if err != nil {
		return nil, err
	}
	p.listed = true
	slices.SortFunc(p.tasks, func(a, b *task) int {
		if c := a.Object.LastModified.Compare(b.Object.LastModified); c != 0 {
			return c
		}
		return strings.Compare(a.Object.Key, b.Object.Key)
	})
	return probesFirst(p.tasks), nil
}

// probesFirst puts the oldest and the newest object of every day folder before
// all others: when one account cannot be read, a run knows that others can
// before it gives up.
func probesFirst(tasks []*task) []*task {
	newest := make(map[string]*task)
	for _, t := range tasks {
		newest[path.Dir(t.Object.Key)] = t
	}
	oldest := make(map[string]bool)
	var probes, others []*task
	for _, t := range tasks {
		folder := path.Dir(t.Object.Key)
		if !oldest[folder] || newest[folder] == t {
			oldest[folder] = true
			probes = append(probes, t)
		} else {
			others = append(others, t)
		}
	}
	return append(probes, others...)
}

// discover scans all accounts. They are the folders below the root, and below
// each of the root's other folders: those of an organization have its id in
// between.
func (p *planner) discover(ctx context.Context, w window) error {
	folders, err := p.folders(ctx, p.root)
	if err != nil {
		return err
	}
	var accounts []string
	for _, folder := range folders {
		inner := []string{folder}
		if !isAccount(folder) {
			inner, err = p.folders(ctx, folder)
			if err = p.noteListing(ctx, folder, err); err != nil {
				return err
			}
		}
		accounts = append(accounts, slices.DeleteFunc(inner, func(f string) bool { return !isAccount(f) })...)
	}
	return p.each(ctx, accounts, func(ctx context.Context, account string) error {
		return p.scan(ctx, account+"GuardDuty/", "", w)
	})
}

var isAccount = regexp.MustCompile(`(^|/)[0-9]{12}/$`).MatchString

func (p *planner) folders(ctx context.Context, prefix string) ([]string, error) {
	p.calls()
	return p.archive.Folders(ctx, prefix)
}

// calls counts a call, whether it succeeds or not: AWS bills both.
func (p *planner) calls() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stats.Lists++
}

// each calls f with every folder, several at once. A folder that f fails for is
// counted as unlisted, and the others are listed all the same.
func (p *planner) each(ctx context.Context, folders []string, f func(context.Context, string) error) error {
	g := newGroup(ctx, p.log)
	work := make(chan string)
	for range min(listers, len(folders)) {
		g.run(func(ctx context.Context) error {
			for folder := range work {
				if err := p.noteListing(ctx, folder, f(ctx, folder)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, folder := range folders {
		select {
		case work <- folder:
		case <-g.ctx.Done(): // the missing folder is an error below
		}
	}
	close(work)
	if err := g.wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// scan lists the exports below prefix after after, region by region. Where a
// page shows days outside the window, the listing continues at the window's
// first day of that region, or at the next region: so a region costs one or two
// calls whatever its history.
func (p *planner) scan(ctx context.Context, prefix, after string, w window) error {
	for limit := probe; ; {
		p.calls()
		page, err := p.archive.List(ctx, prefix, after, limit)
		if err != nil {
			return err
		}
		next := p.take(page, w)
		if !page.More || !strings.HasPrefix(next, prefix) {
			return nil
		}
		if limit = probe; next == page.Objects[len(page.Objects)-1].Key {
			limit = MaxPage // within the window
		}
		after = next
	}
}

// take goes through a page and chooses objects. It returns the key after which
// to list next: the page's last, or where the window or the next region begins.
func (p *planner) take(page Page, w window) (next string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.anything = true
	if !page.Time.IsZero() && page.Time.Before(p.now) {
		p.now = page.Time
	}
	for _, o := range page.Objects {
		if o.Key <= next {
			continue
		}
		next = o.Key
		key, ok := guardduty.ParseKey(p.root, o.Key)
		if !ok || o.Size == 0 {
			p.stats.Skipped++
			continue
		}
		switch {
		case key.Day.Before(w.from):
			next = key.Pair.DayFolder(w.from)
		case !w.holds(key.Day):
			next = key.Pair.End()
		default:
			p.pairs[string(key.Pair)] = true
			p.choose(o)
			continue
		}
		if _, seen := p.pairs[string(key.Pair)]; !seen {
			p.pairs[string(key.Pair)] = false
		}
	}
	return next
}

// choose takes an object of the window unless it is known already.
func (p *planner) choose(o Object) {
	if !o.LastModified.After(p.since) {
		return
	}
	p.stats.Window++
	_, known := p.known[o.ID()]
	if _, seen := p.seen[o.ID()]; known || seen { // a listing may show an object twice
		p.stats.Known++
		return
	}
	p.seen[o.ID()] = struct{}{}
	p.tasks = append(p.tasks, newTask(o, nil))
}
