package ingest

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

func pairOf(account string) guardduty.Pair { return guardduty.Pair(account + "/GuardDuty/xx-test-1/") }

// TestCostlyObjectsDelayNoOtherPair reads objects of a pair that take a minute
// each beside those of two others that take a second.
func TestCostlyObjectsDelayNoOtherPair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tasks []*task
		add := func(pair string, n int, pending *Pending) {
			for i := range n {
				tasks = append(tasks, &task{
					Object: Object{Key: fmt.Sprint(pair, i)}, pair: pairOf(pair[:1]), pending: pending,
				})
			}
		}
		add("a costly", 100, &Pending{})
		add("b failed", 1, &Pending{Attempts: 1})
		add("b refused", 1, &Pending{Tries: 1})
		add("b", 2, nil)
		add("c", 2, nil)
		shares := newShares(tasks)
		var order []string
		for range len(tasks) {
			one, read := shares.next()
			order = append(order, one.Object.Key)
			time.Sleep(time.Second)
			if one.pair == pairOf("a") {
				time.Sleep(time.Minute)
			}
			read()
		}
		want := []string{"a costly0", "b0", "c0", "b1", "c1", "b failed0", "b refused0", "a costly1"}
		if got := order[:len(want)]; !slices.Equal(got, want) {
			t.Errorf("order = %v, want %v first", got, want)
		}
		if one, _ := shares.next(); one != nil {
			t.Errorf("next = %s, want none", one.Object.Key)
		}
	})
}

// TestObjectsInProgressCount has one fetcher after the other take an object that
// takes for ever.
func TestObjectsInProgressCount(t *testing.T) {
	var tasks []*task
	for _, pair := range []string{"a", "a", "a", "a", "b", "c"} {
		tasks = append(tasks, &task{pair: pairOf(pair)})
	}
	shares := newShares(tasks)
	var order string
	for range 4 {
		one, _ := shares.next()
		order += one.pair.Account()
	}
	if order != "abca" {
		t.Errorf("order = %s, want abca", order)
	}
}

// TestRegionsOfOneAccountAreOneShare has a writer spread objects over many
// Regions of one account.
func TestRegionsOfOneAccountAreOneShare(t *testing.T) {
	var tasks []*task
	for i := range 100 {
		tasks = append(tasks, &task{pair: guardduty.Pair(fmt.Sprintf("AWSLogs/111111111111/GuardDuty/xx-made-%d/", i))})
	}
	for range 3 {
		tasks = append(tasks, &task{pair: "AWSLogs/222222222222/GuardDuty/eu-west-1/"})
	}
	shares := newShares(tasks)
	genuine := 0
	for range 6 {
		one, _ := shares.next()
		if one.pair.Account() == "222222222222" {
			genuine++
		}
	}
	if genuine != 3 {
		t.Errorf("of 6 objects %d are of the other account, want 3", genuine)
	}
}

func TestAccountHasACeilingWhateverItsRegions(t *testing.T) {
	c := ceiling{bytes: 1000}
	pair := func(i int) guardduty.Pair {
		return guardduty.Pair(fmt.Sprintf("AWSLogs/111111111111/GuardDuty/xx-made-%d/", i))
	}
	for i := range 100 {
		if want := i >= 10; c.reached(pair(i)) != want {
			t.Fatalf("Region %d of the account reached its ceiling = %v, want %v", i, !want, want)
		}
		c.add(pair(i), 1000)
	}
	if c.reached("AWSLogs/222222222222/GuardDuty/xx-made-1/") {
		t.Error("another account reached its ceiling")
	}
}
