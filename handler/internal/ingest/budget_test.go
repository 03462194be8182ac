package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestBudgetEndsTheRunAndTheNextGoesOn slows every read so that a run cannot
// read them all.
func TestBudgetEndsTheRunAndTheNextGoesOn(t *testing.T) { synctest.Test(t, budgetEndsTheRun) }

func budgetEndsTheRun(t *testing.T) {
	time.Sleep(time.Until(now))
	c := newCloud(t)
	for i := range 400 {
		c.put(key(today, fmt.Sprintf("%04d", i)), now.Add(-time.Duration(400-i)*time.Second), fmt.Sprint(i))
	}
	c.bodyFault = func(_ string, r io.Reader) io.Reader { return slow{r, time.Second} }
	runs := 0
	for left := 1; left > 0; runs++ {
		job := c.job()
		job.Budget, job.Now = time.Minute, time.Now
		started, before := time.Now(), len(c.accepted)
		s, err := job.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took > job.Budget {
			t.Errorf("a run with a budget of %v took %v", job.Budget, took)
		}
		if left = s.Left; left > 0 && len(c.accepted) == before {
			t.Fatalf("run %d made no progress: %+v", runs, s)
		}
	}
	c.expect(1)
	if runs < 2 {
		t.Errorf("%d run read everything, want the budget to end it", runs)
	}
}

// slow waits before each read.
type slow struct {
	r    io.Reader
	wait time.Duration
}

func (s slow) Read(p []byte) (int, error) {
	time.Sleep(s.wait)
	return s.r.Read(p)
}

// TestOneObjectLargerThanARunIsResumedByLine delivers so slowly that one object
// takes several runs.
func TestOneObjectLargerThanARunIsResumedByLine(t *testing.T) { synctest.Test(t, largerThanARun) }

func largerThanARun(t *testing.T) {
	time.Sleep(time.Until(now))
	c := newCloud(t)
	var body bytes.Buffer
	var ids []string
	for i := range 600 {
		ids = append(ids, fmt.Sprint("f", i))
		body.WriteString(finding(ids[i]))
	}
	c.putBody(key(today, "huge"), now.Add(-time.Minute), body.Bytes(), ids...)
	c.maxRows = 100
	c.deliverHook = func(context.Context) { time.Sleep(time.Second) }
	runs := 0
	for ; len(c.accepted) < 600 && runs < 20; runs++ {
		job := c.job()
		job.Budget, job.Now = time.Minute, time.Now
		if _, err := job.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	c.run()
	c.expect(1)
	if runs < 2 {
		t.Errorf("%d run read everything, want the budget to end it", runs)
	}
}

func TestAStopLetsBatchesInFlightEndAndRecordsThem(t *testing.T) {
	c := newCloud(t)
	for i := range 500 {
		c.put(key(today, fmt.Sprintf("%04d", i)), now.Add(-time.Minute), fmt.Sprint(i))
	}
	ctx, stop := context.WithCancel(t.Context())
	c.deliverHook = func(working context.Context) {
		stop()
		if working.Err() != nil {
			t.Error("the stop cut a batch in flight")
		}
	}
	s, err := c.job().Run(ctx)
	if err != nil {
		t.Fatalf("Run = %v, want no error", err)
	}
	if s.Findings == 0 || len(c.done) != s.Objects || s.Left == 0 {
		t.Errorf("Run = %+v with %d recorded, want some delivered, all of those recorded and some left", s, len(c.done))
	}
	c.deliverHook = nil
	c.run()
	c.expect(1)
}

// TestMemoryIsBoundedByTheStages checks that no more batches are in flight than
// there are uploaders, and that a large object is not held.
func TestMemoryIsBoundedByTheStages(t *testing.T) {
	c := newCloud(t)
	r := &repeated{
		text: `{"id":"%d","type":"Recon:EC2/Portscan","pad":"` + strings.Repeat("x", 1<<10) + `"}` + "\n",
		left: 64 << 10,
	}
	c.putBody(key(today, "big"), now.Add(-time.Minute), []byte("replaced below"))
	c.bodyFault = func(string, io.Reader) io.Reader { return r }
	var before, peak runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	c.deliverHook = func(context.Context) {
		if c.batches%500 == 0 {
			runtime.GC()
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak.HeapAlloc = max(peak.HeapAlloc, now.HeapAlloc)
		}
	}
	job := c.job()
	job.Uploaders = 1
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.maxBatch != 1 || len(c.accepted) != 64<<10 {
		t.Errorf("%d batches at once and %d findings, want 1 and %d", c.maxBatch, len(c.accepted), 64<<10)
	}
	if grown := int64(peak.HeapAlloc) - int64(before.HeapAlloc); grown > 32<<20 {
		t.Errorf("the heap grew by %d bytes over an object of 64 MB, want at most 32 MB, the test's own books included",
			grown)
	}
}

// repeated is a text over and over with a number in it, made as it is read.
type repeated struct {
	text string
	left int
	rest string
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.rest == "" {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.left--
		r.rest = fmt.Sprintf(r.text, r.left)
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}
