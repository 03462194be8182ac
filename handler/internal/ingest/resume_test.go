package ingest_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

// huge puts an object of n lines, f0000 and on, one row a batch.
func (w *world) huge(name string, n int) {
	var body strings.Builder
	var ids []string
	for i := range n {
		ids = append(ids, fmt.Sprintf("f%04d", i))
		body.WriteString(finding(ids[i]))
	}
	w.putBody(key(today, name), now.Add(-time.Minute), []byte(body.String()), ids...)
	w.maxRows = len(`{"id":"f0000"},`)
}

// TestAStopWithinAnObjectIsPartial stops in the middle of one object.
func TestAStopWithinAnObjectIsPartial(t *testing.T) {
	w := newWorld(t)
	w.huge("huge", 600)
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	w.deliverHook = func(context.Context) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if n++; n == 100 {
			stop()
		}
	}
	s, err := w.job().Run(ctx)
	if err != nil || len(w.accepted) == 600 || s.Outcome() != ingest.OutcomePartial || s.Pending != 0 {
		t.Errorf("Run = %+v, %v: %d of 600 accepted, outcome %q, want partial and none pending", s, err, len(w.accepted), s.Outcome())
	}
}

// TestASuspectDoesNotHoldProgress has one row refused at an object's beginning
// and kills the process near its end.
func TestASuspectDoesNotHoldProgress(t *testing.T) {
	w := newWorld(t)
	w.put(key(today, "good"), now.Add(-2*time.Minute), "good0")
	w.huge("huge", 600)
	o := w.objects[key(today, "huge")]
	o.ids = o.ids[1:]
	w.objects[o.Key] = o
	w.refuses["f0000"] = true
	w.deliverFault = func(ids []string) (bool, []string, error) { return true, []string{"f0000"}, nil }
	w.deliverHook = func(context.Context) { time.Sleep(time.Millisecond) }
	w.dieAt, w.dieAfter = 500, true
	if _, err := w.job().Run(t.Context()); err == nil {
		t.Fatal("not killed")
	}
	accepted := len(w.accepted)
	w.dieAt, w.lease = 0, nil
	w.run()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.repeats() > 100 {
		t.Errorf("of %d accepted before the kill %d were repeated, want some 20 and what is in flight", accepted, w.repeats())
	}
}

// TestASlowBatchDoesNotHoldProgress lets one upload hang while the others go on, and
// kills the process near the object's end.
func TestASlowBatchDoesNotHoldProgress(t *testing.T) {
	w := newWorld(t)
	w.huge("huge", 600)
	release := make(chan struct{})
	first := true
	w.deliverHook = func(ctx context.Context) {
		w.mu.Lock()
		mine := first
		first = false
		w.mu.Unlock()
		if mine {
			<-release
		}
		time.Sleep(time.Millisecond)
	}
	n := 0
	w.deliverFault = func(ids []string) (bool, []string, error) {
		if n++; n == 500 {
			w.dieAt = w.calls + 1
			close(release)
		}
		return true, nil, nil
	}
	if _, err := w.job().Run(t.Context()); err == nil {
		t.Fatal("not killed")
	}
	accepted := len(w.accepted)
	w.dieAt, w.lease, w.deliverHook, w.deliverFault = 0, nil, nil, nil
	w.run()
	if len(w.accepted) != 600 || w.repeats() > 100 {
		t.Errorf("of %d accepted before the kill %d were repeated, want some 20 and what is in flight", accepted, w.repeats())
	}
}

// TestAStoppedReadIsARead stops in the middle of one object, beside another that
// cannot be read: not all is unreadable.
func TestAStoppedReadIsARead(t *testing.T) {
	w := newWorld(t)
	w.huge("huge", 600)
	w.put(key(today, "bad"), now.Add(-time.Second))
	failed := false
	w.openFault = func(k string) error {
		if strings.Contains(k, "/bad") {
			failed = true
			return errBoom
		}
		return nil
	}
	ctx, stop := context.WithCancel(t.Context())
	n := 0
	w.deliverHook = func(context.Context) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if n++; n >= 20 && failed {
			stop()
		}
	}
	if s, err := w.job().Run(ctx); err != nil {
		t.Errorf("Run = %+v, %v after %d findings, want no error: one object could be read", s, err, len(w.accepted))
	}
}

// TestBadLinesOfABrokenReadAreTold breaks a reading after more bad lines than are listed.
func TestBadLinesOfABrokenReadAreTold(t *testing.T) {
	w := newWorld(t)
	w.put(key(today, "good"), now.Add(-2*time.Minute), "good")
	body := finding("x") + strings.Repeat("bad\n", 150) + finding("y") + finding("z")
	w.putBody(key(today, "half"), now.Add(-time.Minute), []byte(body), "x", "y", "z")
	w.bodyFault = func(k string, r io.Reader) io.Reader {
		if !strings.Contains(k, "half") {
			return r
		}
		return io.MultiReader(io.LimitReader(r, int64(len(body)-len(finding("z")))), iotest.ErrReader(errBoom))
	}
	w.run()
	w.bodyFault = nil
	makeDue(w)
	w.run()
	w.expect(1)
	if len(w.aside) != 101 {
		t.Errorf("%d rows for 150 bad lines, want 100 and one for the rest", len(w.aside))
	}
}

// TestUpdatesOfAPendingObjectAreKept has an old object fail once more after part of it was
// accepted.
func TestUpdatesOfAPendingObjectAreKept(t *testing.T) {
	w := newWorld(t)
	w.put(key(today, "good"), now.Add(-time.Minute), "good")
	w.run()
	k := key(yesterday, "old")
	w.put(k, now.Add(-10*time.Hour), "lost", "x")
	f, err := (&guardduty.Parser{}).Parse([]byte(strings.TrimSpace(finding("x"))))
	if err != nil {
		t.Fatal(err)
	}
	// an earlier run: the batch of line 1 failed, line 2 was accepted
	o := w.objects[k].Object
	w.pending[o.ID()] = ingest.Pending{Object: o, Next: now}
	w.sent[ingest.UpdateOf(&f)], w.accepted["x"] = o, 1
	w.openFault = func(string) error { return errBoom }
	w.run()
	w.openFault = nil
	makeDue(w)
	w.run()
	w.expect(1)
}
