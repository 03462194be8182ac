package ingest_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

// TestCeilingOfOnePairHoldsNothingElseBack has one account with far more than a
// run sends of it, and more each run, beside one that has little.
func TestCeilingOfOnePairHoldsNothingElseBack(t *testing.T) {
	c := newCloud(t)
	c.maxPair = 200 // some fifteen rows
	const flood, other, most = "111111111111", victim, 25
	n := 0
	export := func(account string, objects, findings int) {
		for range objects {
			var ids []string
			for range findings {
				n++
				ids = append(ids, fmt.Sprint(account[:1], n))
			}
			c.put(in(account, "eu-west-1", fmt.Sprint(n)), c.now.Add(-time.Minute), ids...)
		}
	}
	export(flood, 20, 2)
	export(flood, 1, 40)
	rows := func(account string) (sum int) {
		for id, times := range c.accepted {
			if strings.HasPrefix(id, account[:1]) {
				sum += times
			}
		}
		return sum
	}
	for i := range 4 {
		export(flood, 10, 2)
		export(other, 1, 3)
		lists, before := c.lists, rows(flood)
		s := c.run()
		if got := rows(other); got != 3*(i+1) {
			t.Errorf("run %d: %d findings of the other account, want %d", i, got, 3*(i+1))
		}
		if got := rows(flood) - before; got < 10 || got > most {
			t.Errorf("run %d sent %d rows of the account with too many, want from 10 to %d", i, got, most)
		}
		if got := fmt.Sprint(s.Outcome(), s.Capped); got != "partial["+flood+" eu-west-1]" {
			t.Errorf("run %d = %s, want partial with the account capped", i, got)
		}
		if !s.Watermark.Equal(c.now) || len(s.Held) > 0 {
			t.Errorf("run %d: watermark %v with %d held, want %v and none", i, s.Watermark, len(s.Held), c.now)
		}
		if s.Lag < time.Hour {
			t.Errorf("run %d: lag %v, want that of what is left", i, s.Lag)
		}
		if c.lists-lists > 12 {
			t.Errorf("run %d made %d LISTs", i, c.lists-lists)
		}
		c.now = c.now.Add(5 * time.Minute)
	}
	for runs := 0; len(c.held)+len(c.pending) > 0; runs++ {
		if runs > 20 {
			t.Fatalf("after %d runs still held %v and pending %v", runs, c.held, c.pending)
		}
		c.run()
		c.now = c.now.Add(5 * time.Minute)
	}
	c.expect(1)
	if s := c.run(); s.Outcome() != ingest.OutcomeOK || len(s.Capped) > 0 {
		t.Errorf("Run = %s, capped %v, want %s and none", s.Outcome(), s.Capped, ingest.OutcomeOK)
	}
}

// TestAListingThatDoesNotFitIsTakenInParts has far more objects than a listing
// takes, nearly all in one folder.
func TestAListingThatDoesNotFitIsTakenInParts(t *testing.T) {
	c := newCloud(t)
	c.maxTasks = 10
	for i := range 100 {
		c.put(key(today, fmt.Sprintf("%03d", i)), now.Add(-time.Hour), fmt.Sprint("f", i))
	}
	var first []string
	for i := range 30 {
		id := fmt.Sprint("o", i)
		c.put(in(fmt.Sprintf("%012d", i), "eu-west-1", "a"), now.Add(-time.Minute), id)
	}
	c.deliverFault = func(ids []string) (bool, []string, error) {
		first = append(first, ids...)
		return true, nil, nil
	}
	s := c.run()
	c.expect(1)
	if s.Outcome() != ingest.OutcomeOK || !s.Watermark.Equal(now) {
		t.Errorf("Run = %s at %v, want %s at %v", s.Outcome(), s.Watermark, ingest.OutcomeOK, now)
	}
	last := slices.IndexFunc(first, func(id string) bool { return id == "o29" })
	if flood := slices.DeleteFunc(first[:last], func(id string) bool { return id[0] == 'o' }); len(flood) > 20 {
		t.Errorf("%d findings of the large folder came before those of the others", len(flood))
	}
}

// slowLists answers each listing below an account after a minute.
type slowLists struct{ archive }

func (a slowLists) List(ctx context.Context, prefix, after string, limit int) (ingest.Page, error) {
	select {
	case <-time.After(time.Minute):
		return a.archive.List(ctx, prefix, after, limit)
	case <-ctx.Done():
		return ingest.Page{}, ctx.Err()
	}
}

// TestAListingThatTakesTooLongIsDelivered has so many folders that a run cannot
// list them all: it delivers what it has found by then, and the next run begins
// elsewhere.
func TestAListingThatTakesTooLongIsDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now))
		c := newCloud(t)
		const accounts = 400
		for i := range accounts {
			c.put(in(fmt.Sprintf("%012d", i), "eu-west-1", "a"), now.Add(-time.Minute), fmt.Sprint("f", i))
		}
		runs := 0
		for ; len(c.accepted) < accounts && runs < 50; runs++ {
			before := len(c.accepted)
			job := c.job()
			job.Archive, job.Budget, job.Now = slowLists{archive{c}}, 30*time.Minute, time.Now
			s, err := job.Run(t.Context())
			if err != nil {
				t.Fatalf("run %d = %v", runs, err)
			}
			if runs == 0 && (len(c.accepted) == before || s.Outcome() != ingest.OutcomePartial || !s.Plan.Late) {
				t.Errorf("the first run = %s with %d findings, late %v", s.Outcome(), len(c.accepted), s.Plan.Late)
			}
			if mark := now.Add(-24 * time.Hour); !s.Watermark.Equal(mark) {
				t.Errorf("run %d: watermark %v, want %v: not all is listed", runs, s.Watermark, mark)
			}
		}
		c.expect(1)
		if runs > 20 {
			t.Errorf("%d runs for %d accounts", runs, accounts)
		}
	})
}

func TestOnlyTheAccountsThatAreNamedAreRead(t *testing.T) {
	const org = "o-a1b2c3d4e5/"
	c := newCloud(t)
	put := func(folder, id string) {
		key := guardduty.Root("") + folder + "/GuardDuty/eu-west-1/" + today.Format("2006/01/02/") + id + ".jsonl.gz"
		c.putBody(key, now.Add(-time.Minute), zipped(finding(id)))
	}
	put(victim, "plain")
	put(org+victim, "org")
	others := []string{writer, org + writer, "o-short/" + victim, "o-A1B2C3D4E5/" + victim, "x/" + victim}
	for i, folder := range others {
		put(folder, fmt.Sprint("other", i))
	}
	for range 2 {
		job := c.job()
		job.Accounts = []string{victim, "999999999999"}
		s, err := job.Run(t.Context())
		if err != nil || s.NoFolders {
			t.Fatalf("Run = %+v, %v", s, err)
		}
		if len(c.accepted) != 2 || c.accepted["plain"] != 1 || c.accepted["org"] != 1 {
			t.Errorf("accepted %v, want what lies in the folders of %s", c.accepted, victim)
		}
	}
	job := c.job()
	job.Accounts = []string{"999999999999"}
	if s, err := job.Run(t.Context()); err != nil || !s.NoFolders {
		t.Errorf("Run with an account that has no folder = %+v, %v, want it to say so", s, err)
	}
}

func TestOnlyDaysThatGuardDutyCanHaveAreListed(t *testing.T) {
	c := newCloud(t)
	c.put(key(today.AddDate(0, 0, 1), "tomorrow"), now.Add(-time.Minute), "tomorrow")
	for i := range 5 {
		c.putBody(key(today.AddDate(0, i, 2), fmt.Sprint(i)), now.Add(-time.Minute), zipped(finding("future")))
	}
	c.putBody(key(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), "x"), now.Add(-time.Minute), zipped(finding("far")))
	if s := c.run(); s.Findings != 1 || c.accepted["tomorrow"] != 1 {
		t.Errorf("Run = %+v, accepted %v, want what is in the folder of tomorrow", s, c.accepted)
	}
}
