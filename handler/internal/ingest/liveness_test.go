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

	"guardduty-sentinel/handler/internal/ingest"
)

// Run more, or one again, with: go test ./handler/internal/ingest -run Liveness
// -liveseeds 20000 or -liveseed 17.
var liveSchedules = newSchedules("Liveness", "live", 300)

// TestLiveness plays random schedules in which accounts, days and objects cannot
// be listed or read for a while, the table refuses in part, processes are
// killed, clocks differ and settings change, all of it while runs continue. The
// findings of a healthy account are accepted by one of the next runs, whatever
// the state of the others, every run's calls are bounded, and once all is well
// nothing is missing.
func TestLiveness(t *testing.T) { liveSchedules.play(t, playLive) }

// The healthy account of every schedule, and the number of runs in which its
// findings arrive after their export: runs that a fault of all ports ends do
// not count.
const (
	healthy   = "AWSLogs/000000000009/"
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
	archived map[string]bool
}

func playLive(t *testing.T, seed uint64) {
	t.Helper()
	l := &live{
		model:   &model{cloud: newCloud(t), r: rand.New(rand.NewPCG(seed, 11))},
		overlap: time.Hour, denied: map[string]time.Time{}, unlisted: map[string]time.Time{},
		waiting: map[string]int{}, archived: map[string]bool{},
	}
	l.maxRows = 200 + l.r.IntN(2000)
	l.lookback = time.Duration(1+l.r.IntN(8)) * 24 * time.Hour
	l.skew = time.Duration(l.r.IntN(25)-12) * time.Hour
	l.openFault = l.cannotOpen
	l.listFault = l.cannotList
	l.deliverFault = func(ids []string) (bool, []string, error) { return true, l.bad(ids), nil }
	l.liveRun() // the look-back begins here
	for range 10 + l.r.IntN(30) {
		for range l.r.IntN(6) {
			l.export()
		}
		l.exportHealthy()
		l.disturb()
		l.liveRun()
		l.now = l.now.Add(time.Duration(1+l.r.IntN(90)) * time.Minute)
		if l.r.IntN(10) == 0 {
			l.now = l.now.Add(time.Duration(l.r.IntN(48)) * time.Hour)
		}
	}
	l.heal()
	for i := range 6 {
		l.now = l.now.Add(7 * time.Hour) // later than the longest wait for a retry
		l.exportHealthy()
		if err := l.liveRun(); err != nil && i > 1 {
			t.Errorf("seed %d: run %d after all is well = %v", seed, i, err)
		}
	}
	for _, o := range l.objects { // what was given up lies in quarantine, whole
		if slices.Contains(l.quarantined, o.Key+":0") {
			if strings.HasPrefix(o.Key, healthy) {
				t.Errorf("seed %d: %s of the healthy account is in quarantine", seed, o.Key)
			}
			delete(l.objects, o.Key)
		}
	}
	l.judge(seed)
	if len(l.held) != 0 {
		t.Errorf("seed %d: still held: %v", seed, l.held)
	}
}

// exportHealthy puts one object of the account that nothing ever happens to.
func (l *live) exportHealthy() {
	id := fmt.Sprint("healthy", l.calls, "-", len(l.objects))
	at := l.now.Add(-time.Duration(l.r.IntN(30)) * time.Minute).Truncate(time.Second)
	l.put(fmt.Sprintf("%sGuardDuty/region-0/%s/%s.jsonl.gz", healthy, at.Format("2006/01/02"), id), at, id)
	l.waiting[id] = 0
}

// disturb breaks something for a while.
func (l *live) disturb() {
	until := l.now.Add(time.Duration(l.r.IntN(72)) * time.Hour)
	account := fmt.Sprintf("AWSLogs/%012d/", l.r.IntN(3))
	pair := fmt.Sprintf("%sGuardDuty/region-%d/", account, l.r.IntN(2))
	switch l.r.IntN(16) {
	case 0:
		l.denied[account] = until
	case 1:
		l.denied[pair] = until
	case 2:
		l.denied[pair+l.now.AddDate(0, 0, -l.r.IntN(3)).Format("2006/01/02/")] = until
	case 3:
		for _, key := range l.someKeys(3) {
			l.denied[key] = until
		}
	case 4:
		l.unlisted[account] = until
	case 5:
		l.unlisted[pair] = until
	case 6:
		for _, key := range l.someKeys(2) {
			o := l.objects[key]
			o.Archived = "GLACIER"
			l.objects[key] = o
		}
	case 7, 8:
		l.dieAt, l.dieAfter = l.calls+1+l.r.IntN(40), l.r.IntN(2) == 0
	case 9:
		l.overlap = []time.Duration{time.Hour, 3 * time.Hour, 24 * time.Hour}[l.r.IntN(3)]
	case 10:
		l.skew = time.Duration(l.r.IntN(25)-12) * time.Hour
	case 11:
		l.badTable = !l.badTable
	case 12:
		l.faults[[]string{"Record", "Hold", "Unhold", "Advance", "Prune", "Recorded", "Load"}[l.r.IntN(7)]] =
			[]string{"refused", "answer lost"}[l.r.IntN(2)]
	}
}

// someKeys are keys of objects that are not of the healthy account.
func (l *live) someKeys(n int) []string {
	var keys []string
	for key := range l.objects {
		if !strings.HasPrefix(key, healthy) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	l.r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return keys[:min(n, len(keys))]
}

func (l *live) cannotOpen(key string) error {
	for prefix, until := range l.denied {
		if strings.HasPrefix(key, prefix) && l.now.Before(until) {
			return errBoom
		}
	}
	return nil
}

func (l *live) cannotList(prefix string) error {
	for folder, until := range l.unlisted {
		if strings.HasPrefix(prefix, folder) && l.now.Before(until) {
			return errBoom
		}
	}
	return nil
}

// heal ends everything that is broken.
func (l *live) heal() {
	clear(l.denied)
	clear(l.unlisted)
	clear(l.faults)
	l.dieAt, l.badTable = 0, false
}

// liveRun is one process. Its predecessor is gone.
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
	job.Now = func() time.Time { return l.now.Add(l.skew) }
	job.Owner, job.OwnerGone = fmt.Sprint("run", l.calls), func(string) bool { return true }
	lists, opens := l.lists, l.opens
	l.step = l.next
	s, err := job.Run(context.WithoutCancel(l.t.Context()))
	if l.lists-lists > callLists || l.opens-opens > callOpens {
		l.t.Errorf("a run made %d LISTs and %d GETs, want at most %d and %d", l.lists-lists, l.opens-opens,
			callLists, callOpens)
	}
	var held *ingest.FoldersHeldError
	global := err != nil && !errors.As(err, &held)
	if err != nil || s.Pending > 0 || s.Waiting > 0 || len(s.Held) > 0 {
		l.broken++
	}
	if !global && l.dieAt == 0 {
		l.wantPrompt()
	}
	l.dieAt = 0
	clear(l.faults)
	return err
}

// wantPrompt wants the findings of the healthy account accepted soon.
func (l *live) wantPrompt() {
	for id, runs := range l.waiting {
		switch {
		case l.accepted[id] > 0:
			delete(l.waiting, id)
		case runs >= promptly:
			l.t.Errorf("%s of the healthy account was not accepted by %d runs", id, runs)
		default:
			l.waiting[id] = runs + 1
		}
	}
}
