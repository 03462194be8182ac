package ingest_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// TestAnObjectThatKillsTheProcessIsQuarantined kills the process each time it
// opens one object. The others are delivered meanwhile, and no other is
// quarantined.
func TestAnObjectThatKillsTheProcessIsQuarantined(t *testing.T) {
	for name, at := range map[string]time.Time{
		"the oldest": now.Add(-2 * time.Hour), "the newest": now.Add(-time.Second),
		"in the middle": now.Add(-20 * time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			for i := range 40 {
				c.put(key(today, fmt.Sprint("good", i)), now.Add(-time.Duration(i)*time.Minute), fmt.Sprint("good", i))
			}
			poison := key(today, "poison")
			c.put(poison, at)
			c.openFault = func(k string) error {
				if k == poison {
					c.dieAt, c.dieAfter = c.calls, true
					return errDead
				}
				return nil
			}
			runs := 0
			for ; len(c.quarantined) == 0 && runs < 20; runs++ {
				c.dieAt = 0
				job := c.job()
				job.Owner, job.OwnerGone = fmt.Sprint("run", runs), func(string) bool { return true }
				job.Run(t.Context())
				c.now = c.now.Add(5 * time.Minute)
			}
			if want := []string{poison + ":0"}; !slices.Equal(c.quarantined, want) || runs > 8 {
				t.Errorf("after %d runs quarantined %v, want %v within 8", runs, c.quarantined, want)
			}
			for i := range 40 {
				if n := c.accepted[fmt.Sprint("good", i)]; n < 1 || n > 4 {
					t.Errorf("good%d was accepted %d times", i, n)
				}
			}
			c.openFault = nil
			opens := c.opens
			c.run()
			if c.opens != opens || c.lease != nil {
				t.Errorf("the next run read %d objects, lease %v, want none and none", c.opens-opens, c.lease)
			}
		})
	}
}

// TestKillsAtAnyTimeBlameNoObject kills every run at some call, as a host does
// that is at fault itself. The same object is open at several of the kills.
func TestKillsAtAnyTimeBlameNoObject(t *testing.T) {
	for seed := range uint64(3) {
		c, r := newCloud(t), rand.New(rand.NewPCG(seed, 1))
		run := func() error {
			job := c.job()
			job.Log = slog.New(slog.DiscardHandler)
			job.Owner, job.OwnerGone = fmt.Sprint("run", c.calls), func(string) bool { return true }
			_, err := job.Run(t.Context())
			c.now = c.now.Add(time.Minute)
			return err
		}
		for i := range 120 {
			for j := range 4 {
				name := fmt.Sprint(i, "-", j)
				c.put(key(c.now, name), c.now.Add(-time.Duration(r.IntN(600))*time.Second).Truncate(time.Second), name)
			}
			c.dieAt, c.dieAfter = c.calls+1+r.IntN(30), r.IntN(2) == 0
			run()
		}
		c.dieAt = 0
		if err := run(); err != nil || len(c.quarantined) > 0 {
			t.Errorf("seed %d: Run = %v, quarantined %v, want nil and none", seed, err, c.quarantined)
		}
		for _, o := range c.objects {
			if c.accepted[o.ids[0]] == 0 {
				t.Errorf("seed %d: %s was not accepted", seed, o.ids[0])
			}
		}
	}
}

// TestCarefulRunsThatEndInOrderBlameNoObject has each of them come to an end,
// though the table takes nothing.
func TestCarefulRunsThatEndInOrderBlameNoObject(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "a"), now.Add(-time.Minute), "a")
	c.deliverFault = func([]string) (bool, []string, error) { return false, nil, errBoom }
	for range 4 {
		c.lease = &ingest.Lease{Owner: "dead", Crashes: 2, Version: "dead"}
		job := c.job()
		job.OwnerGone = func(string) bool { return true }
		if _, err := job.Run(t.Context()); !errors.Is(err, errBoom) {
			t.Errorf("Run = %v, want %v", err, errBoom)
		}
		c.now = c.now.Add(5 * time.Minute)
	}
	c.deliverFault = nil
	c.run()
	c.expect(1)
	if len(c.quarantined) > 0 {
		t.Errorf("quarantined %v, want nothing: no process ended while it was read", c.quarantined)
	}
}

// TestAnObjectThatGetsFurtherIsNotBlamed kills every run in the middle of one
// large object, every other one before it gets any further.
func TestAnObjectThatGetsFurtherIsNotBlamed(t *testing.T) {
	c := newCloud(t)
	const n = 3000
	c.maxRows = 2000
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprint("f", i))
	}
	c.put(key(today, "huge"), now.Add(-time.Minute), ids...)
	settled := func() int { return c.pending[c.objects[key(today, "huge")].ID()].Lines }
	runs := 0
	for ; len(c.done) == 0 && runs < 100; runs++ {
		before, further := settled(), runs%2 == 1
		c.deliverFault = func([]string) (bool, []string, error) {
			if runs < 20 && (!further || settled() > before) {
				c.dieAt = c.calls
			}
			return true, nil, nil
		}
		c.dieAt = 0
		job := c.job()
		job.Log = slog.New(slog.DiscardHandler)
		job.Owner, job.OwnerGone = fmt.Sprint("run", runs), func(string) bool { return true }
		job.Run(t.Context())
		c.now = c.now.Add(time.Minute)
	}
	if len(c.quarantined) > 0 || runs < 7 || len(c.accepted) != n {
		t.Errorf("after %d runs quarantined %v, %d of %d accepted", runs, c.quarantined, len(c.accepted), n)
	}
}

// TestAPartFilledBatchLeavesInTime reads so slowly that a batch takes minutes to
// fill.
func TestAPartFilledBatchLeavesInTime(t *testing.T) { synctest.Test(t, partFilled) }

func partFilled(t *testing.T) {
	c := newCloud(t)
	for i := range 60 {
		c.put(key(today, fmt.Sprint(i)), now.Add(-time.Minute), fmt.Sprint(i))
	}
	c.maxRows = 1 << 20
	start := time.Now()
	c.bodyFault = func(_ string, r io.Reader) io.Reader { return slow{r, 2 * time.Second} }
	var after time.Duration
	c.deliverFault = func([]string) (bool, []string, error) {
		if after == 0 {
			after = time.Since(start)
		}
		return true, nil, nil
	}
	job := c.job()
	job.Fetchers = 1
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after < 10*time.Second || after > 16*time.Second {
		t.Errorf("the first batch left after %v, want from 10 to about 15 seconds", after)
	}
	c.expect(1)
}

// TestLogLinesOfARunAreBounded quarantines and fails many objects.
func TestLogLinesOfARunAreBounded(t *testing.T) {
	c := newCloud(t)
	var log strings.Builder
	for i := range 500 {
		c.putBody(key(today, fmt.Sprint("bad", i)), now.Add(-time.Minute), []byte("<html>\n"))
		c.put(key(today, fmt.Sprint("denied", i)), now.Add(-time.Minute))
	}
	c.openFault = unreadable("denied")
	job := c.job()
	job.Log = logInto(&log)
	job.Run(t.Context())
	if n := strings.Count(log.String(), "\n"); n > 50 || n < 30 {
		t.Errorf("%d log lines, want some of each kind", n)
	}
}
