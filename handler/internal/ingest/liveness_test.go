package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

// Run more, or one again, with: go test ./handler/internal/ingest -run Liveness
// -liveseeds 20000 or -liveseed 17.
var liveSchedules = newSchedules("Liveness", "live", 300)

// TestLiveness plays random schedules in which accounts, days and objects cannot
// be listed or read for a while, the table refuses in part, transactions are
// written in part, processes are killed, or frozen and overtaken by others,
// clocks differ, settings change and the watermark is moved by hand, all of it
// while runs continue. The findings of a healthy account are accepted by one of
// the next runs, whatever the state of the others, every run's calls are
// bounded, and once all is well nothing is missing.
func TestLiveness(t *testing.T) { liveSchedules.play(t, playLive) }

// The healthy account of every schedule, and the number of runs in which its
// findings arrive after their export: runs that a fault of all ports ends do
// not count.
const (
	healthy   = "000000000009/"
	promptly  = 3
	callLists = 300
	callOpens = 600
)

// live is one schedule.
type live struct {
	*model
	overlap  time.Duration
	skew     time.Duration        // how far our clock is ahead of the archive's
	denied   map[string]time.Time // folders whose objects cannot be read until then
	unlisted map[string]time.Time // folders that cannot be listed until then
	waiting  map[string]int       // findings of the healthy account: runs since their export
	badTable bool                 // the table refuses everything
	freezeAt int                  // where the next process freezes, counted by its gate; 0 for nowhere
	frozen   []*process
	sources  []*source       // by prefix; the first is the present one
	skipped  map[string]bool // keys of objects that the watermark was moved past by hand
}

func playLive(t *testing.T, seed uint64) {
	t.Helper()
	l := &live{
		model:   newModel(t, rand.NewPCG(seed, 11)),
		overlap: time.Hour, denied: map[string]time.Time{}, unlisted: map[string]time.Time{},
		waiting: map[string]int{}, skipped: map[string]bool{},
	}
	l.partial = true
	l.sources = []*source{l.source, newSource("exports")}
	l.maxRows = 200 + l.r.IntN(2000)
	l.lookback = time.Duration(1+l.r.IntN(8)) * 24 * time.Hour
	l.skew = time.Duration(l.r.IntN(25)-12) * time.Hour
	l.maxPair, l.maxTasks = unbounded, 0
	if l.r.IntN(3) == 0 {
		l.maxPair = int64(300 + l.r.IntN(1000))
	}
	if l.r.IntN(3) == 0 {
		l.maxTasks = 10 + l.r.IntN(20) // no fewer than there are pairs
	}
	l.openFault = l.cannotOpen
	l.listFault = l.cannotList
	for range l.sources { // their look-backs begin here
		l.liveRun()
		l.change()
	}
	for range 10 + l.r.IntN(30) {
		for range l.r.IntN(6) {
			l.export()
		}
		l.exportHealthy()
		l.disturb()
		l.liveRun()
		l.pass(time.Duration(1+l.r.IntN(90)) * time.Minute)
		if l.r.IntN(10) == 0 {
			l.pass(time.Duration(l.r.IntN(48)) * time.Hour)
		}
		if len(l.frozen) > 0 && l.r.IntN(3) == 0 {
			l.thaw()
		}
	}
	for range l.sources {
		l.endWell(seed)
		l.change()
	}
	for _, o := range l.objects { // what was given up lies in quarantine, whole
		if slices.Contains(l.quarantined, o.Key+":0") {
			if strings.Contains(o.Key, healthy) {
				t.Errorf("seed %d: %s of the healthy account is in quarantine", seed, o.Key)
			}
			delete(l.objects, o.Key)
		}
		if l.skipped[o.Key] {
			delete(l.objects, o.Key)
		}
	}
	l.judge(seed)
}

// endWell ends everything that is broken, and wants good runs that leave nothing.
func (l *live) endWell(seed uint64) {
	l.heal()
	l.maxPair = unbounded
	for i := range 6 {
		l.pass(7 * time.Hour) // later than the longest wait for a retry
		l.exportHealthy()
		if err := l.liveRun(); err != nil && i > 1 {
			l.t.Errorf("seed %d: run %d after all is well = %v", seed, i, err)
		}
	}
	for id := range l.done { // of a run that was overtaken
		delete(l.pending, id)
	}
	if len(l.held) != 0 || len(l.pending) != 0 {
		l.t.Errorf("seed %d: still held %v and pending %v", seed, l.held, l.pending)
	}
}

// exportHealthy puts one object of the account that nothing ever happens to.
func (l *live) exportHealthy() {
	id := fmt.Sprint(l.prefix, "healthy", l.calls, "-", len(l.objects))
	at := l.now.Add(-time.Duration(l.r.IntN(30)) * time.Minute).Truncate(time.Second)
	folder := guardduty.Root(l.prefix) + healthy + "GuardDuty/xx-region-0/" + at.Format("2006/01/02/")
	l.put(folder+id+".jsonl.gz", at, id)
	l.waiting[id] = 0
}

// liveRun is one process. Its predecessor is gone, or frozen for longer than its
// lease lasted.
func (l *live) liveRun() error {
	l.deliverFault = func(ids []string) (bool, []string, error) {
		if l.badTable {
			return true, ids, nil
		}
		return true, l.bad(ids), nil
	}
	job := l.job()
	job.Log = slog.New(slog.DiscardHandler)
	job.Fetchers, job.Uploaders = 1+l.r.IntN(4), 1+l.r.IntN(2)
	job.Overlap = l.overlap
	skew := l.skew
	job.Now = func() time.Time { return l.time().Add(skew) }
	job.Owner, job.OwnerGone = fmt.Sprint("run", l.calls), func(string) bool { return true }
	lists, opens := l.lists, l.opens
	l.step = l.next
	p := begin(context.WithoutCancel(l.t.Context()), job, l.freezeAt)
	l.freezeAt = 0
	if p.isFrozen() {
		l.frozen, l.overtaken, l.leftovers = append(l.frozen, p), true, true
		l.broken += 2 // what it delivered and did not record, and what it delivers when it wakes up
		l.dieAt = 0
		return nil
	}
	if l.lists-lists > callLists || l.opens-opens > callOpens {
		l.t.Errorf("a run made %d LISTs and %d GETs, want at most %d and %d", l.lists-lists, l.opens-opens,
			callLists, callOpens)
	}
	var held *ingest.FoldersHeldError
	global := p.err != nil && !errors.As(p.err, &held)
	if held != nil && len(p.summary.Held) != len(held.Held) {
		l.t.Errorf("Run = %v, and %d held in its summary", p.err, len(p.summary.Held))
	}
	if p.err != nil || p.summary.Pending > 0 || p.summary.Waiting > 0 || len(p.summary.Held)+len(p.summary.Capped) > 0 {
		l.broken++
	}
	if !global && l.dieAt == 0 {
		l.wantPrompt()
	}
	l.dieAt = 0
	clear(l.faults)
	return p.err
}

// wantPrompt wants the findings of the healthy account accepted soon.
func (l *live) wantPrompt() {
	for id, runs := range l.waiting {
		switch {
		case !strings.HasPrefix(id, l.prefix+"healthy"): // of the other prefix
		case l.accepted[id] > 0:
			delete(l.waiting, id)
		case runs >= promptly:
			l.t.Errorf("%s of the healthy account was not accepted by %d runs", id, runs)
		default:
			l.waiting[id] = runs + 1
		}
	}
}
