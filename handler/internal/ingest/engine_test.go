package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// update is a finding's line with what tells its updates apart.
func update(id, updatedAt string, count int) string {
	return fmt.Sprintf(`{"id":%q,"type":"Recon:EC2/Portscan","severity":5,"updatedAt":%q,"service":{"count":%d}}`+"\n",
		id, updatedAt, count)
}

// TestTheSameUpdateIsSentOnce puts one update into several objects, of one run
// and of two, and a newer one beside it.
func TestTheSameUpdateIsSentOnce(t *testing.T) {
	c := newCloud(t)
	same := update("f", "2026-11-22T01:00:00Z", 1)
	for i := range 20 {
		c.putBody(key(today, fmt.Sprint("a", i)), now.Add(-2*time.Minute), zipped(same+same))
	}
	s := c.run()
	if c.accepted["f"] != 1 || s.Findings != 1 || s.Repeated != 39 || s.Objects != 20 {
		t.Errorf("Run = %+v, accepted %d times, want once, 39 repeats and 20 objects", s, c.accepted["f"])
	}
	c.putBody(key(today, "b"), now.Add(time.Minute), zipped(same))
	if s = c.run(); s.Repeated != 1 || s.Findings != 0 {
		t.Errorf("the second run = %+v, want 1 repeat and no finding", s)
	}
	for i, newer := range []string{update("f", "2026-11-22T01:15:00Z", 1), update("f", "2026-11-22T01:00:00Z", 2)} {
		c.putBody(key(today, fmt.Sprint("c", i)), now.Add(2*time.Minute), zipped(newer))
		if s = c.run(); s.Findings != 1 {
			t.Errorf("a newer update: Run = %+v, want 1 finding", s)
		}
	}
}

// TestOneIDInTwoPlacesIsTwoFindings: AWS does not promise that an id is unique
// beyond an account and Region.
func TestOneIDInTwoPlacesIsTwoFindings(t *testing.T) {
	c := newCloud(t)
	same := update("f", "2026-11-22T01:00:00Z", 1)
	for i, place := range []string{
		`{"accountId":"1","region":"a",`, `{"accountId":"2","region":"a",`, `{"accountId":"1","region":"b",`,
		`{"accountId":"1","region":"a",`,
	} {
		c.putBody(key(today, fmt.Sprint(i)), now.Add(-time.Minute), zipped(strings.Replace(same, "{", place, 1)))
	}
	if s := c.run(); s.Findings != 3 || s.Repeated != 1 {
		t.Errorf("Run = %+v, want 3 findings and 1 repeat", s)
	}
}

func TestFindingsWithoutATimeAreTheSameOnlyWhole(t *testing.T) {
	c := newCloud(t)
	c.putBody(key(today, "a"), now.Add(-time.Minute),
		zipped(finding("f")+finding("f")+`{"id":"f","type":"Recon:EC2/Portscan","severity":6}`+"\n"))
	if s := c.run(); s.Findings != 2 || s.Repeated != 1 {
		t.Errorf("Run = %+v, want 2 findings and 1 repeat", s)
	}
}

// TestAnObjectWaitsForTheRowThatCarriesItsFinding fails the batch that carries
// a finding of two objects: neither may be recorded, and the next run sends it.
func TestAnObjectWaitsForTheRowThatCarriesItsFinding(t *testing.T) {
	c := newCloud(t)
	for i := range 10 {
		c.putBody(key(today, fmt.Sprint(i)), now.Add(-time.Minute), zipped(finding("f")), "f")
	}
	c.deliverFault = func([]string) (bool, []string, error) { return false, nil, errBoom }
	if _, err := c.job().Run(t.Context()); !errors.Is(err, errBoom) || len(c.done) != 0 {
		t.Fatalf("Run = %v with %d objects recorded, want %v and none", err, len(c.done), errBoom)
	}
	c.deliverFault = nil
	c.run()
	c.expect(1)
}

func TestARefusedFindingOfTwoObjectsIsSetAsideOnce(t *testing.T) {
	c := newCloud(t)
	c.putBody(key(today, "a"), now.Add(-time.Minute), zipped(finding("bad")))
	c.putBody(key(today, "b"), now.Add(-time.Minute), zipped(finding("bad")))
	c.put(key(today, "c"), now.Add(-time.Minute), "good")
	c.deliverFault = func([]string) (bool, []string, error) { return true, []string{"bad"}, nil }
	if s := c.run(); s.BadLines != 1 || s.Objects != 3 || len(c.accepted) != 1 {
		t.Errorf("Run = %+v, quarantined %v, want one line and all objects done", s, c.quarantined)
	}
}

// TestATableThatTakesNothingIsNotTheRowsFault refuses everything: the run fails
// and keeps it all. What stays refused when others are accepted is quarantined,
// though the batches before held nothing else.
func TestATableThatTakesNothingIsNotTheRowsFault(t *testing.T) {
	c := newCloud(t)
	c.maxRows = 100 // some rows a batch
	var bad []string
	for i := range 40 {
		bad = append(bad, fmt.Sprint("bad", i))
		c.putBody(key(today, bad[i]), now.Add(-2*time.Minute), zipped(finding(bad[i])))
	}
	c.deliverFault = func([]string) (bool, []string, error) { return true, bad, nil }
	s, err := c.job().Run(t.Context())
	if !errors.Is(err, ingest.ErrAllRefused) || len(c.quarantined) != 0 || len(c.pending) != 40 || s.Pending != 40 {
		t.Fatalf("Run = %+v, %v, quarantined %d, want ErrAllRefused, none and 40 pending",
			s, err, len(c.quarantined))
	}
	c.put(key(today, "good"), now.Add(-time.Minute), "good")
	c.run()
	makeDue(c)
	c.put(key(today, "better"), now.Add(-time.Minute), "better")
	c.run()
	if len(c.quarantined) != 40 || len(c.pending) != 0 {
		t.Errorf("quarantined %d with %d pending, want 40 lines and none", len(c.quarantined), len(c.pending))
	}
	c.expect(1)
}

// TestABacklogIsWorkedOffByDays starts 40 days back and breaks in the middle.
func TestABacklogIsWorkedOffByDays(t *testing.T) {
	c := newCloud(t)
	c.lookback = 41 * 24 * time.Hour
	const days = 40
	for d := range days {
		at := today.AddDate(0, 0, -d)
		for i := range 5 {
			c.put(key(at, fmt.Sprint(i)), at.Add(time.Duration(i+1)*10*time.Minute), fmt.Sprintf("d%d-%d", d, i))
		}
	}
	sent := 0
	c.deliverFault = func(ids []string) (bool, []string, error) {
		for _, id := range ids {
			if strings.HasPrefix(id, "d20-") {
				return false, nil, errBoom
			}
		}
		sent++
		return true, nil, nil
	}
	s, err := c.job().Run(t.Context())
	if !errors.Is(err, errBoom) {
		t.Fatalf("Run = %v, want %v", err, errBoom)
	}
	low, high := today.AddDate(0, 0, -22), today.AddDate(0, 0, -20).Add(time.Hour)
	if s.Watermark.Before(low) || s.Watermark.After(high) {
		t.Errorf("after the break the watermark is %v, want it from %v to %v: older days are done",
			s.Watermark, low, high)
	}
	c.deliverFault = nil
	lists := c.lists
	c.run()
	c.expect(1)
	if got := c.lists - lists; got > 30 {
		t.Errorf("the second run made %d lists for its 22 days of one pair, want at most 30", got)
	}
	if len(c.done) > 5*7 {
		t.Errorf("the ledger keeps %d objects, want those of the last days", len(c.done))
	}
}

// TestALargerOverlapRepeatsNothing raises WATERMARK_OVERLAP between two runs:
// what was recorded before the ledger's floor may be forgotten, so it must not
// be listed again.
func TestALargerOverlapRepeatsNothing(t *testing.T) {
	c := newCloud(t)
	c.put(key(yesterday, "old"), now.Add(-20*time.Hour), "old")
	c.run()
	job := c.job()
	job.Overlap = 24 * time.Hour
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.expect(1)
}

// TestManyUnreadableObjectsOfAReadablePairWait has many objects that cannot be
// read beside one that can.
func TestManyUnreadableObjectsOfAReadablePairWait(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "good"), now.Add(-2*time.Minute), "good")
	for i := range 1001 {
		c.put(key(today, fmt.Sprint("bad", i)), now.Add(-time.Minute), fmt.Sprint("bad", i))
	}
	c.openFault = func(k string) error {
		if strings.Contains(k, "/bad") {
			return errBoom
		}
		return nil
	}
	job := c.job()
	job.Fetchers = 1 // the good one, being the oldest, is read first
	s, err := job.Run(t.Context())
	if err != nil || len(c.pending) != 1001 || !s.Watermark.Equal(now) || c.accepted["good"] != 1 {
		t.Errorf("Run = %v, pending %d, watermark %v, good accepted %d times, want 1001, %v, and 1",
			err, len(c.pending), s.Watermark, c.accepted["good"], now)
	}
	c.openFault = nil
	makeDue(c)
	c.run()
	makeDue(c)
	c.run()
	c.expect(1)
}

func TestAPendingObjectAloneDoesNotFailTheRun(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "bad"), now.Add(-2*time.Minute))
	c.put(key(today, "good"), now.Add(-2*time.Minute), "good")
	c.openFault = func(k string) error {
		if strings.Contains(k, "/bad") {
			return errBoom
		}
		return nil
	}
	for attempt := range 3 {
		c.run()
		for _, p := range c.pending {
			if p.Attempts != attempt+1 {
				t.Errorf("after run %d the object has %d attempts", attempt+1, p.Attempts)
			}
		}
		makeDue(c)
	}
}

func TestARunLeavesTheSourceToTheHolderOfTheLease(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "a"), now.Add(-time.Minute), "a")
	c.lease = &ingest.Lease{Owner: "another", Expires: now.Add(time.Minute), Version: "another"}
	var held *ingest.HeldError
	if _, err := c.job().Run(t.Context()); !errors.As(err, &held) || held.Holder.Owner != "another" || c.opens != 0 {
		t.Fatalf("Run = %v after %d reads, want a HeldError and none", err, c.opens)
	}
	for name, change := range map[string]func(*ingest.Job){
		"expired": func(*ingest.Job) { c.lease.Expires = now.Add(-time.Second) },
		"gone":    func(j *ingest.Job) { j.OwnerGone = func(owner string) bool { return owner == "another" } },
	} {
		t.Run(name, func(t *testing.T) {
			c.lease = &ingest.Lease{Owner: "another", Expires: now.Add(time.Minute), Version: "another"}
			job := c.job()
			change(job)
			if _, err := job.Run(t.Context()); err != nil {
				t.Errorf("Run = %v, want it to take the lease over", err)
			}
			if c.lease != nil {
				t.Errorf("after the run the lease is %+v, want it released", c.lease)
			}
		})
	}
	c.expect(1)
}

// TestTwoRunsAtOnceDeliverOnce starts many runs together.
func TestTwoRunsAtOnceDeliverOnce(t *testing.T) {
	c := newCloud(t)
	for i := range 200 {
		c.put(key(today, fmt.Sprint(i)), now.Add(-time.Minute), fmt.Sprint(i))
	}
	results := make(chan error)
	for i := range 8 {
		go func() {
			job := c.job()
			job.Owner = fmt.Sprint("owner", i)
			_, err := job.Run(context.WithoutCancel(t.Context()))
			results <- err
		}()
	}
	for range 8 {
		var held *ingest.HeldError
		if err := <-results; err != nil && !errors.As(err, &held) {
			t.Errorf("Run = %v, want nil or a HeldError", err)
		}
	}
	c.expect(1)
}

// TestTheOldestDayUnreadableHoldsNothingBack has only one object in the oldest
// window of a backlog, and it cannot be read.
func TestTheOldestDayUnreadableHoldsNothingBack(t *testing.T) {
	c := newCloud(t)
	c.lookback = 10 * 24 * time.Hour
	old := today.AddDate(0, 0, -9)
	c.put(key(old, "bad"), old.Add(time.Hour))
	for d := range 5 {
		at := today.AddDate(0, 0, -d)
		c.put(key(at, "good"), at.Add(time.Hour), fmt.Sprint("good", d))
	}
	c.openFault = func(k string) error {
		if strings.Contains(k, "/bad") {
			return errBoom
		}
		return nil
	}
	s := c.run()
	c.expect(1)
	if s.Pending != 1 || s.Left != 0 || !s.Watermark.Equal(now) {
		t.Errorf("Run = %+v, want 1 pending, none left and the watermark at %v", s, now)
	}
}
