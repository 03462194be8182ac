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

	"guardduty-sentinel/handler/internal/ingest"
)

// TestAFolderThatCannotBeListedHoldsNothingBack refuses the listing of one
// account of four, in a source that is up to date and in a backlog. The others
// are delivered, the run says so, and the watermark advances without it.
func TestAFolderThatCannotBeListedHoldsNothingBack(t *testing.T) {
	for name, tt := range map[string]struct {
		lookback time.Duration
		folder   string
	}{
		"account":              {24 * time.Hour, "AWSLogs/000000000002/GuardDuty/"},
		"account of a backlog": {9 * 24 * time.Hour, "AWSLogs/000000000002/GuardDuty/"},
		"organization":         {24 * time.Hour, "AWSLogs/o-secondsecond/"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			c.lookback = tt.lookback
			for _, account := range []string{
				"000000000001", "000000000002", "o-firstfirst/000000000003", "o-secondsecond/000000000004",
			} {
				for d := 0; time.Duration(d+1)*24*time.Hour <= tt.lookback; d++ {
					at := now.AddDate(0, 0, -d).Add(-time.Minute)
					c.put("AWSLogs/"+account+"/GuardDuty/eu-west-1/"+at.Format("2006/01/02/")+"a.jsonl.gz", at,
						fmt.Sprint(account, "-", d))
				}
			}
			c.listFault = func(prefix string) error {
				if prefix == tt.folder {
					return errBoom
				}
				return nil
			}
			for range 3 {
				s, err := c.job().Run(t.Context())
				var held *ingest.FoldersHeldError
				if !errors.As(err, &held) || !errors.Is(err, errBoom) || len(held.Held) != 1 ||
					len(s.Held) != 1 || !strings.HasPrefix(tt.folder, held.Held[0].Folder) {
					t.Fatalf("Run = %+v, %v, want a FoldersHeldError of %s", s, err, tt.folder)
				}
				if !s.Watermark.Equal(now) {
					t.Errorf("the watermark is %v, want %v", s.Watermark, now)
				}
			}
			days := int(tt.lookback / (24 * time.Hour))
			if len(c.accepted) != 3*days {
				t.Errorf("%d findings were accepted, want the %d of the others", len(c.accepted), 3*days)
			}
			c.listFault = nil
			if s := c.run(); !s.Watermark.Equal(now) || len(c.held) != 0 {
				t.Errorf("the watermark is %v with %d held, want %v and none", s.Watermark, len(c.held), now)
			}
			c.expect(1)
		})
	}
}

// TestAListingThatFailsEverywhereIsNoMatterOfFolders refuses the listing of
// each of many accounts: the error is the archive's.
func TestAListingThatFailsEverywhereIsNoMatterOfFolders(t *testing.T) {
	c := newCloud(t)
	for i := range 200 {
		c.put(fmt.Sprintf("AWSLogs/%012d/GuardDuty/eu-west-1/%sa.jsonl.gz", i, today.Format("2006/01/02/")),
			now.Add(-time.Minute), fmt.Sprint(i))
	}
	c.listFault = func(prefix string) error {
		if strings.HasSuffix(prefix, "/GuardDuty/") {
			return errBoom
		}
		return nil
	}
	var held *ingest.FoldersHeldError
	if _, err := c.job().Run(t.Context()); !errors.Is(err, errBoom) || errors.As(err, &held) || len(c.held) != 0 {
		t.Errorf("Run = %v, want only %v", err, errBoom)
	}
	c.listFault = nil
	c.run()
	c.expect(1)
}

// TestAStopWhileListingIsNoFailure tells the run to stop before it has listed
// anything.
func TestAStopWhileListingIsNoFailure(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "a"), now.Add(-time.Minute), "a")
	ctx, stop := context.WithCancel(t.Context())
	c.listFault = func(string) error {
		stop()
		return ctx.Err()
	}
	if s, err := c.job().Run(ctx); err != nil || len(c.accepted) != 0 || s.Outcome() != ingest.OutcomePartial {
		t.Errorf("Run = %+v, %v with %d findings, want a partial run and none", s, err, len(c.accepted))
	}
	c.listFault = nil
	c.run()
	c.expect(1)
}

// TestABadPairHoldsNoBacklogBack refuses one pair on every day of a backlog.
func TestABadPairHoldsNoBacklogBack(t *testing.T) {
	c := newCloud(t)
	c.lookback = 40 * 24 * time.Hour
	for _, account := range []string{"000000000001", "000000000002"} {
		for d := range 39 {
			at := now.AddDate(0, 0, -d).Add(-time.Minute)
			c.put("AWSLogs/"+account+"/GuardDuty/eu-west-1/"+at.Format("2006/01/02/")+"a.jsonl.gz", at,
				fmt.Sprint(account, "-", d))
		}
	}
	c.listFault = func(prefix string) error {
		if prefix == "AWSLogs/000000000001/GuardDuty/eu-west-1/" {
			return errBoom
		}
		return nil
	}
	_, err := c.job().Run(t.Context())
	var held *ingest.FoldersHeldError
	if !errors.As(err, &held) || len(held.Held) != 1 {
		t.Errorf("Run = %v, want a FoldersHeldError of 1", err)
	}
	for d := range 39 {
		if id := fmt.Sprint("000000000002-", d); c.accepted[id] != 1 {
			t.Errorf("finding %s of the account that can be listed was accepted %d times", id, c.accepted[id])
		}
	}
}

// TestAHeldFolderHasAnAge holds an account that cannot be listed.
func TestAHeldFolderHasAnAge(t *testing.T) {
	c := newCloud(t)
	for _, account := range []string{"000000000001", "000000000002"} {
		c.put("AWSLogs/"+account+"/GuardDuty/eu-west-1/"+today.Format("2006/01/02/")+"a.jsonl.gz",
			now.Add(-time.Minute), account)
	}
	c.listFault = func(prefix string) error {
		if strings.HasPrefix(prefix, "AWSLogs/000000000001/") {
			return errBoom
		}
		return nil
	}
	c.job().Run(t.Context())
	c.now = c.now.Add(2 * time.Hour)
	s, _ := c.job().Run(t.Context())
	if s.Lag != 0 || len(s.Held) != 1 || !s.Held[0].Since.Equal(now) || s.Held[0].Place() != "000000000001" {
		t.Errorf("Run = %+v, want no lag, and the account held since %v", s, now)
	}
}

// TestAStopBeforeTheLeaseIsNoFailure stops before anything was asked.
func TestAStopBeforeTheLeaseIsNoFailure(t *testing.T) {
	c := newCloud(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := c.job().Run(ctx); err != nil {
		t.Errorf("Run = %v, want nil: it was asked to stop", err)
	}
}

// TestALeaseLostWhileStoppingEndsTheRun has another owner take the lease in the grace
// that a stop leaves.
func TestALeaseLostWhileStoppingEndsTheRun(t *testing.T) { synctest.Test(t, leaseLostWhileStopping) }

func leaseLostWhileStopping(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "a"), now.Add(-time.Minute), "a")
	ctx, stop := context.WithCancel(t.Context())
	cut := false
	c.deliverHook = func(working context.Context) {
		time.Sleep(ingest.LeaseTTL/3 - time.Second) // the renewal comes within the grace
		stop()
		c.mu.Lock()
		c.lease = &ingest.Lease{Owner: "another", Expires: now.Add(time.Minute), Version: "another"}
		c.mu.Unlock()
		select {
		case <-working.Done():
			cut = true
		case <-time.After(ingest.StopGrace - time.Second):
		}
	}
	_, err := c.job().Run(ctx)
	if !cut || !errors.Is(err, ingest.ErrConflict) {
		t.Errorf("Run = %v, upload cut: %v, %d recorded; want ErrConflict and cut", err, cut, len(c.done))
	}
}

// TestPendingObjectsThatAreReadMakeRoom reads as many pending objects as there may be.
func TestPendingObjectsThatAreReadMakeRoom(t *testing.T) {
	c := newCloud(t)
	for i := range 1000 {
		k := key(today, fmt.Sprint("p", i))
		c.put(k, now.Add(-time.Minute), fmt.Sprint("p", i))
		o := c.objects[k].Object
		c.pending[o.ID()] = ingest.Pending{Object: o, Attempts: 1, Next: now}
	}
	c.put(key(today, "bad"), now.Add(-time.Second))
	c.openFault = func(k string) error {
		if strings.Contains(k, "/bad") {
			return errBoom
		}
		return nil
	}
	if s, err := c.job().Run(t.Context()); err != nil {
		t.Errorf("Run = %+v, %v, want no error: 1 object is pending", s, err)
	}
}

// TestStallingObjectsDoNotStarveNewOnes has many objects that failed before take their time.
func TestStallingObjectsDoNotStarveNewOnes(t *testing.T) { synctest.Test(t, stallingObjects) }

func stallingObjects(t *testing.T) {
	c := newCloud(t)
	for i := range 40 {
		k := key(today, fmt.Sprint("p", i))
		c.put(k, now.Add(-2*time.Minute))
		o := c.objects[k].Object
		c.pending[o.ID()] = ingest.Pending{Object: o, Attempts: 1, Next: now}
	}
	c.put(key(today, "new"), now.Add(-time.Minute), "new")
	c.bodyFault = func(k string, r io.Reader) io.Reader {
		if strings.Contains(k, "new") {
			return r
		}
		return io.MultiReader(slow{strings.NewReader("x"), 50 * time.Millisecond}, iotest.ErrReader(errBoom))
	}
	runs := 0
	for ; c.accepted["new"] == 0 && runs < 20; runs++ {
		job := c.job()
		job.Budget, job.Fetchers = time.Second, 2
		if _, err := job.Run(t.Context()); err != nil {
			t.Log(err)
		}
		c.now = c.now.Add(5 * time.Minute)
	}
	if runs > 1 {
		t.Errorf("the new object's finding was accepted by run %d, want the first", runs)
	}
}

// TestManyBadAccountsHoldNoGoodOneBack refuses all accounts but the last.
func TestManyBadAccountsHoldNoGoodOneBack(t *testing.T) {
	c := newCloud(t)
	for i := range 41 {
		c.put(fmt.Sprintf("AWSLogs/%012d/GuardDuty/eu-west-1/%sa.jsonl.gz", i, today.Format("2006/01/02/")),
			now.Add(-time.Minute), fmt.Sprint(i))
	}
	c.listFault = func(prefix string) error {
		if strings.HasSuffix(prefix, "/GuardDuty/") && !strings.Contains(prefix, "000000000040") {
			return errBoom
		}
		return nil
	}
	for range 5 {
		c.job().Run(t.Context())
	}
	if c.accepted["40"] != 1 {
		t.Errorf("the finding of the one account that can be listed was accepted %d times", c.accepted["40"])
	}
}
