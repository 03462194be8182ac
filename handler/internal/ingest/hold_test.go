package ingest_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// holding returns a cloud whose source ran before, and holds or held folders.
func holding(t *testing.T, list ...ingest.Held) *cloud {
	c := newCloud(t)
	c.mark = ingest.Mark{
		Time: now.Add(-30 * time.Minute), Floor: now.Add(-90 * time.Minute), Kept: now.AddDate(0, 0, -6),
		Swept: now, Version: "before",
	}
	for i, h := range list {
		h.Since, h.Floor, h.Version = h.Mark.Add(time.Duration(i)), h.Mark.Add(-time.Hour), fmt.Sprint("before ", i)
		c.held[heldName(h)] = h
	}
	return c
}

// daysAgo is a time some days before now.
func daysAgo(days int) time.Time { return now.AddDate(0, 0, -days) }

// TestABacklogThatAnotherWidened has the backlog of an account hold one of its
// Regions, whose own backlog comes next in the same run: that now reaches as far
// as the account's.
func TestABacklogThatAnotherWidened(t *testing.T) {
	c := holding(t,
		ingest.Held{
			Folder: "AWSLogs/111122223333/", Mark: daysAgo(10), Until: now.Add(-time.Hour),
			Next: now.Add(-10 * time.Minute),
		},
		ingest.Held{Folder: pairA, Mark: daysAgo(9), Until: daysAgo(8), Next: now.Add(-5 * time.Minute)},
	)
	c.put(key(daysAgo(9), "old"), daysAgo(9).Add(time.Hour), "old")
	c.put(key(daysAgo(6), "between"), daysAgo(6), "between")
	failed := false
	c.listFault = func(prefix string) error {
		if prefix != pairA || failed {
			return nil
		}
		failed = true
		return errBoom
	}
	if _, err := c.job().Run(t.Context()); !errors.Is(err, errBoom) || !failed {
		t.Errorf("Run = %v, want %v", err, errBoom)
	}
	c.now = c.now.Add(2 * time.Hour)
	c.run()
	c.expect(1)
	if len(c.held) > 0 {
		t.Errorf("held %v, want nothing", c.held)
	}
}

// TestABacklogThatFailedIsReportedUntilItIsTried: it is not well while it waits.
func TestABacklogThatFailedIsReportedUntilItIsTried(t *testing.T) {
	c := holding(t, ingest.Held{
		Folder: pairA, Mark: daysAgo(5), Until: daysAgo(1), Tries: 7, Next: now.Add(time.Hour), Error: "denied",
	})
	s, err := c.job().Run(t.Context())
	var held *ingest.FoldersHeldError
	if !errors.As(err, &held) || len(s.Held) != 1 {
		t.Errorf("Run = %d held, %v, want the folder whose backlog waits", len(s.Held), err)
	}
	c.now = c.now.Add(2 * time.Hour)
	if s := c.run(); len(s.Held) > 0 || len(c.held) > 0 {
		t.Errorf("held %v after its backlog was read, want nothing", s.Held)
	}
}

// TestTheWatermarkMovedBackReachesHeldFolders, also one that is not probed before
// the watermark is past its mark again.
func TestTheWatermarkMovedBackReachesHeldFolders(t *testing.T) {
	const other = "AWSLogs/000000000002/GuardDuty/eu-west-1/"
	c := holding(t,
		ingest.Held{Folder: pairA, Mark: daysAgo(1), Tries: 7, Next: now.Add(time.Hour), Error: "denied"},
		ingest.Held{Folder: other, Mark: daysAgo(1), Tries: 7, Next: now.Add(time.Hour), Error: "denied"},
	)
	c.mark = ingest.Mark{Time: daysAgo(5), Version: "by hand"}
	c.put(other+daysAgo(4).Format("2006/01/02/")+"old.jsonl.gz", daysAgo(4), "old")
	c.put(key(now, "denied"), now.Add(-2*time.Hour), "denied")
	c.openFault = unreadable(pairA)
	c.job().Run(t.Context())
	c.openFault = nil
	c.now = c.now.Add(2 * time.Hour)
	c.run()
	c.expect(1)
}
