package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/seed"
)

// seedDays is how many days findings of the user's own are spread over;
// lookback takes them all in, and the thirty days of the built-in story.
const (
	seedDays = 3
	lookback = "744h"
)

// heldBack is how many of the user's own findings at most are exported while the
// cloud runs, so that there is something new to see.
const heldBack = 60

// later gives the object that is exported after n others while the cloud runs.
type later func(n int, at time.Time) seed.Object

// content is what the bucket holds.
type content struct {
	objects  []seed.Object
	findings int // whole ones
	exports  int // objects that hold them
	own      bool
	later    later
}

// plan lays out what the options name: the built-in story, or findings of the
// user's own. With hold some of these are held back for later.
func plan(o options, hold bool) (content, error) {
	opts := seed.Options{Now: time.Now(), Seed: 1, Days: seedDays, Decoys: true, Damaged: o.damaged}
	var c content
	if o.findings == "" {
		story, err := seed.ReadStory(o.root)
		if err != nil {
			return c, err
		}
		c.objects = story.Plan(opts)
		c.later = func(n int, at time.Time) seed.Object {
			return story.Next(n, at, seed.Options{Seed: 1})
		}
	} else {
		in, err := seed.Read(o.findings)
		if err != nil {
			return c, err
		}
		for _, note := range in.Notes { // what was converted or skipped
			fmt.Println("  " + note)
		}
		findings, cut := in.Findings, len(in.Findings)
		if hold {
			cut -= min(heldBack, cut/2)
		}
		opts.OwnFolders = true
		c.own, c.objects, c.later = true, seed.Plan(findings[:cut], opts), repeated(findings[cut:], findings)
	}
	for _, object := range c.objects {
		c.findings += object.Findings
		if object.Findings > 0 {
			c.exports++
		}
	}
	return c, nil
}

// repeated gives the findings that were held back, and after them updates of
// all, as GuardDuty exports a finding again whenever there is more to it.
func repeated(held, all [][]byte) later {
	return func(n int, at time.Time) seed.Object {
		finding := updated(all[n%len(all)], at)
		if n < len(held) {
			finding = held[n]
		}
		opts := seed.Options{Now: at, Seed: uint64(n) + 2, OwnFolders: true}
		object := seed.Plan([][]byte{finding}, opts)[0]
		object.LastModified = at
		return object
	}
}

var updatedAt = regexp.MustCompile(`("updatedAt"\s*:\s*")[^"]*"`)

// updated is a finding as of another time.
func updated(finding []byte, at time.Time) []byte {
	return updatedAt.ReplaceAll(finding, []byte("${1}"+at.UTC().Format("2006-01-02T15:04:05.000Z")+`"`))
}

// exportLater exports what comes later, one object at a time.
func exportLater(ctx context.Context, c *cloud.Cloud, every time.Duration, next later) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := c.Put([]seed.Object{next(n, time.Now())}); err != nil {
			fmt.Fprintln(os.Stderr, "localcloud: export:", err)
		}
	}
}
