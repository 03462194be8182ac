package ingest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// unreadable fails the opening of all keys that have part in them.
func unreadable(part string) func(string) error {
	return func(key string) error {
		if strings.Contains(key, part) {
			return errBoom
		}
		return nil
	}
}

// bad names an object of an account that is not pair A's.
func bad(at time.Time, name string) string {
	return "AWSLogs/000000000666/GuardDuty/eu-west-1/" + at.Format("2006/01/02/") + name + ".jsonl.gz"
}

// TestAnAccountThatCannotBeReadStallsNoOther has two accounts. Of one nothing
// can be read for three days, in which it exports 40 objects an hour and the
// other one; then it can.
func TestAnAccountThatCannotBeReadStallsNoOther(t *testing.T) {
	c := newCloud(t)
	c.lookback = time.Hour
	c.openFault = unreadable("AWSLogs/000000000666/")
	start := c.now
	c.run()
	for h := 1; h <= 24*3; h++ {
		c.now = start.Add(time.Duration(h) * time.Hour)
		for i := range 40 {
			at := c.now.Add(-time.Duration(i) * time.Minute)
			c.put(bad(at, fmt.Sprint(h, "-", i)), at, fmt.Sprint("bad", h, "-", i))
		}
		good := fmt.Sprint("good", h)
		c.put(key(c.now, good), c.now.Add(-time.Minute), good)
		lists, opens := c.lists, c.opens
		s, err := c.job().Run(t.Context())
		var held *ingest.FoldersHeldError
		if !errors.As(err, &held) || !errors.Is(err, errBoom) ||
			!strings.Contains(err.Error(), "000000000666 eu-west-1 since") {
			t.Fatalf("hour %d: Run = %v, want the account and Region that are held", h, err)
		}
		if c.accepted[good] != 1 || !s.Watermark.Equal(c.now) {
			t.Fatalf("hour %d: the good finding was accepted %d times, watermark %v", h, c.accepted[good], s.Watermark)
		}
		if c.lists-lists > 20 || c.opens-opens > 50 || len(c.pending) > 0 || len(c.done) > 3*24 {
			t.Fatalf("hour %d: %d LISTs, %d GETs, %d pending, %d in the ledger",
				h, c.lists-lists, c.opens-opens, len(c.pending), len(c.done))
		}
	}
	c.openFault = nil
	if s := c.run(); s.Left != 0 || len(c.held) != 0 {
		t.Errorf("Run = %+v, held %v, want all delivered by the first run after the fault", s, c.held)
	}
	c.expect(1)
}

// TestOldDaysThatCannotBeReadHoldNothingBack looks 12 days back over days of
// which nothing can be read.
func TestOldDaysThatCannotBeReadHoldNothingBack(t *testing.T) {
	for _, perDay := range []int{1, 20, 120} {
		t.Run(fmt.Sprint(perDay, " a day"), func(t *testing.T) {
			c := newCloud(t)
			c.lookback = 12 * 24 * time.Hour
			for d := range 11 {
				at := today.AddDate(0, 0, -d).Add(30 * time.Minute)
				for i := range perDay {
					id := fmt.Sprintf("f%d-%d", d, i)
					if d > 5 {
						c.put(key(at, "old"+id), at.Add(time.Duration(i)*time.Second))
					} else {
						c.put(key(at, id), at.Add(time.Duration(i)*time.Second), id)
					}
				}
			}
			c.openFault = unreadable("/old")
			for range 3 {
				c.job().Run(t.Context())
				c.now = c.now.Add(5 * time.Minute)
			}
			c.expect(1)
			if perDay > 1 {
				return
			}
			for range 14 { // what cannot be read ends in quarantine
				c.now = c.now.Add(6 * time.Hour)
				id := fmt.Sprint("new", c.now)
				c.put(key(c.now, id), c.now.Add(-time.Minute), id)
				c.run()
			}
			if len(c.pending) != 0 || len(c.quarantined) != 5*perDay {
				t.Errorf("%d pending and %d quarantined, want none and %d",
					len(c.pending), len(c.quarantined), 5*perDay)
			}
		})
	}
}

// TestDeniedReadsUseUpNoAttempts denies everything for two days in which
// nothing is new. The objects that waited are read once they can be.
func TestDeniedReadsUseUpNoAttempts(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "good"), now.Add(-2*time.Minute), "good")
	for i := range 5 {
		c.put(key(today, fmt.Sprint("denied", i)), now.Add(-time.Minute), fmt.Sprint("denied", i))
	}
	c.openFault = unreadable("denied")
	c.run()
	c.openFault = unreadable("AWSLogs")
	failed := 0
	for range 12 * 48 {
		c.now = c.now.Add(5 * time.Minute)
		if _, err := c.job().Run(t.Context()); err != nil {
			failed++
		}
	}
	for _, p := range c.pending {
		if p.Attempts != 1 {
			t.Errorf("%s has %d attempts, want the 1 of before", p.Object.Key, p.Attempts)
		}
	}
	if len(c.quarantined) > 0 || failed < 500 {
		t.Errorf("quarantined %v, %d of 576 runs failed, want none and nearly all", c.quarantined, failed)
	}
	c.openFault = nil
	c.now = c.now.Add(6 * time.Hour)
	c.run()
	c.expect(1)
}

// TestArchivedObjectsAreQuarantinedUnread lists archived objects beside others: they are
// quarantined without a read.
func TestArchivedObjectsAreQuarantinedUnread(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "good"), now.Add(-time.Minute), "good")
	for i := range 200 {
		k := key(yesterday, fmt.Sprint("archived", i))
		c.put(k, now.Add(-20*time.Hour))
		o := c.objects[k]
		o.Archived = "GLACIER"
		c.objects[k] = o
	}
	s := c.run()
	c.expect(1)
	if s.Archived != 200 || s.BadObjects != 200 || s.Reads != 1 || c.opens != 1 || len(s.Keys) != 3 {
		t.Errorf("Run = %+v with %d reads, want 200 archived objects, the first three named, and 1 read", s, c.opens)
	}
}

// TestOneHeldFolderRecoversWithoutTheOthers makes two of three well again.
func TestOneHeldFolderRecoversWithoutTheOthers(t *testing.T) {
	c := newCloud(t)
	for i := range 3 {
		k := strings.Replace(bad(today, "a"), "666", fmt.Sprintf("60%d", i), 1)
		c.put(k, now.Add(-time.Minute), fmt.Sprint("f", i))
	}
	c.put(key(today, "good"), now.Add(-time.Minute), "good")
	c.openFault = unreadable("AWSLogs/0000000006")
	c.job().Run(t.Context())
	if len(c.held) != 3 {
		t.Fatalf("held %v, want 3 folders", c.held)
	}
	c.openFault = unreadable("AWSLogs/000000000602/")
	c.now = c.now.Add(10 * time.Minute)
	if _, err := c.job().Run(t.Context()); err == nil || len(c.held) != 1 ||
		c.accepted["f0"] != 1 || c.accepted["f1"] != 1 {
		t.Errorf("Run = %v, held %v, want one folder held and the others delivered", err, c.held)
	}
	c.openFault = nil
	c.now = c.now.Add(time.Hour)
	c.run()
	c.expect(1)
}

// TestHeldFoldersAreProbedLessAndLess counts the reads of runs with many held
// folders.
func TestHeldFoldersAreProbedLessAndLess(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "good"), now.Add(-time.Minute), "good")
	for i := range 30 {
		c.put(strings.Replace(bad(today, "a"), "000000000666", fmt.Sprintf("%012d", 600+i), 1), now.Add(-time.Minute))
	}
	c.openFault = unreadable("AWSLogs/0000000006")
	opens := 0
	for i := range 12 * 24 {
		before := c.opens
		c.job().Run(t.Context())
		if i >= 12*12 {
			opens += c.opens - before
		}
		c.now = c.now.Add(5 * time.Minute)
	}
	// Each once an hour, and one of them in every run.
	if most := 12*30 + 12*12; opens > most {
		t.Errorf("%d reads in 12 hours, want at most %d", opens, most)
	}
}
