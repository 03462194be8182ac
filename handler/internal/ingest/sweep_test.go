package ingest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// nextDay makes a first run, and sets the clock to when a sweep is due.
func (c *cloud) nextDay() {
	c.lookback = 10 * 24 * time.Hour
	c.put(key(today, "a"), c.now.Add(-time.Minute), "a")
	c.put(in(victim, "eu-west-1", "v"), c.now.Add(-time.Minute), "v")
	c.run()
	c.now = c.now.Add(24*time.Hour + time.Minute)
}

// dayBefore is noon, so many days before today.
func (c *cloud) dayBefore(n int) time.Time {
	return c.now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -n).Add(12 * time.Hour)
}

func TestSweepThatReachesTheCeilingGoesOn(t *testing.T) {
	c := newCloud(t)
	c.maxPair = 200
	c.nextDay()
	for i := range 40 {
		c.put(key(c.dayBefore(3), fmt.Sprint("late", i)), c.dayBefore(3), fmt.Sprint("l", i))
	}
	for i := range 5 {
		s := c.run()
		if want := i > 1; (s.Outcome() == "ok") != want {
			t.Errorf("run %d = %s, %d left, want ok: %v", i, s.Outcome(), s.Left, want)
		}
		c.now = c.now.Add(time.Hour)
	}
	c.expect(1)
}

// TestFloodOfOneAccountKeepsNoSweepFromOthers has one account send more than a
// run takes of it while a late object of another waits.
func TestFloodOfOneAccountKeepsNoSweepFromOthers(t *testing.T) {
	c := newCloud(t)
	c.maxPair = 200
	c.nextDay()
	c.put(key(c.dayBefore(2), "late"), c.dayBefore(2), "late")
	n := 0
	for range 8 {
		for range 40 {
			n++
			flood := "AWSLogs/" + writer + "/GuardDuty/eu-west-1/" + c.now.Format("2006/01/02/")
			c.putBody(flood+fmt.Sprint(n)+".jsonl.gz", c.now.Add(-time.Minute), zipped(finding(fmt.Sprint("w", n))))
		}
		c.run()
		c.now = c.now.Add(time.Hour)
	}
	if c.accepted["late"] != 1 {
		t.Errorf("the late object of another account was accepted %d times, want once", c.accepted["late"])
	}
}

func TestWhatIsCopiedBackIsSweptOnce(t *testing.T) {
	c := newCloud(t)
	c.nextDay()
	c.put(key(c.dayBefore(2), "restored"), c.now, "restored")
	for range 12 {
		c.now = c.now.Add(6 * time.Hour)
		c.run()
	}
	c.expect(1)
}

// TestSweepComesAgainWhereAFolderFailed fails the one sweep that would see a late
// object, in the oldest folder.
func TestSweepComesAgainWhereAFolderFailed(t *testing.T) {
	for _, how := range []string{"open", "list"} {
		t.Run(how, func(t *testing.T) {
			c := newCloud(t)
			c.nextDay()
			c.put(key(c.dayBefore(3), "late"), c.dayBefore(3), "late")
			lists := 0
			c.openFault = func(k string) error {
				if how == "open" && strings.HasPrefix(k, pairA) {
					return errBoom
				}
				return nil
			}
			c.listFault = func(prefix string) error {
				if strings.Contains(prefix, "111122223333") {
					if lists++; how == "list" && lists > 1 { // the first is of what is new
						return errBoom
					}
				}
				return nil
			}
			if _, err := c.job().Run(t.Context()); err != nil {
				t.Errorf("Run = %v, want no error: what is new could be read", err)
			}
			c.openFault, c.listFault = nil, nil
			c.now = c.now.Add(2 * time.Hour)
			c.run()
			c.expect(1)
		})
	}
}

func TestQuarantineThatCannotBePrunedFailsNoRun(t *testing.T) {
	c := newCloud(t)
	c.nextDay()
	c.faults["PruneQuarantine"] = "refused"
	c.run()
	if !c.mark.Swept.Equal(c.now) {
		t.Errorf("Swept = %v, want %v", c.mark.Swept, c.now)
	}
}
