package ingest_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

// disturb breaks something for a while, or changes a setting.
func (l *live) disturb() {
	until := l.now.Add(time.Duration(l.r.IntN(72)) * time.Hour)
	account := fmt.Sprintf("%s%012d/", guardduty.Root(l.prefix), l.r.IntN(3))
	pair := fmt.Sprintf("%sGuardDuty/xx-region-%d/", account, l.r.IntN(2))
	switch l.r.IntN(23) {
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
		if len(l.frozen) == 0 { // docs/design.md, "What is not promised"
			l.badTable = !l.badTable
		}
	case 12:
		l.faults[[]string{"Record", "Hold", "Unhold", "Relist", "Advance", "Prune", "Recorded", "Load"}[l.r.IntN(8)]] =
			[]string{"refused", "answer lost"}[l.r.IntN(2)]
	case 13:
		l.faults["Record"] = inPart
	case 14, 15, 16:
		l.freezeAt = 1 + l.r.IntN(100)
	case 17:
		l.moveWatermark(l.mark.Time.Add(-time.Duration(l.r.IntN(72)) * time.Hour))
	case 18:
		ahead := max(1, l.now.Sub(l.mark.Time)/time.Second)
		l.moveWatermark(l.mark.Time.Add(time.Duration(l.r.Int64N(int64(ahead))) * time.Second))
	case 19, 20:
		l.change()
	}
}

// change changes S3_PREFIX.
func (l *live) change() {
	if len(l.frozen) > 0 {
		return // the doubles know one prefix at a time
	}
	l.sources = append(l.sources[1:], l.sources[0])
	l.source = l.sources[0]
}

// moveWatermark moves the watermark by hand, as docs/operations.md has it: the row
// has no more than a time then. What it is moved past is skipped.
func (l *live) moveWatermark(to time.Time) {
	l.marks++
	l.mark = ingest.Mark{Time: to, Version: fmt.Sprint("by hand ", l.marks)}
	l.broken++ // what the ledger has forgotten is delivered again
	for key, o := range l.objects {
		_, done := l.done[o.ID()]
		_, waits := l.pending[o.ID()]
		if _, ok := guardduty.ParseKey(guardduty.Root(l.prefix), key); !ok || done || waits || l.cares(o.Object) ||
			o.LastModified.After(to) {
			continue
		}
		l.skipped[key] = true
		for _, id := range o.ids {
			delete(l.waiting, id)
		}
	}
}

// someKeys are keys of objects that are not of the healthy account.
func (l *live) someKeys(n int) []string {
	var keys []string
	for key := range l.objects {
		if strings.HasPrefix(key, guardduty.Root(l.prefix)) && !strings.Contains(key, healthy) {
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
	l.thaw()
	clear(l.denied)
	clear(l.unlisted)
	clear(l.faults)
	l.dieAt, l.freezeAt, l.badTable = 0, 0, false
}

// pass lets time pass.
func (l *live) pass(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = l.now.Add(d)
}

// time is for processes that may be at work while time passes.
func (l *live) time() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}
