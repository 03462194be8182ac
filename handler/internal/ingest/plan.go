package ingest

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// listers is the number of accounts listed at once.
const listers = 16

// PlanStats counts what the listing found.
type PlanStats struct {
	Lists   int // calls of List and Folders
	Pairs   int // (account, region) pairs with objects in the listed days
	Window  int // export objects modified within the window
	Known   int // of these, recorded by an earlier run
	Skipped int // listed keys that are no export objects, or empty
}

// plan is the work of one run, oldest object first.
type plan struct {
	tasks []*task
	now   time.Time // when the listing began, by the archive's clock
	Stats PlanStats
}

// planner lists one bucket. Object names are random, so a name says nothing of
// time: within a day folder everything is listed and chosen by LastModified.
// Only whole days are passed over by their names.
type planner struct {
	job     *Job
	root    string
	since   time.Time
	fromDay time.Time // first day folder that may hold an object of the window
	done    map[ID]struct{}
	pending map[ID]struct{}

	mu    sync.Mutex
	plan  plan
	pairs map[guardduty.Pair]struct{}
}

// plan lists what is new since since, the day before it included: an object
// written just after midnight may lie in the folder of the day before.
func (j *Job) plan(ctx context.Context, since time.Time, snap Snapshot) (plan, error) {
	p := &planner{
		job:     j,
		root:    guardduty.Root(j.Prefix),
		since:   since,
		fromDay: since.UTC().Truncate(24*time.Hour).AddDate(0, 0, -1),
		done:    snap.Done,
		pending: make(map[ID]struct{}),
		pairs:   make(map[guardduty.Pair]struct{}),
	}
	p.plan.now = j.Now()
	for _, pending := range snap.Pending {
		p.pending[pending.Object.ID()] = struct{}{}
	}
	err := p.list(ctx)
	p.plan.Stats.Pairs = len(p.pairs)
	if err != nil {
		return p.plan, err
	}
	for _, pending := range snap.Pending {
		if !pending.Next.After(j.Now()) {
			p.plan.tasks = append(p.plan.tasks, &task{Object: pending.Object, pending: &pending})
		}
	}
	slices.SortFunc(p.plan.tasks, func(a, b *task) int {
		if c := a.Object.LastModified.Compare(b.Object.LastModified); c != 0 {
			return c
		}
		return strings.Compare(a.Object.Key, b.Object.Key)
	})
	return p.plan, nil
}

// list scans all accounts, several at once.
func (p *planner) list(ctx context.Context) error {
	accounts, err := p.accounts(ctx)
	if err != nil {
		return err
	}
	g := newGroup(ctx, p.job.Log)
	work := make(chan string)
	for range listers {
		g.run(func(ctx context.Context) error {
			for account := range work {
				if err := p.scan(ctx, account+"GuardDuty/"); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, account := range accounts {
		select {
		case work <- account:
		case <-g.ctx.Done(): // the missing account is an error below
		}
	}
	close(work)
	if err := g.wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// accounts returns the account folders below the root, and below each of the
// root's other folders: those of an organization have its id in between.
func (p *planner) accounts(ctx context.Context) ([]string, error) {
	isAccount := regexp.MustCompile(`(^|/)[0-9]{12}/$`).MatchString
	folders, err := p.folders(ctx, p.root)
	if err != nil {
		return nil, err
	}
	var accounts []string
	for _, folder := range folders {
		if isAccount(folder) {
			accounts = append(accounts, folder)
			continue
		}
		inner, err := p.folders(ctx, folder)
		if err != nil {
			return nil, err
		}
		accounts = append(accounts, slices.DeleteFunc(inner, func(f string) bool { return !isAccount(f) })...)
	}
	return accounts, nil
}

func (p *planner) folders(ctx context.Context, prefix string) ([]string, error) {
	p.count(func(s *PlanStats) { s.Lists++ })
	return p.job.Archive.Folders(ctx, prefix)
}

// scan lists one account's exports, region by region. Where a page shows days
// before the window, it goes on at the window's first day of that region, so a
// region costs one or two calls whatever its history.
func (p *planner) scan(ctx context.Context, prefix string) error {
	after := ""
	for {
		page, err := p.job.Archive.List(ctx, prefix, after)
		if err != nil {
			return err
		}
		p.mu.Lock()
		p.plan.Stats.Lists++
		if !page.Time.IsZero() && page.Time.Before(p.plan.now) {
			p.plan.now = page.Time
		}
		next := p.take(page.Objects)
		p.mu.Unlock()
		if next == "" && !page.More {
			return nil
		}
		if next == "" {
			next = page.Objects[len(page.Objects)-1].Key
		}
		after = next
	}
}

// take goes through a page and chooses objects. It returns the key after which
// to list next when the page ends in days before the window.
func (p *planner) take(objects []Object) (jump string) {
	for _, o := range objects {
		if o.Key <= jump {
			continue
		}
		jump = ""
		key, ok := guardduty.ParseKey(p.root, o.Key)
		switch {
		case !ok || o.Size == 0:
			p.plan.Stats.Skipped++
		case key.Day.Before(p.fromDay):
			jump = key.Pair.DayFolder(p.fromDay)
		default:
			p.pairs[key.Pair] = struct{}{}
			p.choose(o)
		}
	}
	return jump
}

// choose takes an object of the window unless it is recorded already.
func (p *planner) choose(o Object) {
	if !o.LastModified.After(p.since) {
		return
	}
	p.plan.Stats.Window++
	id := o.ID()
	_, done := p.done[id]
	_, pending := p.pending[id]
	if done || pending {
		p.plan.Stats.Known++
		return
	}
	p.plan.tasks = append(p.plan.tasks, &task{Object: o})
}

func (p *planner) count(f func(*PlanStats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.plan.Stats)
}
