package ingest_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

var (
	today     = now.Truncate(24 * time.Hour)
	yesterday = today.AddDate(0, 0, -1)
)

func TestRunDeliversEveryFindingOnce(t *testing.T) {
	c := newCloud(t)
	for i := range 300 {
		c.put(key(yesterday, fmt.Sprintf("%04d", i)), yesterday.Add(time.Duration(i)*4*time.Minute+4*time.Hour),
			fmt.Sprintf("a%d", i), fmt.Sprintf("b%d", i))
	}
	s := c.run()
	c.expect(1)
	if s.Findings != 600 || s.Objects != 300 || s.Left != 0 || !s.Watermark.Equal(now) {
		t.Errorf("Run = %+v, want 600 findings of 300 objects and the watermark at %v", s, now)
	}
	lists, opens := c.lists, c.opens
	s = c.run()
	c.expect(1)
	if s.Findings != 0 || c.opens != opens || c.lists-lists > 4 {
		t.Errorf("the second run sent %d findings with %d reads and %d lists, want 0, 0 and at most 4",
			s.Findings, c.opens-opens, c.lists-lists)
	}
}

// TestNothingLost puts objects where a cursor over names or times would miss
// them, after a first run has moved the watermark.
func TestNothingLost(t *testing.T) {
	tests := map[string]struct {
		key      string
		modified time.Time
	}{
		"a name before all others":              {key(today, "0000"), now.Add(time.Minute)},
		"a name after all others":               {key(today, "ffff"), now.Add(time.Minute)},
		"the second of the watermark":           {key(today, "1111"), now},
		"late, inside the overlap":              {key(today, "1111"), now.Add(-50 * time.Minute)},
		"written after midnight into yesterday": {key(yesterday, "1111"), now.Add(time.Minute)},
		"the folder of tomorrow":                {key(today.AddDate(0, 0, 1), "1111"), now.Add(time.Minute)},
		"another region": {
			"AWSLogs/111122223333/GuardDuty/ap-east-1/" + today.Format("2006/01/02/") + "1.jsonl.gz",
			now.Add(time.Minute),
		},
		"another account": {
			"AWSLogs/000000000001/GuardDuty/eu-west-1/" + today.Format("2006/01/02/") + "1.jsonl.gz",
			now.Add(time.Minute),
		},
		"an organization": {
			"AWSLogs/o-abcdefghij/111122223333/GuardDuty/eu-west-1/" + today.Format("2006/01/02/") + "1.jsonl.gz",
			now.Add(time.Minute),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			c.put(key(today, "8888"), now.Add(-time.Minute), "first")
			c.run()
			c.put(tt.key, tt.modified, "second")
			c.run()
			c.expect(1)
			c.run()
			c.expect(1)
		})
	}
}

func TestAnObjectWrittenAgainIsReadAgain(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "a"), now.Add(-time.Minute), "one")
	c.run()
	delete(c.objects, key(today, "a"))
	c.put(key(today, "a"), now.Add(time.Minute), "two-which-differs")
	c.run()
	if c.accepted["two-which-differs"] != 1 {
		t.Errorf("the new version was accepted %d times, want 1", c.accepted["two-which-differs"])
	}
}

func TestOnlyThePrefixIsListedAndDecoysAreSkipped(t *testing.T) {
	c := newCloud(t)
	c.put("exports/AWSLogs/111122223333/GuardDuty/eu-west-1/"+today.Format("2006/01/02/")+"1.jsonl.gz",
		now.Add(-time.Minute), "mine")
	for _, decoy := range []string{
		"AWSLogs/111122223333/GuardDuty/eu-west-1/" + today.Format("2006/01/02/") + "1.jsonl.gz",
		"exports/AWSLogs/111122223333/CloudTrail/eu-west-1/" + today.Format("2006/01/02/") + "1.json.gz",
		"exports/AWSLogs/111122223333/GuardDuty/eu-west-1/" + today.Format("2006/01/02/") + "1.json",
		"exports/AWSLogs/111122223333/GuardDuty/eu-west-1/" + today.Format("2006/01/02/"),
		"exports/AWSLogs/111122223333/GuardDuty/",
		"exports/AWSLogs/",
	} {
		c.putBody(decoy, now.Add(-time.Minute), []byte("x"))
	}
	c.putBody("exports/AWSLogs/111122223333/GuardDuty/eu-west-1/"+today.Format("2006/01/02/")+"0.jsonl.gz",
		now.Add(-time.Minute), nil)
	job := c.job()
	job.Prefix = "exports"
	s, err := job.Run(t.Context())
	if err != nil || s.Findings != 1 || c.opens != 1 || s.Plan.Skipped != 4 {
		t.Errorf("Run = %+v, %v with %d reads, want 1 finding, 1 read and 4 keys skipped", s, err, c.opens)
	}
}

func TestAnIdleRunCostsTwoListsAPairWhateverTheHistory(t *testing.T) {
	c := newCloud(t)
	const regions = 5
	for r := range regions {
		for i := range 2500 {
			day := yesterday.AddDate(0, 0, -2-i%100)
			folder := day.Format("2006/01/02")
			c.putBody(fmt.Sprintf("AWSLogs/111122223333/GuardDuty/xx-region-%d/%s/%04d.jsonl.gz", r, folder, i),
				day.Add(time.Hour), []byte("x"))
		}
		c.put(fmt.Sprintf("AWSLogs/111122223333/GuardDuty/xx-region-%d/%s1.jsonl.gz", r, today.Format("2006/01/02/")),
			now.Add(-time.Minute), fmt.Sprint("f", r))
	}
	for _, run := range []string{"first", "second"} {
		lists := c.lists
		s := c.run()
		c.expect(1)
		if got := c.lists - lists; got > 2*regions+2 || s.Plan.Lists != got || s.Plan.Pairs != regions {
			t.Errorf("the %s run made %d lists over %d pairs and reported %d, want at most %d over %d",
				run, got, s.Plan.Pairs, s.Plan.Lists, 2*regions+2, regions)
		}
	}
}

func TestObjectsBeforeTheFirstRunsLookbackAreNotRead(t *testing.T) {
	c := newCloud(t)
	c.put(key(yesterday, "new"), now.Add(-23*time.Hour), "new")
	c.putBody(key(yesterday, "old"), now.Add(-25*time.Hour), []byte("x"))
	c.run()
	c.expect(1)
	if c.opens != 1 {
		t.Errorf("the run read %d objects, want 1", c.opens)
	}
}

func TestFiltersDropAndCount(t *testing.T) {
	c := newCloud(t)
	c.putBody(key(today, "a"), now.Add(-time.Minute), zipped(`{"id":"low","type":"Recon:EC2/Portscan","severity":2}
{"id":"policy","type":"Policy:S3/BucketPublicAccessGranted","severity":8}
{"id":"sample","type":"Recon:EC2/Portscan","severity":8,"service":{"additionalInfo":{"sample":true}}}
{"id":"kept","type":"Recon:EC2/Portscan","severity":8}
`), "kept")
	job := c.job()
	job.Filter = guardduty.Filter{MinSeverity: 4, ExcludeTypes: []string{"Policy:*"}, ExcludeSamples: true}
	s, err := job.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.expect(1)
	for _, setting := range []string{"MIN_SEVERITY", "EXCLUDE_FINDING_TYPES", "EXCLUDE_SAMPLES"} {
		if s.Dropped[setting] != 1 {
			t.Errorf("Dropped[%s] = %d, want 1", setting, s.Dropped[setting])
		}
	}
	for _, e := range c.done {
		if e.Findings != 4 {
			t.Errorf("the record counts %d findings, want 4", e.Findings)
		}
	}
}

// TestFaults breaks one call of a port in both ways, runs again without the
// fault and wants everything delivered; what was accepted before may come
// twice.
func TestFaults(t *testing.T) {
	drop := func() (bool, error) { return false, errBoom }
	keep := func() (bool, error) { return true, errBoom } // took effect, answer lost
	tests := map[string]struct {
		breakIt func(*cloud)
		repeats bool // the second run sends again
	}{
		"deliver refused": {
			func(c *cloud) { c.deliverFault = func([]string) (bool, []string, error) { return false, nil, errBoom } },
			false,
		},
		"deliver answer lost": {
			func(c *cloud) { c.deliverFault = func([]string) (bool, []string, error) { return true, nil, errBoom } },
			true,
		},
		"record refused":      {func(c *cloud) { c.recordFault = drop }, true},
		"record answer lost":  {func(c *cloud) { c.recordFault = keep }, false},
		"advance refused":     {func(c *cloud) { c.advanceFault = drop }, false},
		"advance answer lost": {func(c *cloud) { c.advanceFault = keep }, false},
		"encoding panics":     {func(c *cloud) { c.rowFault = func(string) error { panic("defect") } }, false},
		"delivery panics": {
			func(c *cloud) { c.deliverFault = func([]string) (bool, []string, error) { panic("defect") } },
			false,
		},
		"every read is refused": {func(c *cloud) { c.openFault = func(string) error { return errBoom } }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t)
			for i := range 30 {
				c.put(key(today, fmt.Sprintf("%04d", i)), now.Add(-time.Duration(i)*time.Minute), fmt.Sprintf("f%d", i))
			}
			tt.breakIt(c)
			s, err := c.job().Run(t.Context())
			if err == nil {
				t.Fatalf("Run = %+v, nil, want an error", s)
			}
			c.openFault, c.rowFault, c.deliverFault, c.recordFault, c.advanceFault = nil, nil, nil, nil, nil
			c.inFlight = 0
			c.run()
			if !tt.repeats {
				c.expect(1)
				return
			}
			for id, n := range c.accepted {
				if n < 1 || n > 2 {
					t.Errorf("finding %s was accepted %d times, want 1 or 2", id, n)
				}
			}
			if len(c.accepted) != 30 {
				t.Errorf("%d findings were accepted, want 30", len(c.accepted))
			}
		})
	}
}

func TestAConflictIsReported(t *testing.T) {
	c := newCloud(t)
	c.put(key(today, "a"), now.Add(-time.Minute), "a")
	c.advanceFault = func() (bool, error) { return false, ingest.ErrConflict }
	if _, err := c.job().Run(t.Context()); !errors.Is(err, ingest.ErrConflict) {
		t.Errorf("Run = %v, want ErrConflict", err)
	}
}
