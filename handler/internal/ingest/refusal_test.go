package ingest_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// TestATableThatBreaksInTheMiddleQuarantinesNothing accepts two batches and
// refuses every later one.
func TestATableThatBreaksInTheMiddleQuarantinesNothing(t *testing.T) {
	for _, rows := range []int{650, 40} {
		t.Run(fmt.Sprint(rows, " a batch"), func(t *testing.T) {
			c := newCloud(t)
			c.maxRows = 18 * rows
			n := 0
			for i := range 12 * rows / 20 {
				var ids []string
				for range 20 {
					ids = append(ids, fmt.Sprint("f", n))
					n++
				}
				c.put(key(today, fmt.Sprint("o", i)), now.Add(-time.Duration(i)*time.Second), ids...)
			}
			batches := 0
			c.deliverFault = func(ids []string) (bool, []string, error) {
				if batches++; batches > 2 {
					return true, ids, nil
				}
				return true, nil, nil
			}
			job := c.job()
			job.Uploaders = 4
			job.Run(t.Context())
			c.deliverFault = nil
			for range 2 {
				c.now = c.now.Add(5 * time.Minute)
				c.run()
			}
			c.expect(1)
			if len(c.quarantined) != 0 {
				t.Errorf("%d healthy findings are in quarantine", len(c.quarantined))
			}
		})
	}
}

// TestARefusedFindingOfAQuietSourceFailsFewRuns refuses the only finding there
// is. It waits, and goes to quarantine once the table takes another.
func TestARefusedFindingOfAQuietSourceFailsFewRuns(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "poison"), now.Add(-2*time.Minute), "poison")
	c.deliverFault = func([]string) (bool, []string, error) { return true, []string{"poison"}, nil }
	failed := 0
	for range 12 * 24 * 3 {
		if _, err := c.job().Run(t.Context()); errors.Is(err, ingest.ErrAllRefused) {
			failed++
		}
		c.now = c.now.Add(5 * time.Minute)
	}
	if failed == 0 || failed > 20 || len(c.quarantined) > 0 || c.now.Sub(c.mark.Time) > 5*time.Minute {
		t.Errorf("%d of 864 runs failed, quarantined %v, the watermark is %v behind; want few, none, none",
			failed, c.quarantined, c.now.Sub(c.mark.Time))
	}
	c.put(key(c.now, "good"), c.now.Add(-time.Second), "good")
	c.run()
	if want := []string{key(today, "poison") + ":1"}; !slices.Equal(c.quarantined, want) || len(c.pending) != 0 {
		t.Errorf("quarantined %v with %d pending, want %v and none", c.quarantined, len(c.pending), want)
	}
}

// TestARefusedRowIsSentOnceMore refuses a row once, as something between us and
// the service may.
func TestARefusedRowIsSentOnceMore(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "a"), now.Add(-time.Minute), "one", "two", "three")
	refused := false
	c.deliverFault = func([]string) (bool, []string, error) {
		if refused {
			return true, nil, nil
		}
		refused = true
		return true, []string{"two"}, nil
	}
	c.run()
	c.expect(1)
	if len(c.quarantined) != 0 {
		t.Errorf("quarantined %v, want none", c.quarantined)
	}
}

// TestWhatIsRefusedDoesNotHoldLaterWindows refuses rows in the first windows of
// a backlog, one of them in two objects.
func TestWhatIsRefusedDoesNotHoldLaterWindows(t *testing.T) {
	c := newCloud(t)
	c.lookback = 8 * 24 * time.Hour
	at := func(d int) time.Time { return today.AddDate(0, 0, -d).Add(time.Hour) }
	c.putBody(key(at(7), "a"), at(7), []byte(finding("poison")))
	c.putBody(key(at(7), "b"), at(7), []byte(finding("poison")))
	for d := 5; d > 2; d-- {
		c.putBody(key(at(d), "c"), at(d), []byte(finding(fmt.Sprint("poison", d))))
	}
	c.put(key(at(0), "good"), at(0), "good")
	c.deliverFault = func(ids []string) (bool, []string, error) {
		good := func(id string) bool { return !strings.HasPrefix(id, "poison") }
		return true, slices.DeleteFunc(slices.Clone(ids), good), nil
	}
	s, _ := c.job().Run(t.Context())
	if s.Left != 0 || !s.Watermark.Equal(now) || c.accepted["good"] != 1 {
		t.Errorf("Run = %+v, good accepted %d times, want nothing left and the watermark at %v",
			s, c.accepted["good"], now)
	}
	for range 2 {
		c.now = c.now.Add(10 * time.Minute)
		id := fmt.Sprint("good", c.now)
		c.put(key(c.now, id), c.now.Add(-time.Minute), id)
		c.job().Run(t.Context())
	}
	if len(c.quarantined) != 4 || len(c.pending) != 0 {
		t.Errorf("quarantined %v with %d pending, want each poison once and none", c.quarantined, len(c.pending))
	}
}

// TestARefusedCopySwallowsNoGoodOne has two lines with one identity: the first
// is refused, the other can be accepted.
func TestARefusedCopySwallowsNoGoodOne(t *testing.T) {
	line := func(severity int) []byte {
		return fmt.Appendf(nil, `{"id":"x","type":"Recon:EC2/Portscan","severity":%d,"updatedAt":"2026-11-22T01:00:00.000Z",`+
			`"accountId":"111122223333","region":"eu-west-1","service":{"count":1}}`+"\n", severity)
	}
	c := newCloud(t)
	c.putBody(key(today, "a"), now.Add(-3*time.Minute), line(5))
	c.putBody(key(today, "b"), now.Add(-2*time.Minute), line(6), "x")
	c.put(key(today, "c"), now.Add(-time.Minute), "c", "d", "e")
	refusals := 0
	c.deliverFault = func(ids []string) (bool, []string, error) {
		if i := slices.Index(ids, "x"); i >= 0 && refusals < 2 { // the first copy, each time it is sent
			refusals++
			return true, []string{"x"}, nil
		}
		return true, nil, nil
	}
	job := c.job()
	job.Fetchers = 1
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.now = c.now.Add(5 * time.Minute)
	c.run()
	c.expect(1)
	if want := []string{key(today, "a") + ":1"}; !slices.Equal(c.quarantined, want) {
		t.Errorf("quarantined %v, want %v", c.quarantined, want)
	}
}
