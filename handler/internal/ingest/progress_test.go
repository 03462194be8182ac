package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// repeats counts findings that were accepted more than once.
func (c *cloud) repeats() (n int) {
	for _, times := range c.accepted {
		n += times - 1
	}
	return n
}

// TestAKillInAHugeObjectRepeatsLittle kills the process at each of its calls
// while it delivers one object of 600 lines. What comes twice is bounded by
// the batches in flight and the lines between two records, and not by the
// object.
func TestAKillInAHugeObjectRepeatsLittle(t *testing.T) { synctest.Test(t, killsInAHugeObject) }

func killsInAHugeObject(t *testing.T) {
	const (
		lines = 600
		batch = 10 // rows
	)
	worst, kills := 0, 0
	for dieAt := 5; ; dieAt += 5 {
		c := newCloud(t)
		var body strings.Builder
		var ids []string
		for i := range lines {
			ids = append(ids, fmt.Sprintf("f%04d", i))
			body.WriteString(finding(ids[i]))
		}
		c.putBody(key(today, "huge"), now.Add(-time.Minute), zipped(body.String()), ids...)
		c.maxRows = batch * len(`{"id":"f0000"},`)
		c.deliverHook = func(context.Context) { time.Sleep(time.Millisecond) }
		c.dieAt, c.dieAfter = dieAt, true
		if _, err := c.job().Run(t.Context()); err == nil {
			break // it was done before the call at which it was to die
		}
		kills++
		c.dieAt = 0
		c.lease = nil
		c.run()
		if len(c.accepted) != lines {
			t.Fatalf("killed at call %d: %d findings were accepted in the end, want %d", dieAt, len(c.accepted), lines)
		}
		worst = max(worst, c.repeats())
	}
	// While one record is written uploads continue, until three times what makes a
	// record is waiting.
	const bound = 2*3*ingest.CheckpointEvery + 3*batch
	if kills < 10 || worst > bound {
		t.Errorf("%d kills repeated up to %d of %d findings, want 10 kills and at most %d", kills, worst, lines, bound)
	}
	t.Logf("%d kills, at most %d of %d findings repeated", kills, worst, lines)
}

// TestALostAnswerRepeatsOnlyItsBatch loses the answer of one batch while
// others are in flight: those come to their end and are recorded.
func TestALostAnswerRepeatsOnlyItsBatch(t *testing.T) { synctest.Test(t, lostAnswer) }

func lostAnswer(t *testing.T) {
	c := newCloud(t)
	for i := range 400 {
		c.put(key(today, fmt.Sprintf("%04d", i)), now.Add(-time.Duration(400-i)*time.Second),
			fmt.Sprintf("f%04d", i), fmt.Sprintf("g%04d", i))
	}
	var calls atomic.Int64
	var lost []string
	c.maxRows = 10 * len(`{"id":"f0000"},`)
	c.deliverHook = func(ctx context.Context) {
		if calls.Add(1) > 5 { // the others are slower than the one that fails
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	c.deliverFault = func(ids []string) (bool, []string, error) {
		if calls.Load() >= 5 && lost == nil {
			lost = slices.Clone(ids)
			return true, nil, errBoom
		}
		return true, nil, nil
	}
	job := c.job()
	job.Fetchers, job.Uploaders = 1, 8
	if _, err := job.Run(t.Context()); !errors.Is(err, errBoom) {
		t.Fatalf("Run = %v, want %v", err, errBoom)
	}
	c.deliverFault, c.deliverHook = nil, nil
	c.run()
	for id, times := range c.accepted {
		if times > 1 && !slices.Contains(lost, id) {
			t.Errorf("finding %s was accepted %d times and is not of the batch whose answer was lost", id, times)
		}
	}
	if len(c.accepted) != 800 {
		t.Errorf("%d findings were accepted, want 800", len(c.accepted))
	}
}

// TestABudgetThatEndsWithSuspectsIsAFailure ends the budget of a backlog's run
// after a day whose every row was refused.
func TestABudgetThatEndsWithSuspectsIsAFailure(t *testing.T) {
	synctest.Test(t, budgetEndsWithSuspects)
}

func budgetEndsWithSuspects(t *testing.T) {
	c := newCloud(t)
	c.lookback = 10 * 24 * time.Hour
	at := today.AddDate(0, 0, -9)
	c.put(key(at, "a"), at.Add(time.Hour), "a")
	c.put(key(today, "b"), now.Add(-time.Minute), "b")
	c.deliverFault = func(ids []string) (bool, []string, error) { return true, ids, nil }
	c.deliverHook = func(context.Context) { time.Sleep(800 * time.Millisecond) }
	job := c.job()
	job.Budget = 2 * time.Second // of which 0.72 s are for reading
	s, err := job.Run(t.Context())
	if !errors.Is(err, ingest.ErrAllRefused) || s.WindowsLeft == 0 || len(c.quarantined) != 0 {
		t.Errorf("Run = %+v, %v, want days left, ErrAllRefused and nothing quarantined", s, err)
	}
	c.deliverFault, c.deliverHook = nil, nil
	c.run()
	c.expect(1)
}

// TestEveryRunLeavesASummary has a good run, a failed one and one whose summary
// cannot be written.
func TestEveryRunLeavesASummary(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "a"), now.Add(-2*time.Minute), "a")
	c.run()
	c.put(key(today, "b"), now.Add(-time.Minute), "b")
	c.deliverFault = func([]string) (bool, []string, error) { return false, nil, errBoom }
	if _, err := c.job().Run(t.Context()); err == nil {
		t.Fatal("Run = nil, want an error")
	}
	c.deliverFault = nil
	c.faults["Summarize"] = "refused"
	c.run()
	if len(c.summaries) != 2 {
		t.Fatalf("there are %d summaries, want 2", len(c.summaries))
	}
	s := c.summaries[0]
	if s.Outcome() != ingest.OutcomeOK || s.Findings != 1 || s.Objects != 1 || !s.Started.Equal(now) {
		t.Errorf("the summary of the good run is %+v", s)
	}
	if s := c.summaries[1]; s.Outcome() != ingest.OutcomeFailed || !strings.Contains(s.Failure, "boom") || s.Left != 1 {
		t.Errorf("the summary of the failed run is %+v, want its failure and 1 object left", s)
	}
}

// TestAResumedObjectWithBadLinesOnlyIsStillAnExport breaks an object's reading
// after its good lines. Those that follow hold none.
func TestAResumedObjectWithBadLinesOnlyIsStillAnExport(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "good"), now.Add(-2*time.Minute), "good")
	body := zipped(finding("x") + "bad\nworse\n")
	o := ingest.Object{
		Key:          key(today, "half"),
		ETag:         fmt.Sprintf("%x", body[len(body)-8:]),
		Size:         int64(len(body)),
		LastModified: now.Add(-time.Minute),
	}
	c.putBody(o.Key, o.LastModified, body)
	c.accepted["x"] = 1
	c.pending[o.ID()] = ingest.Pending{Object: o, Lines: 1, Attempts: 1, Next: now}
	s := c.run()
	want := []string{o.Key + ":2", o.Key + ":3"}
	if !slices.Equal(c.quarantined, want) || s.BadLines != 2 || c.accepted["x"] != 1 {
		t.Errorf("quarantined %v, Run = %+v, want %v", c.quarantined, s, want)
	}
}
