package ingest_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

func finding(id string) string {
	return fmt.Sprintf(`{"id":%q,"type":"Recon:EC2/Portscan","severity":5}`+"\n", id)
}

// TestBadInputHoldsNothingBack puts one odd object among good ones.
func TestBadInputHoldsNothingBack(t *testing.T) {
	tests := map[string]struct {
		body        []byte
		ids         []string
		quarantined []string // line numbers
		counts      func(ingest.Summary) bool
	}{
		"truncated gzip": {
			zipped(finding("x") + strings.Repeat(finding("y"), 2000))[:60],
			nil,
			[]string{"0"},
			func(s ingest.Summary) bool { return s.BadObjects == 1 },
		},
		"a line that is not JSON": {
			zipped(finding("x") + "garbage\n" + finding("y")),
			[]string{"x", "y"},
			[]string{"2"},
			func(s ingest.Summary) bool { return s.BadLines == 1 },
		},
		"not an export file": {
			[]byte("<html>\n<body>\n"),
			nil,
			[]string{"0"},
			func(s ingest.Summary) bool { return s.BadObjects == 1 && s.BadLines == 0 },
		},
		"empty lines": {
			zipped("\n" + finding("x") + "\n\n" + finding("y")),
			[]string{"x", "y"},
			nil,
			func(s ingest.Summary) bool { return s.BadLines == 0 },
		},
		"an empty list": {
			zipped(`{"findings":[]}` + "\n" + finding("x")),
			[]string{"x"},
			nil,
			func(s ingest.Summary) bool { return s.EmptyLines == 1 },
		},
		"only an empty list": {
			zipped(`{"findings":[]}`),
			nil,
			nil,
			func(s ingest.Summary) bool { return s.EmptyLines == 1 && s.BadObjects == 0 },
		},
		"3,000 bad lines": {
			zipped(finding("x") + strings.Repeat("bad\n", 3000)),
			[]string{"x"},
			nil,
			func(s ingest.Summary) bool { return s.BadLines == 3000 && s.BadObjects == 0 },
		},
		"101 bad lines": {
			zipped(finding("x") + strings.Repeat("bad\n", 101)),
			[]string{"x"},
			nil,
			func(s ingest.Summary) bool { return s.BadLines == 101 && s.BadObjects == 0 },
		},
		"a line too long": {
			zipped(finding("x") + strings.Repeat("z", 5<<20) + "\n" + finding("y")),
			[]string{"x", "y"},
			[]string{"2"},
			func(s ingest.Summary) bool { return s.BadLines == 1 },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			c.put(key(today, "0"), now.Add(-3*time.Minute), "before")
			c.putBody(key(today, "1"), now.Add(-2*time.Minute), tt.body, tt.ids...)
			c.put(key(today, "2"), now.Add(-time.Minute), "after")
			s := c.run()
			c.expect(1)
			if !tt.counts(s) || s.Objects != 3 || !s.Watermark.Equal(now) {
				t.Errorf("Run = %+v", s)
			}
			var lines []string
			for _, a := range c.quarantined {
				lines = append(lines, a[strings.LastIndexByte(a, ':')+1:])
			}
			if tt.quarantined != nil && !slices.Equal(lines, tt.quarantined) {
				t.Errorf("quarantined %v, want lines %v of object 1", c.quarantined, tt.quarantined)
			}
			opens := c.opens
			c.run()
			c.expect(1)
			if c.opens != opens {
				t.Errorf("the second run read %d objects, want none", c.opens-opens)
			}
		})
	}
}

func TestARefusedFindingIsSetAsideByItself(t *testing.T) {
	c := newCloud(t)
	c.putBody(key(today, "a"), now.Add(-time.Minute),
		zipped(finding("one")+finding("two")+finding("three")), "one", "three")
	c.deliverFault = func([]string) (bool, []string, error) { return true, []string{"two"}, nil }
	s := c.run()
	c.expect(1)
	want := []string{key(today, "a") + ":2"}
	if !slices.Equal(c.quarantined, want) || s.Findings != 2 || s.BadLines != 1 {
		t.Errorf("quarantined %v, Run = %+v, want %v and 2 findings", c.quarantined, s, want)
	}
}

func TestAFindingWithoutARowIsSetAsideByItself(t *testing.T) {
	c := newCloud(t)
	c.putBody(key(today, "a"), now.Add(-time.Minute), zipped(finding("two")), nil...)
	c.rowFault = func(string) error { return errors.New("too large") }
	s := c.run()
	if s.BadLines != 1 || s.BadObjects != 0 || !slices.Equal(c.quarantined, []string{key(today, "a") + ":1"}) {
		t.Errorf("Run = %+v, quarantined %v, want line 1", s, c.quarantined)
	}
}

// TestAnUnreadableObjectIsTriedAgain fails one object's reads: it becomes
// pending, holds nothing back, and is read when its time has come.
func TestAnUnreadableObjectIsTriedAgain(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "bad"), now.Add(-2*time.Minute), "bad")
	c.put(key(today, "good"), now.Add(-time.Minute), "good")
	c.openFault = func(k string) error {
		if strings.HasSuffix(k, "bad.jsonl.gz") {
			return errBoom
		}
		return nil
	}
	s := c.run()
	if s.Pending != 1 || s.Findings != 1 || !s.Watermark.Equal(now) {
		t.Fatalf("Run = %+v, want 1 pending, 1 finding and the watermark at %v", s, now)
	}
	for attempt, wait := range []time.Duration{5 * time.Minute, 10 * time.Minute, 20 * time.Minute} {
		for _, p := range c.pending {
			if p.Attempts != attempt+1 || p.Error != "boom" || p.Next.Sub(now) != wait {
				t.Fatalf("after %d attempts pending = %+v, want the next after %v", attempt+1, p, wait)
			}
		}
		opens := c.opens
		c.run()
		if c.opens != opens {
			t.Fatal("the object was read before its time")
		}
		makeDue(c)
		c.put(key(today, fmt.Sprint("other", attempt)), now.Add(time.Duration(attempt+1)*time.Second),
			fmt.Sprint("other", attempt))
		c.run()
	}
	c.openFault = nil
	makeDue(c)
	c.run()
	c.expect(1)
	if len(c.pending) != 0 {
		t.Errorf("pending = %v, want none", c.pending)
	}
}

// makeDue lets every pending object be tried by the next run.
func makeDue(c *cloud) {
	for id, p := range c.pending {
		p.Next = now
		c.pending[id] = p
	}
}

func TestAnObjectIsGivenUpAfterItsLastAttempt(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "bad"), now.Add(-2*time.Minute))
	c.openFault = func(k string) error {
		if strings.HasSuffix(k, "bad.jsonl.gz") {
			return errBoom
		}
		return nil
	}
	for n := range 12 {
		c.put(key(today, fmt.Sprint("good", n)), now.Add(time.Duration(n)*time.Second), fmt.Sprint("good", n))
		c.run()
		makeDue(c)
	}
	if want := []string{key(today, "bad") + ":0"}; !slices.Equal(c.quarantined, want) || len(c.pending) != 0 {
		t.Errorf("quarantined %v, pending %v, want %v and none", c.quarantined, c.pending, want)
	}
}

// TestAReadThatBreaksIsResumed cuts the connection in the middle of an object.
func TestAReadThatBreaksIsResumed(t *testing.T) {
	c := newCloud(t)
	var body strings.Builder
	var ids []string
	for i := range 500 {
		ids = append(ids, fmt.Sprint("f", i))
		body.WriteString(finding(ids[i]))
	}
	c.putBody(key(today, "big"), now.Add(-time.Minute), []byte(body.String()), ids...)
	c.bodyFault = func(_ string, r io.Reader) io.Reader {
		return io.MultiReader(io.LimitReader(r, int64(body.Len()/2)), iotest.ErrReader(errBoom))
	}
	if s := c.run(); s.Pending != 1 || s.Findings < 200 {
		t.Fatalf("Run = %+v, want 1 pending and the findings before the break", s)
	}
	c.bodyFault = nil
	makeDue(c)
	c.run()
	c.expect(1)
}

func TestAnObjectThatIsGoneIsQuarantined(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "good"), now.Add(-time.Minute), "good")
	c.put(key(today, "gone"), now.Add(-time.Minute))
	c.openFault = func(k string) error {
		if strings.HasSuffix(k, "gone.jsonl.gz") {
			return ingest.ErrGone
		}
		return nil
	}
	if s := c.run(); s.BadObjects != 1 || s.Pending != 0 {
		t.Errorf("Run = %+v, want 1 object quarantined", s)
	}
	c.expect(1)
}

func TestWhenNothingCanBeReadTheRunFailsAndKeepsEverything(t *testing.T) {
	c := newCloud(t)
	for i := range 300 {
		c.put(key(today, fmt.Sprint(i)), now.Add(-time.Minute), fmt.Sprint(i))
	}
	c.openFault = func(string) error { return errBoom }
	s, err := c.job().Run(t.Context())
	if !errors.Is(err, errBoom) || len(c.pending) != 0 || len(s.Held) != 1 ||
		!s.Held[0].Mark.Before(now.Add(-time.Minute)) {
		t.Errorf("Run = %+v, %v, pending %d, want %v, no pending rows and the pair held from below the objects",
			s, err, len(c.pending), errBoom)
	}
	if c.opens >= 300 {
		t.Errorf("the run read %d objects before it gave up, want fewer than 300", c.opens)
	}
	c.openFault = nil
	c.run()
	c.expect(1)
}
