package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// repeats counts findings that were accepted more than once.
func (w *world) repeats() (n int) {
	for _, times := range w.accepted {
		n += times - 1
	}
	return n
}

// TestAKillInAHugeObjectRepeatsLittle kills the process at each of its calls
// while it delivers one object of 600 lines. What comes twice is bounded by
// the batches in flight and the lines between two records, and not by the
// object.
func TestAKillInAHugeObjectRepeatsLittle(t *testing.T) {
	const (
		lines = 600
		batch = 10 // rows
	)
	worst, kills := 0, 0
	for dieAt := 5; ; dieAt += 5 {
		w := newWorld(t)
		var body strings.Builder
		var ids []string
		for i := range lines {
			ids = append(ids, fmt.Sprintf("f%04d", i))
			body.WriteString(finding(ids[i]))
		}
		w.putBody(key(today, "huge"), now.Add(-time.Minute), zipped(body.String()), ids...)
		w.maxRows = batch * len(`{"id":"f0000"},`)
		w.deliverHook = func(context.Context) { time.Sleep(time.Millisecond) }
		w.dieAt, w.dieAfter = dieAt, true
		if _, err := w.job().Run(t.Context()); err == nil {
			break // it was done before the call at which it was to die
		}
		kills++
		w.dieAt = 0
		w.lease = nil
		w.run()
		if len(w.accepted) != lines {
			t.Fatalf("killed at call %d: %d findings were accepted in the end, want %d", dieAt, len(w.accepted), lines)
		}
		worst = max(worst, w.repeats())
	}
	// Two uploaders and the recorder work at the same time: while one record is
	// written, uploads go on.
	if kills < 10 || worst > lines/2 {
		t.Errorf("%d kills repeated up to %d of %d findings, want 10 kills and fewer than half", kills, worst, lines)
	}
	t.Logf("%d kills, at most %d of %d findings repeated", kills, worst, lines)
}

// TestALostAnswerRepeatsItsBatchAlone loses the answer of one batch while
// others are on their way: those come to their end and are recorded.
func TestALostAnswerRepeatsItsBatchAlone(t *testing.T) {
	w := newWorld(t)
	for i := range 400 {
		w.put(key(today, fmt.Sprintf("%04d", i)), now.Add(-time.Duration(400-i)*time.Second), fmt.Sprintf("f%04d", i), fmt.Sprintf("g%04d", i))
	}
	var calls atomic.Int64
	var lost []string
	w.maxRows = 10 * len(`{"id":"f0000"},`)
	w.deliverHook = func(ctx context.Context) {
		if calls.Add(1) > 5 { // the others are slower than the one that fails
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	w.deliverFault = func(ids []string) (bool, []string, error) {
		if calls.Load() >= 5 && lost == nil {
			lost = slices.Clone(ids)
			return true, nil, errBoom
		}
		return true, nil, nil
	}
	job := w.job()
	job.Uploaders = 8
	if _, err := job.Run(t.Context()); !errors.Is(err, errBoom) {
		t.Fatalf("Run = %v, want %v", err, errBoom)
	}
	w.deliverFault, w.deliverHook = nil, nil
	w.run()
	for id, times := range w.accepted {
		if times > 1 && !slices.Contains(lost, id) {
			t.Errorf("finding %s was accepted %d times and is not of the batch whose answer was lost", id, times)
		}
	}
	if len(w.accepted) != 800 {
		t.Errorf("%d findings were accepted, want 800", len(w.accepted))
	}
}

// TestAFolderThatCannotBeListedHoldsNothingBack refuses the listing of one
// account of four, in a source that is up to date and in a backlog. The others
// are delivered, the run says so, and the watermark waits.
func TestAFolderThatCannotBeListedHoldsNothingBack(t *testing.T) {
	for name, tt := range map[string]struct {
		lookback time.Duration
		folder   string
	}{
		"account":              {24 * time.Hour, "AWSLogs/000000000002/GuardDuty/"},
		"account of a backlog": {9 * 24 * time.Hour, "AWSLogs/000000000002/GuardDuty/"},
		"organization":         {24 * time.Hour, "AWSLogs/o-second/"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.lookback = tt.lookback
			for _, account := range []string{"000000000001", "000000000002", "o-first/000000000003", "o-second/000000000004"} {
				for d := 0; time.Duration(d+1)*24*time.Hour <= tt.lookback; d++ {
					at := now.AddDate(0, 0, -d).Add(-time.Minute)
					w.put("AWSLogs/"+account+"/GuardDuty/eu-west-1/"+at.Format("2006/01/02/")+"a.jsonl.gz", at, fmt.Sprint(account, "-", d))
				}
			}
			w.listFault = func(prefix string) error {
				if prefix == tt.folder {
					return errBoom
				}
				return nil
			}
			for range 3 {
				s, err := w.job().Run(t.Context())
				var missed *ingest.UnlistedError
				if !errors.As(err, &missed) || !errors.Is(err, errBoom) || missed.Count != 1 || s.Plan.Unlisted != 1 || !strings.HasPrefix(tt.folder, missed.Folder) {
					t.Fatalf("Run = %+v, %v, want an UnlistedError of %s", s, err, tt.folder)
				}
				if !s.Watermark.Equal(now.Add(-tt.lookback)) {
					t.Errorf("the watermark is %v, want it to stay at %v", s.Watermark, now.Add(-tt.lookback))
				}
			}
			days := int(tt.lookback / (24 * time.Hour))
			if len(w.accepted) != 3*days {
				t.Errorf("%d findings were accepted, want the %d of the others", len(w.accepted), 3*days)
			}
			w.listFault = nil
			if s := w.run(); !s.Watermark.Equal(now) {
				t.Errorf("the watermark is %v, want %v", s.Watermark, now)
			}
			w.expect(1)
		})
	}
}

// TestAListingThatFailsEverywhereFailsAtOnce refuses the listing of each of
// many accounts: the run does not ask for all of them.
func TestAListingThatFailsEverywhereFailsAtOnce(t *testing.T) {
	w := newWorld(t)
	for i := range 200 {
		w.put(fmt.Sprintf("AWSLogs/%012d/GuardDuty/eu-west-1/%sa.jsonl.gz", i, today.Format("2006/01/02/")), now.Add(-time.Minute), fmt.Sprint(i))
	}
	w.listFault = func(prefix string) error {
		if strings.HasSuffix(prefix, "/GuardDuty/") {
			return errBoom
		}
		return nil
	}
	if _, err := w.job().Run(t.Context()); !errors.Is(err, errBoom) || w.lists > 50 {
		t.Errorf("Run = %v after %d lists, want %v after some 30", err, w.lists, errBoom)
	}
	w.listFault = nil
	w.run()
	w.expect(1)
}

// TestAStopWhileListingIsNoFailure tells the run to stop before it has listed
// anything.
func TestAStopWhileListingIsNoFailure(t *testing.T) {
	w := newWorld(t)
	w.put(key(today, "a"), now.Add(-time.Minute), "a")
	ctx, stop := context.WithCancel(t.Context())
	w.listFault = func(string) error {
		stop()
		return ctx.Err()
	}
	if _, err := w.job().Run(ctx); err != nil || len(w.accepted) != 0 {
		t.Errorf("Run = %v with %d findings, want nil and none", err, len(w.accepted))
	}
	w.listFault = nil
	w.run()
	w.expect(1)
}

// TestABudgetThatEndsInDoubtIsAFailure ends the budget of a backlog's run after
// a day whose every row was refused.
func TestABudgetThatEndsInDoubtIsAFailure(t *testing.T) {
	w := newWorld(t)
	w.lookback = 10 * 24 * time.Hour
	at := today.AddDate(0, 0, -9)
	w.put(key(at, "a"), at.Add(time.Hour), "a")
	w.put(key(today, "b"), now.Add(-time.Minute), "b")
	w.deliverFault = func(ids []string) (bool, []string, error) { return true, ids, nil }
	w.deliverHook = func(context.Context) { time.Sleep(800 * time.Millisecond) }
	job := w.job()
	job.Budget = 2 * time.Second // of which 0.72 s are for reading
	s, err := job.Run(t.Context())
	if !errors.Is(err, ingest.ErrAllRefused) || s.WindowsLeft == 0 || len(w.aside) != 0 {
		t.Errorf("Run = %+v, %v, want days left, ErrAllRefused and nothing set aside", s, err)
	}
	w.deliverFault, w.deliverHook = nil, nil
	w.run()
	w.expect(1)
}

// TestEveryRunLeavesASummary has a good run, a failed one and one whose summary
// cannot be written.
func TestEveryRunLeavesASummary(t *testing.T) {
	w := newWorld(t)
	w.put(key(today, "a"), now.Add(-2*time.Minute), "a")
	w.run()
	w.put(key(today, "b"), now.Add(-time.Minute), "b")
	w.deliverFault = func([]string) (bool, []string, error) { return false, nil, errBoom }
	if _, err := w.job().Run(t.Context()); err == nil {
		t.Fatal("Run = nil, want an error")
	}
	w.deliverFault = nil
	w.faults["Summarize"] = "refused"
	w.run()
	if len(w.summaries) != 2 {
		t.Fatalf("there are %d summaries, want 2", len(w.summaries))
	}
	if s := w.summaries[0]; s.Outcome() != ingest.OutcomeOK || s.Findings != 1 || s.Objects != 1 || !s.Started.Equal(now) {
		t.Errorf("the summary of the good run is %+v", s)
	}
	if s := w.summaries[1]; s.Outcome() != ingest.OutcomeFailed || !strings.Contains(s.Failure, "boom") || s.Left != 1 {
		t.Errorf("the summary of the failed run is %+v, want its failure and 1 object left", s)
	}
}

// TestAResumedObjectWithBadLinesOnlyIsStillAnExport breaks an object's reading
// after its good lines. Those that follow hold none.
func TestAResumedObjectWithBadLinesOnlyIsStillAnExport(t *testing.T) {
	w := newWorld(t)
	w.put(key(today, "good"), now.Add(-2*time.Minute), "good")
	body := zipped(finding("x") + "bad\nworse\n")
	o := ingest.Object{Key: key(today, "half"), ETag: fmt.Sprintf("%x", body[len(body)-8:]), Size: int64(len(body)), LastModified: now.Add(-time.Minute)}
	w.putBody(o.Key, o.LastModified, body)
	w.accepted["x"] = 1
	w.pending[o.ID()] = ingest.Pending{Object: o, Lines: 1, Attempts: 1, Next: now}
	s := w.run()
	if want := []string{o.Key + ":2", o.Key + ":3"}; !slices.Equal(w.aside, want) || s.BadLines != 2 || w.accepted["x"] != 1 {
		t.Errorf("set aside %v, Run = %+v, want %v", w.aside, s, want)
	}
}
