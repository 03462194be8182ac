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
			if i > 0 && s.Watermark.Before(begun) {
				t.Errorf("run %d: the watermark stands at %v", i, s.Watermark)
			}
			time.Sleep(every - time.Since(begun))
		}
	})
}

// TestAccountThatTakesLongToListDelaysNoOther has many Regions of one account, each
// with more than a page.
func TestAccountThatTakesLongToListDelaysNoOther(t *testing.T) {
	beside(t, 12, 6*time.Hour, slowly{lists: true}, func(c *cloud, run int) {
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

// TestRunsTooShortForALongListingAreGood has backlogs of which a run lists some
// days only, one of them of a slower account: that is not held for it.
func TestRunsTooShortForALongListingAreGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		c := newCloud(t)
		c.lookback = 30 * 24 * time.Hour
		for i := range 28 {
			at := now.AddDate(0, 0, -i)
			for _, account := range []string{victim, writer} {
				folder := "AWSLogs/" + account + "/GuardDuty/eu-west-1/" + at.Format("2006/01/02/")
				c.put(folder+"x.jsonl.gz", at, fmt.Sprint(account[:1], "-", i))
			}
		}
		for runs := 0; len(c.accepted) < 56; runs++ {
			c.now = time.Now()
			job := c.job()
			job.Archive = slowly{archive: archive{c}, account: writer, lists: true}
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

// TestAccountsThatAreNotReadAreNotHeld leaves an account out that is held, with an
// object that is pending.
func TestAccountsThatAreNotReadAreNotHeld(t *testing.T) {
	c := newCloud(t)
	c.put(in(victim, "eu-west-1", "v"), now.Add(-time.Minute), "v")
	c.put(in(writer, "eu-west-1", "good"), now.Add(-time.Minute), "good")
	c.put(in(writer, "eu-west-1", "bad"), now.Add(-time.Minute), "bad")
	broken := "/bad."
	c.openFault = func(key string) error {
		if strings.Contains(key, writer) && strings.Contains(key, broken) {
			return errBoom
		}
		return nil
	}
	c.run()
	broken = writer // now nothing of it can be read
	c.now = c.now.Add(10 * time.Minute)
	if _, err := c.job().Run(t.Context()); err == nil || len(c.pending) != 1 {
		t.Fatalf("Run = %v with %d pending, want an error about the held account and one", err, len(c.pending))
	}
	for range 3 {
		c.now = c.now.Add(2 * time.Hour)
		job := c.job()
		job.Accounts = []string{victim}
		if s, err := job.Run(t.Context()); err != nil || len(s.Held) > 0 {
			t.Errorf("Run = %v with %d held, want neither", err, len(s.Held))
		}
	}
}

// TestWhatIsReadAgainIsNotSentAgain leaves an account with a backlog out for longer
// than the ledger keeps what is old.
func TestWhatIsReadAgainIsNotSentAgain(t *testing.T) {
	c := newCloud(t)
	c.maxPair = 200
	for i := range 60 {
		c.put(in(writer, "eu-west-1", fmt.Sprint(i)), now.Add(-time.Minute), fmt.Sprint("w", i))
	}
	c.put(in(victim, "eu-west-1", "v"), now.Add(-time.Minute), "v")
	c.run()
	for range 8 {
		c.now = c.now.Add(24 * time.Hour)
		c.put(c.at(victim, "v"), c.now.Add(-time.Minute), c.now.Format("v02"))
		job := c.job()
		job.Accounts = []string{victim}
		if _, err := job.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 12 {
		c.now = c.now.Add(time.Hour)
		c.run()
	}
	c.expect(1)
}

// TestManyRegionsOfOneAccountAreLeftAsOne reads slow objects of many Regions until
// the time ends.
func TestManyRegionsOfOneAccountAreLeftAsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		c := newCloud(t)
		for i := range 400 {
			key := in(writer, fmt.Sprintf("xx-made-%d", i%40), fmt.Sprint(i))
			c.putBody(key, now.Add(-time.Hour), zipped(finding("w")))
		}
		c.put(c.at(victim, "v"), now.Add(-time.Minute), "v")
		job := c.job()
		job.Archive = slowly{archive: archive{c}, account: writer, opens: true}
		job.Budget, job.Now = 30*time.Minute, time.Now
		s, err := job.Run(t.Context())
		if _, left := c.held["AWSLogs/"+writer+"/"]; err != nil || !left || len(c.held) != 1 {
			t.Errorf("Run = %v, held %v, want one row for the account", err, c.held)
		}
		if !s.Watermark.Equal(now) {
			t.Errorf("watermark %v, want %v", s.Watermark, now)
		}
	})
}

// TestOnlyAccountIsNotHeldForItsLength has an organization with one account, for
// which no other waits.
func TestOnlyAccountIsNotHeldForItsLength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		c := newCloud(t)
		for i := range 60 {
			key := in("o-a1b2c3d4e5/"+writer, fmt.Sprintf("xx-made-%d", i), "x")
			c.putBody(key, now.Add(-time.Hour), zipped(finding("w")))
		}
		job := c.job()
		job.Archive = slowly{archive: archive{c}, account: writer, lists: true}
		job.Budget, job.Now = 30*time.Minute, time.Now
		if _, err := job.Run(t.Context()); err != nil || len(c.held) > 0 {
			t.Errorf("Run = %v, held %v, want neither", err, c.held)
		}
	})
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

// TestSlowBacklogStarvesNoOther has two backlogs, the first of an account whose
// objects take more time than any run has.
func TestSlowBacklogStarvesNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		c := newCloud(t)
		c.put(key(today, "a"), now.Add(-time.Minute), "a")
		c.run()
		for _, account := range []string{writer, victim} {
			c.holds++
			h := ingest.Held{
				Folder: "AWSLogs/" + account + "/GuardDuty/eu-west-1/", Since: now, Until: now, Next: now,
				Mark: now.Add(-24 * time.Hour), Floor: now.Add(-25 * time.Hour), Version: fmt.Sprint(c.holds),
			}
			c.held[h.Folder] = h
		}
		for i := range 5000 {
			c.putBody(c.at(writer, fmt.Sprint(i)), now.Add(-10*time.Hour), zipped(finding("w")))
		}
		c.put(c.at(victim, "v"), now.Add(-10*time.Hour), "v")
		job := c.job()
		job.Archive = slowly{archive: archive{c}, account: writer, opens: true}
		job.Budget, job.Now = 30*time.Minute, time.Now
		if _, err := job.Run(t.Context()); err != nil || c.accepted["v"] != 1 {
			t.Errorf("Run = %v, the backlog of the other account was accepted %d times, want once",
				err, c.accepted["v"])
		}
	})
}
