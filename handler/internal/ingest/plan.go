package ingest

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// listers is the number of accounts listed at once.
const listers = 16

// maxTasks is the most objects that one listing takes, so that they fit into
// memory, some 25 MB.
const maxTasks = 50_000

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

	Accounts int  // folders of accounts that were to be listed
	Late     bool // the time to list ended before all of them were
}

// scope says which objects a planner chooses.
type scope struct {
	folder  string   // the root, or the folder of an organization, an account or a pair
	folders []string // below the root, where that is the folder
	reads   func(folder string) bool
	most    int // objects that one listing takes
	// How long one folder may be listed while others wait, at least.
	patience time.Duration
	since    time.Time // objects modified up to here are ignored
	until    time.Time // and those modified later; zero for no end
	known    map[ID]struct{}
	left     map[string]bool // folders to leave out
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
	of       map[guardduty.Pair]int // how many of the tasks a pair has
	most     int                    // of the tasks for a pair
	over     bool                   // there are more
	patience time.Duration          // for which one folder may be listed while others wait
	whole    int                    // folders that were listed to their end
	slow     []string               // those that took longer, and were not at their end
	seen     map[ID]struct{}
	stats    PlanStats
	left     map[string]bool
	unlisted map[string]error // folders that could not be listed
	anything bool             // some folder could be listed
}

// complete reports that the last listing has all that is new.
func (p *planner) complete() bool { return !p.over && !p.stats.Late }

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
// does not fail the listing as long as another can. It takes half of the time
// that ctx has left at most, and returns what it found until then.
func (p *planner) list(ctx context.Context, w window) ([]*task, error) {
	p.tasks, p.seen, p.of, p.most = nil, make(map[ID]struct{}), make(map[guardduty.Pair]int), p.scope.most
	p.over, p.stats.Late, p.anything = false, false, false
	p.patience, p.whole, p.slow = 0, 0, nil
	if end, bounded := ctx.Deadline(); bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/2)
		defer cancel()
		p.patience = max(p.scope.patience, time.Until(end)/4)
	}
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
	if err != nil && ctx.Err() != nil && (p.anything || p.listed) {
		if ctx.Err() == context.DeadlineExceeded && p.whole > 0 { // and the run was not asked to stop
			for _, folder := range p.slow {
				p.unlisted[folder] = ErrListingSlow
			}
		}
		p.stats.Late, err = true, nil
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
	return p.tasks, nil
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

// discover scans all accounts of the scope. They are the folders below the root,
// and below those of organizations. It begins with another account each time: so
// a listing that takes too long comes to each of them.
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
	var accounts, organizations []string
	for _, folder := range folders {
		switch {
		case p.leftOut(folder):
		case isAccount(folder):
			accounts = append(accounts, folder)
		case isOrganization(folder):
			organizations = append(organizations, folder)
		}
	}
	if err := p.each(ctx, organizations, func(ctx context.Context, organization string) error {
		inner, _, err := p.archive.Folders(ctx, organization)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.anything = p.anything || err == nil
		accounts = append(accounts, inner...)
		return err
	}); err != nil {
		return err
	}
	p.whole, p.slow = 0, nil // only accounts count
	accounts = slices.DeleteFunc(accounts, func(f string) bool {
		return !isAccount(f) || p.leftOut(f) || !p.scope.reads(f)
	})
	p.stats.Accounts = len(accounts)
	slices.Sort(accounts)
	return p.each(ctx, turned(accounts), func(ctx context.Context, account string) error {
		return p.scan(ctx, account+"GuardDuty/", "", w)
	})
}

// turned returns the list from some place on, and then what stands before it.
func turned[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	from := rand.IntN(len(list))
	return slices.Concat(list[from:], list[:from])
}

// The id of an organization is documented in the AWS Organizations API reference,
// "Organization": o- and 10 to 32 letters or digits.
var (
	isAccount      = regexp.MustCompile(`(^|/)[0-9]{12}/$`).MatchString
	isOrganization = regexp.MustCompile(`(^|/)o-[a-z0-9]{10,32}/$`).MatchString
	isPair         = regexp.MustCompile(`(^|/)[0-9]{12}/GuardDuty/[^/]+/$`).MatchString
)

// each calls f with every folder, several at once. A folder that f fails for is
// noted as unlisted, and the others are listed all the same.
func (p *planner) each(ctx context.Context, folders []string, f func(context.Context, string) error) error {
	g, listing := newGroup(ctx, p.log)
	work := make(chan string)
	for range min(listers, len(folders)) {
		g.run(listing, func(ctx context.Context) error {
			for folder := range work {
				begun := time.Now()
				err := f(ctx, folder)
				p.timed(folder, time.Since(begun), err)
				if err := p.noteListing(ctx, folder, err); err != nil {
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

// timed notes how long a folder was listed, to its end or not.
func (p *planner) timed(folder string, took time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err == nil:
		p.whole++
	case p.patience > 0 && took >= p.patience:
		p.slow = append(p.slow, folder)
	}
}

// ErrListingSlow says why a folder is held that took a quarter of the time that the
// run had left, and was not at its end while others were: all would wait for it.
var ErrListingSlow = errors.New("the listing takes too long: it has very many Regions, days or objects")

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
	if p.of[pair] >= p.most || p.most == 1 && len(p.tasks) >= p.scope.most {
		p.over = true
		return
	}
	p.seen[o.ID()] = struct{}{}
	p.of[pair]++
	p.tasks = append(p.tasks, newTask(o, pair))
	for len(p.tasks) > p.scope.most && p.most > 1 {
		p.trim()
	}
}

// trim halves what a pair may have of the tasks. It is called with the lock held.
func (p *planner) trim() {
	p.most /= 2
	p.over = true
	clear(p.of)
	p.tasks = slices.DeleteFunc(p.tasks, func(t *task) bool {
		p.of[t.pair]++
		return p.of[t.pair] > p.most
	})
	for pair, n := range p.of {
		p.of[pair] = min(n, p.most)
	}
}

// settled lets the next listing of the window skip what was recorded since the
// last one. It reports whether that was anything.
func (p *planner) settled(tasks []*task) (some bool) {
	for _, t := range tasks {
		if t.recorded || t.pending != nil {
			p.scope.known[t.Object.ID()] = struct{}{}
			some = true
		}
	}
	return some
}
