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
}

// scope says which objects a planner chooses.
type scope struct {
	folder  string    // the root, or the folder of an organization, an account or a pair
	folders []string  // below the root, where that is the folder
	since   time.Time // objects modified up to here are ignored
	until   time.Time // and those modified later; zero for no end
	known   map[ID]struct{}
	left    map[string]bool // folders to leave out
}

// planner lists one scope. Object names are random, so they have no order in
// time: within a day folder everything is listed and chosen by LastModified.
// Only whole days are skipped by their names.
type planner struct {
	archive Archive
	log     *slog.Logger
	root    string
	scope   scope
	listed  bool // the pairs are known

	mu       sync.Mutex
	pairs    map[string]bool // all that exist; true once one had objects in a listed day
	tasks    []*task
	seen     map[ID]struct{}
	stats    PlanStats
	left     map[string]bool
	unlisted map[string]error // folders that could not be listed
	anything bool             // some folder could be listed
}

func newPlanner(archive Archive, log *slog.Logger, root string, s scope) *planner {
	return &planner{
		archive:  archive,
		log:      log,
		root:     root,
		scope:    s,
		pairs:    make(map[string]bool),
		left:     maps.Clone(s.left),
		unlisted: make(map[string]error),
	}
}

// list returns the new objects of a window, oldest first. The first window's
// listing finds the pairs, those without objects in it too; each later window
// costs one call a pair and a thousand objects. A folder that cannot be listed
// does not fail the listing as long as another can.
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
	p.stats.Pairs = 0
	for _, active := range p.pairs {
		if active {
			p.stats.Pairs++
		}
	}
	if err == nil && !p.listed && !p.anything {
		err = firstOf(p.unlisted) // no folder could be listed
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

// firstOf returns the error of the first folder; nil when there is none.
func firstOf(folders map[string]error) error {
	for _, folder := range slices.Sorted(maps.Keys(folders)) {
		return folders[folder]
	}
	return nil
}

// takeUnlisted returns the folders that could not be listed since the last call.
func (p *planner) takeUnlisted() map[string]error {
	p.mu.Lock()
	defer p.mu.Unlock()
	unlisted := p.unlisted
	p.unlisted = make(map[string]error)
	return unlisted
}

// leaveOut leaves a folder out of all further listings.
func (p *planner) leaveOut(folder string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left[folder] = true
	maps.DeleteFunc(p.pairs, func(pair string, _ bool) bool { return strings.HasPrefix(pair, folder) })
}

// leftOut reports whether a key lies in a folder that is left out.
func (p *planner) leftOut(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return below(p.left, key)
}

// below reports whether a key, or a folder, lies in one of the folders or is one.
func below(folders map[string]bool, key string) bool {
	if len(folders) == 0 {
		return false
	}
	for i := range len(key) {
		if key[i] == '/' && folders[key[:i+1]] {
			return true
		}
	}
	return false
}

// probesFirst puts the oldest and the newest object of every day folder before
// all others: when one account cannot be read, a run soon knows.
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

// discover scans all accounts of the scope. They are the folders below the root,
// and below each of the root's other folders: those of an organization have its
// id in between.
func (p *planner) discover(ctx context.Context, w window) error {
	folders := p.scope.folders
	if p.scope.folder != p.root {
		folders = []string{p.scope.folder}
	}
	if isPair(p.scope.folder) {
		return p.each(ctx, folders, func(ctx context.Context, pair string) error {
			return p.scan(ctx, pair, guardduty.Pair(pair).DayFolder(w.from), w)
		})
	}
	var accounts []string
	for _, folder := range folders {
		inner := []string{folder}
		if !isAccount(folder) && !p.leftOut(folder) {
			var err error
			inner, _, err = p.archive.Folders(ctx, folder)
			p.anything = p.anything || err == nil
			if err = p.noteListing(ctx, folder, err); err != nil {
				return err
			}
		}
		accounts = append(accounts, slices.DeleteFunc(inner, func(f string) bool {
			return !isAccount(f) || p.leftOut(f)
		})...)
	}
	return p.each(ctx, accounts, func(ctx context.Context, account string) error {
		return p.scan(ctx, account+"GuardDuty/", "", w)
	})
}

var (
	isAccount = regexp.MustCompile(`(^|/)[0-9]{12}/$`).MatchString
	isPair    = regexp.MustCompile(`(^|/)[0-9]{12}/GuardDuty/[^/]+/$`).MatchString
)

// each calls f with every folder, several at once. A folder that f fails for is
// noted as unlisted, and the others are listed all the same.
func (p *planner) each(ctx context.Context, folders []string, f func(context.Context, string) error) error {
	g, listing := newGroup(ctx, p.log)
	work := make(chan string)
	for range min(listers, len(folders)) {
		g.run(listing, func(ctx context.Context) error {
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
		case <-listing.Done(): // the missing folder is an error below
		}
	}
	close(work)
	if err := g.wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// noteListing notes how the listing of a folder ended. Only the end of the run
// itself is an error.
func (p *planner) noteListing(ctx context.Context, folder string, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unlisted[folder] = err
	return nil
}

// scan lists the exports below prefix after after, region by region. Where a
// page shows days outside the window, the listing continues at the window's
// first day of that region, or at the next region: so a region costs one or two
// calls whatever its history.
func (p *planner) scan(ctx context.Context, prefix, after string, w window) error {
	for limit := probe; ; {
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
		case p.left[string(key.Pair)]:
			next = key.Pair.End()
			continue
		case key.Day.Before(w.from):
			next = key.Pair.DayFolder(w.from)
		case !w.holds(key.Day):
			next = key.Pair.End()
		default:
			p.pairs[string(key.Pair)] = true
			p.choose(o, key.Pair)
			continue
		}
		if _, seen := p.pairs[string(key.Pair)]; !seen {
			p.pairs[string(key.Pair)] = false
		}
	}
	return next
}

// choose takes an object of the window unless it is known already.
func (p *planner) choose(o Object, pair guardduty.Pair) {
	if !o.LastModified.After(p.scope.since) || !p.scope.until.IsZero() && o.LastModified.After(p.scope.until) {
		return
	}
	p.stats.Window++
	_, known := p.scope.known[o.ID()]
	if _, seen := p.seen[o.ID()]; known || seen { // a listing may show an object twice
		p.stats.Known++
		return
	}
	p.seen[o.ID()] = struct{}{}
	p.tasks = append(p.tasks, newTask(o, pair))
}
