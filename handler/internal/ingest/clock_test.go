package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// skewed is the archive with a clock of its own.
type skewed struct {
	archive
	by time.Duration
}

func (s skewed) List(ctx context.Context, prefix, after string, limit int) (ingest.Page, error) {
	page, err := s.archive.List(ctx, prefix, after, limit)
	page.Time = page.Time.Add(s.by)
	return page, err
}

func (s skewed) Folders(ctx context.Context, prefix string) ([]string, time.Time, error) {
	folders, now, err := s.archive.Folders(ctx, prefix)
	return folders, now.Add(s.by), err
}

// TestTheWatermarkIsNeverAheadOfTheArchive begins with an empty bucket, and a
// clock that is ahead of the archive's by more than the overlap.
func TestTheWatermarkIsNeverAheadOfTheArchive(t *testing.T) {
	for _, tt := range []struct{ ahead, overlap time.Duration }{
		{90 * time.Second, time.Minute}, {2 * time.Hour, time.Hour}, {-2 * time.Hour, time.Hour},
	} {
		c := newCloud(t)
		start := c.now
		run := func() {
			job := c.job()
			job.Archive, job.Overlap = skewed{archive{c}, -tt.ahead}, tt.overlap
			s, err := job.Run(t.Context())
			if err != nil || s.Watermark.After(c.now.Add(-tt.ahead)) {
				t.Fatalf("Run = %+v, %v, want no error and the watermark not after %v", s, err, c.now.Add(-tt.ahead))
			}
		}
		run()
		at := start.Add(-tt.ahead).Add(10 * time.Second)
		c.put(key(at, "a"), at, "a")
		for range 3 {
			c.now = c.now.Add(5 * time.Minute)
			run()
		}
		c.expect(1)
	}
}

// TestAWatermarkInTheFutureIsAFault has one that was typed by hand.
func TestAWatermarkInTheFutureIsAFault(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "a"), now.Add(-time.Minute), "a")
	c.mark = ingest.Mark{Time: now.AddDate(1, 0, 0), Version: "typed"}
	_, err := c.job().Run(t.Context())
	var ahead *ingest.AheadError
	if !errors.As(err, &ahead) || !ahead.Watermark.Equal(now.AddDate(1, 0, 0)) || !ahead.Now.Equal(now) {
		t.Errorf("Run = %v, want an AheadError with both times", err)
	}
}

// TestTheFirstRunSaysWhereItBegins checks what the story is made of.
func TestTheFirstRunSaysWhereItBegins(t *testing.T) {
	c := newCloud(t)
	if s := c.run(); !s.First.Equal(now.Add(-c.lookback)) || !s.NoFolders {
		t.Errorf("Run = %+v, want the first watermark at %v and no folders", s, now.Add(-c.lookback))
	}
	c.put(key(today, "a"), now.Add(time.Minute), "a")
	c.now = c.now.Add(5 * time.Minute)
	if s := c.run(); !s.First.IsZero() || s.NoFolders {
		t.Errorf("the second run = %+v, want neither", s)
	}
}

// TestLateObjectsAreSwept puts objects into the folders of the last days, later
// than the overlap, dated when they were written or now.
func TestLateObjectsAreSwept(t *testing.T) {
	c := newCloud(t)
	for d := range 5 {
		at := today.AddDate(0, 0, -d).Add(time.Hour)
		c.put(key(at, "in time"), at, fmt.Sprint("in time", d))
	}
	c.lookback = 6 * 24 * time.Hour
	c.run()
	lists := 0
	for i := range 12 * 25 {
		c.now = c.now.Add(5 * time.Minute)
		if i == 3 {
			for d := range 4 {
				at := today.AddDate(0, 0, -d).Add(40 * time.Minute)
				c.put(key(at, "late"), at, fmt.Sprint("late", d))                          // a replica
				c.put(key(at, "copied"), c.now.Add(-time.Minute), fmt.Sprint("copied", d)) // a copy in place
			}
		}
		before := c.lists
		c.run()
		lists += c.lists - before
	}
	for d := range 3 { // the folders of three days, when the sweep came
		for _, kind := range []string{"late", "copied"} {
			if id := fmt.Sprint(kind, d); c.accepted[id] != 1 {
				t.Errorf("%s was accepted %d times, want once", id, c.accepted[id])
			}
		}
	}
	for d := range 5 {
		if id := fmt.Sprint("in time", d); c.accepted[id] != 1 {
			t.Errorf("%s was accepted %d times, want once", id, c.accepted[id])
		}
	}
	if most := 2*12*25 + 10; lists > most {
		t.Errorf("%d LISTs in 300 runs, want at most %d", lists, most)
	}
}

// TestOldQuarantineIsForgotten quarantines a line, and looks at it every day.
func TestOldQuarantineIsForgotten(t *testing.T) {
	c := newCloud(t)
	c.putBody(key(today, "bad"), now.Add(-time.Minute), []byte("bad\n"))
	for range 90 {
		c.run()
		if len(c.quarantined) != 1 {
			t.Fatalf("after %v quarantined %v, want one for 90 days", c.now.Sub(now), c.quarantined)
		}
		c.now = c.now.Add(24 * time.Hour)
	}
	for range 2 { // the hour of the sweep differs
		c.now = c.now.Add(24 * time.Hour)
		c.run()
	}
	if len(c.quarantined) != 0 {
		t.Errorf("after %v quarantined %v, want none", c.now.Sub(now), c.quarantined)
	}
}
