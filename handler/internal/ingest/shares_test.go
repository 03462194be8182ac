package ingest

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// TestCostlyObjectsDelayNoOtherPair reads objects of a pair that take a minute
// each beside those of two others that take a second.
func TestCostlyObjectsDelayNoOtherPair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tasks []*task
		add := func(pair string, n int, pending *Pending) {
			for i := range n {
				tasks = append(tasks, &task{
					Object: Object{Key: fmt.Sprint(pair, i)}, pair: guardduty.Pair(pair), pending: pending,
				})
			}
		}
		add("failed", 2, &Pending{Attempts: 1})
		add("refused", 1, &Pending{Tries: 1})
		add("costly", 100, &Pending{})
		add("b", 3, nil)
		add("c", 2, nil)
		shares := newShares(tasks)
		var order []string
		for range len(tasks) {
			one, read := shares.next()
			order = append(order, one.Object.Key)
			time.Sleep(time.Second)
			if one.pair == "costly" {
				time.Sleep(time.Minute)
			}
			read()
		}
		want := []string{"costly0", "b0", "c0", "b1", "c1", "b2", "costly1"}
		if got := order[:len(want)]; !slices.Equal(got, want) {
			t.Errorf("order = %v, want %v first", got, want)
		}
		want = []string{"costly99", "failed0", "refused0", "failed1"}
		if got := order[len(order)-len(want):]; !slices.Equal(got, want) {
			t.Errorf("order = %v, want %v last", got, want)
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
		tasks = append(tasks, &task{pair: guardduty.Pair(pair)})
	}
	shares := newShares(tasks)
	var order string
	for range 4 {
		one, _ := shares.next()
		order += string(one.pair)
	}
	if order != "abca" {
		t.Errorf("order = %s, want abca", order)
	}
}
