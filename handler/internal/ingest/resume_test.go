package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

// huge puts an object of n lines, f0000 and on, one row a batch.
func (c *cloud) huge(name string, n int) {
	var body strings.Builder
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("f%04d", i))
		body.WriteString(finding(ids[i]))
	}
	c.putBody(key(today, name), now.Add(-time.Minute), []byte(body.String()), ids...)
	c.maxRows = len(`{"id":"f0000"},`)
}

// TestAStopWithinAnObjectIsPartial stops in the middle of one object.
func TestAStopWithinAnObjectIsPartial(t *testing.T) {
	c := newCloud(t)
	c.huge("huge", 600)
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	c.deliverHook = func(context.Context) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if n++; n == 100 {
			stop()
		}
	}
	s, err := c.job().Run(ctx)
	if err != nil || len(c.accepted) == 600 || s.Outcome() != ingest.OutcomePartial || s.Pending != 0 {
		t.Errorf("Run = %+v, %v: %d of 600 accepted, outcome %q, want partial and none pending",
			s, err, len(c.accepted), s.Outcome())
	}
}

// TestASuspectDoesNotHoldProgress has one row refused at an object's beginning
// and kills the process near its end.
func TestASuspectDoesNotHoldProgress(t *testing.T) { synctest.Test(t, suspectAndProgress) }

func suspectAndProgress(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "good"), now.Add(-2*time.Minute), "good0")
	c.huge("huge", 600)
	o := c.objects[key(today, "huge")]
	o.ids = o.ids[1:]
	c.objects[o.Key] = o
	c.refuses["f0000"] = true
	c.deliverFault = func(ids []string) (bool, []string, error) { return true, []string{"f0000"}, nil }
	c.deliverHook = func(context.Context) { time.Sleep(time.Millisecond) }
	c.dieAt, c.dieAfter = 500, true
	if _, err := c.job().Run(t.Context()); err == nil {
		t.Fatal("not killed")
	}
	accepted := len(c.accepted)
	c.dieAt, c.lease = 0, nil
	c.run()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.repeats() > 100 {
		t.Errorf("of %d accepted before the kill %d were repeated, want some 20 and what is in flight",
			accepted, c.repeats())
	}
}

// TestASlowBatchDoesNotHoldProgress lets one upload hang while the others continue, and
// kills the process near the object's end.
func TestASlowBatchDoesNotHoldProgress(t *testing.T) { synctest.Test(t, slowBatchAndProgress) }

func slowBatchAndProgress(t *testing.T) {
	c := newCloud(t)
	c.huge("huge", 600)
	release := make(chan struct{})
	first := true
	c.deliverHook = func(ctx context.Context) {
		c.mu.Lock()
		mine := first
		first = false
		c.mu.Unlock()
		if mine {
			<-release
		}
		time.Sleep(time.Millisecond)
	}
	n := 0
	c.deliverFault = func(ids []string) (bool, []string, error) {
		if n++; n == 500 {
			c.dieAt = c.calls + 1
			close(release)
		}
		return true, nil, nil
	}
	if _, err := c.job().Run(t.Context()); err == nil {
		t.Fatal("not killed")
	}
	accepted := len(c.accepted)
	c.dieAt, c.lease, c.deliverHook, c.deliverFault = 0, nil, nil, nil
	c.run()
	if len(c.accepted) != 600 || c.repeats() > 100 {
		t.Errorf("of %d accepted before the kill %d were repeated, want some 20 and what is in flight",
			accepted, c.repeats())
	}
}

// TestAStoppedReadIsARead stops in the middle of one object, beside another that
// cannot be read: not all is unreadable.
func TestAStoppedReadIsARead(t *testing.T) {
	c := newCloud(t)
	c.huge("huge", 600)
	c.put(key(today, "bad"), now.Add(-time.Second))
	failed := false
	c.openFault = func(k string) error {
		if strings.Contains(k, "/bad") {
			failed = true
			return errBoom
		}
		return nil
	}
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	c.deliverHook = func(context.Context) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if n++; n >= 20 && failed {
			stop()
		}
	}
	if s, err := c.job().Run(ctx); err != nil {
		t.Errorf("Run = %+v, %v after %d findings, want no error: one object could be read", s, err, len(c.accepted))
	}
}

// TestBadLinesOfABrokenReadAreReported breaks a reading after more bad lines than
// are listed: the next one lists no others, and counts all.
func TestBadLinesOfABrokenReadAreReported(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "good"), now.Add(-2*time.Minute), "good")
	body := finding("x") + strings.Repeat("bad\n", 150) + finding("y") + strings.Repeat("bad\n", 120) + finding("z")
	c.putBody(key(today, "half"), now.Add(-time.Minute), []byte(body), "x", "y", "z")
	c.bodyFault = func(k string, r io.Reader) io.Reader {
		if !strings.Contains(k, "half") {
			return r
		}
		return io.MultiReader(io.LimitReader(r, int64(len(body)-len(finding("z"))-400)), iotest.ErrReader(errBoom))
	}
	c.run()
	c.bodyFault = nil
	makeDue(c)
	s := c.run()
	c.expect(1)
	if len(c.quarantined) != 102 || s.BadLines != 270-101 {
		t.Errorf("%d rows for 270 bad lines and %d more counted, want 102 and %d",
			len(c.quarantined), s.BadLines, 270-101)
	}
}

// TestUpdatesOfAPendingObjectAreKept has an old object fail once more after part of it was
// accepted.
func TestUpdatesOfAPendingObjectAreKept(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "good"), now.Add(-time.Minute), "good")
	c.run()
	k := key(yesterday, "old")
	c.put(k, now.Add(-10*time.Hour), "lost", "x")
	f, err := (&guardduty.Parser{}).Parse([]byte(strings.TrimSpace(finding("x"))))
	if err != nil {
		t.Fatal(err)
	}
	// an earlier run: the batch of line 1 failed, line 2 was accepted
	o := c.objects[k].Object
	c.pending[o.ID()] = ingest.Pending{Object: o, Next: now}
	c.sent[ingest.UpdateOf(&f, guardduty.Pair(k[:strings.Index(k, "2026")]))], c.accepted["x"] = o, 1
	c.openFault = func(string) error { return errBoom }
	if _, err := c.job().Run(t.Context()); !errors.Is(err, errBoom) {
		t.Errorf("Run = %v, want %v: nothing can be read", err, errBoom)
	}
	c.openFault = nil
	makeDue(c)
	c.run()
	c.expect(1)
}
