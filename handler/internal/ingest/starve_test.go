package ingest_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// slowly has every listing, or every object, of one account take a minute.
type slowly struct {
	archive
	account      string
	lists, opens bool
}

func (a slowly) wait(ctx context.Context, key string, slow bool) error {
	if !slow || !strings.Contains(key, a.account) {
		return nil
	}
	select {
	case <-time.After(time.Minute):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (a slowly) List(ctx context.Context, prefix, after string, limit int) (ingest.Page, error) {
	if err := a.wait(ctx, prefix, a.lists); err != nil {
		return ingest.Page{}, err
	}
	if a.lists && strings.Contains(prefix, a.account) {
		limit = min(limit, 2)
	}
	return a.archive.List(ctx, prefix, after, limit)
}

func (a slowly) Open(ctx context.Context, o ingest.Object) (io.ReadCloser, error) {
	if err := a.wait(ctx, o.Key, a.opens); err != nil {
		return nil, err
	}
	return a.archive.Open(ctx, o)
}

// at is the key of an object in the folder of an account today.
func (c *cloud) at(account, name string) string {
	return "AWSLogs/" + account + "/GuardDuty/eu-west-1/" + c.now.UTC().Format("2006/01/02/") + name + ".jsonl.gz"
}

// beside makes runs of half an hour every few hours, of a writer's account that is
// slow and another that has one new finding each time, which has to arrive.
func beside(t *testing.T, runs int, every time.Duration, slow slowly, write func(c *cloud, run int)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		c := newCloud(t)
		slow.archive, slow.account = archive{c}, writer
		for i := range runs {
			c.now = time.Now()
			begun := c.now
			write(c, i)
			id := fmt.Sprint("v", i)
			c.put(c.at(victim, id), c.now.Add(-time.Minute), id)
			job := c.job()
			job.Archive, job.Budget, job.Now = slow, 30*time.Minute, time.Now
			s, err := job.Run(t.Context())
			if err != nil && !strings.HasPrefix(err.Error(), writer) {
				t.Errorf("run %d = %v, want no error but about %s", i, err, writer)
			}
			if c.accepted[id] != 1 {
				t.Errorf("run %d: %s of the other account was accepted %d times, want once; lag %v, %d days left",
					i, id, c.accepted[id], s.Lag, s.WindowsLeft)
			}
			time.Sleep(every - time.Since(begun))
		}
	})
}

// TestAccountThatTakesLongToListDelaysNoOther has many Regions of one account, each
// with more than a page.
func TestAccountThatTakesLongToListDelaysNoOther(t *testing.T) {
	beside(t, 24, 6*time.Hour, slowly{lists: true}, func(c *cloud, run int) {
		for i := 0; run == 0 && i < 60; i++ {
			c.putBody(in(writer, fmt.Sprintf("xx-made-%d", i), "x"), now.Add(-time.Hour), zipped(finding("w")))
		}
	})
}

// TestSlowFloodDelaysNoOther has more objects that take long than any run reads.
func TestSlowFloodDelaysNoOther(t *testing.T) {
	n := 0
	beside(t, 24, 4*time.Hour, slowly{opens: true}, func(c *cloud, _ int) {
		for range 600 {
			n++
			c.putBody(c.at(writer, fmt.Sprint(n)), c.now.Add(-time.Second), zipped(finding("w")))
		}
	})
}

// TestSlowFloodStarvesNoBacklogAndNoRetry has an account with a backlog, and one
// with an object that failed once, beside such a flood.
func TestSlowFloodStarvesNoBacklogAndNoRetry(t *testing.T) {
	const folder = "AWSLogs/333333333333/GuardDuty/eu-west-1/"
	n := 0
	beside(t, 5, time.Hour, slowly{opens: true}, func(c *cloud, run int) {
		for range 300 {
			n++
			c.putBody(c.at(writer, fmt.Sprint(n)), c.now.Add(-time.Second), zipped(finding("w")))
		}
		c.openFault = nil
		switch run {
		case 1:
			c.put(folder+"2026/11/21/old.jsonl.gz", now.Add(-10*time.Hour), "old")
			c.holds++
			c.held[folder] = ingest.Held{
				Folder: folder, Since: now, Mark: now.Add(-24 * time.Hour), Floor: now.Add(-25 * time.Hour), Until: now,
				Next: now, Version: fmt.Sprint(c.holds),
			}
			c.put(c.at(victim, "again"), c.now.Add(-time.Minute), "again")
			c.openFault = func(key string) error {
				if strings.Contains(key, "/again.") {
					return errBoom
				}
				return nil
			}
		case 4:
			if c.accepted["old"] != 1 || c.accepted["again"] != 1 {
				c.t.Errorf("after three more runs accepted the backlog %d times and the retry %d times, want once",
					c.accepted["old"], c.accepted["again"])
			}
		}
	})
}

// TestRunsTooShortForALongListingAreGood has a backlog of which a run lists some
// days only.
func TestRunsTooShortForALongListingAreGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		c := newCloud(t)
		c.lookback = 30 * 24 * time.Hour
		for i := range 28 {
			at := now.AddDate(0, 0, -i)
			folder := "AWSLogs/" + victim + "/GuardDuty/eu-west-1/" + at.Format("2006/01/02/")
			c.put(folder+"x.jsonl.gz", at, fmt.Sprint("v", i))
		}
		for runs := 0; len(c.accepted) < 28; runs++ {
			c.now = time.Now()
			job := c.job()
			job.Archive = slowly{archive: archive{c}, account: victim, lists: true}
			job.Budget, job.Now = 20*time.Minute, time.Now
			if s, err := job.Run(t.Context()); err != nil || runs > 10 {
				t.Fatalf("run %d = %+v, %v", runs, s, err)
			}
		}
		c.expect(1)
	})
}

// TestCeilingLeavesHalfToTheBacklog sends twice the ceiling each run.
func TestCeilingLeavesHalfToTheBacklog(t *testing.T) {
	c := newCloud(t)
	c.maxPair = 400
	n := 0
	for range 16 {
		for range 60 {
			n++
			c.put(c.at(writer, fmt.Sprint(n)), c.now.Add(-time.Minute), fmt.Sprint("w", n))
		}
		c.run()
		c.now = c.now.Add(3 * time.Hour)
	}
	for folder, h := range c.held {
		if begin := now.Add(-24 * time.Hour); !h.Mark.After(begin) {
			t.Errorf("the mark of %s stands at %v, want it after %v", folder, h.Mark, begin)
		}
	}
	if len(c.held) != 1 {
		t.Errorf("%d folders with a backlog, want 1", len(c.held))
	}
}

func TestAccountsThatAreNotReadAreNotHeld(t *testing.T) {
	c := newCloud(t)
	c.put(in(victim, "eu-west-1", "v"), now.Add(-time.Minute), "v")
	c.put(in(writer, "eu-west-1", "w"), now.Add(-time.Minute), "w")
	c.listFault = func(prefix string) error {
		if strings.Contains(prefix, writer) {
			return errBoom
		}
		return nil
	}
	if _, err := c.job().Run(t.Context()); err == nil {
		t.Fatal("Run = nil, want an error about the held account")
	}
	c.now = c.now.Add(2 * time.Hour)
	job := c.job()
	job.Accounts = []string{victim}
	if s, err := job.Run(t.Context()); err != nil || len(s.Held) > 0 {
		t.Errorf("Run = %v with %d held, want neither", err, len(s.Held))
	}
}

// TestStoppedRunHoldsNoFolder stops a run while it lists a folder that takes long.
func TestStoppedRunHoldsNoFolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		c := newCloud(t)
		for i := range 60 {
			c.putBody(in(writer, fmt.Sprintf("xx-made-%d", i), "x"), now.Add(-time.Hour), zipped(finding("w")))
		}
		c.put(c.at(victim, "v"), now.Add(-time.Minute), "v")
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(12*time.Minute, stop)
		job := c.job()
		job.Archive = slowly{archive: archive{c}, account: writer, lists: true}
		job.Budget, job.Now = 30*time.Minute, time.Now
		if s, err := job.Run(ctx); err != nil || len(c.held) > 0 {
			t.Errorf("Run = %+v, %v, held %v, want no error and nothing held", s, err, c.held)
		}
	})
}
