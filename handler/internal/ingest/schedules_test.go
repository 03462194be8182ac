package ingest_test

import (
	"flag"
	"testing"
)

// schedules are the random schedules of one test: as many as its flag says, or
// one again by its seed.
type schedules struct {
	test   string // what -run calls it
	prefix string // of the flags
	number *int
	one    *uint64
}

// newSchedules makes the flags of a test, PREFIXseeds and PREFIXseed.
func newSchedules(test, prefix string, number int) schedules {
	return schedules{
		test: test, prefix: prefix,
		number: flag.Int(prefix+"seeds", number, "random schedules of Test"+test),
		one:    flag.Uint64(prefix+"seed", 0, "the one schedule of Test"+test+" to run"),
	}
}

// play plays the schedules, up to the first that fails.
func (s schedules) play(t *testing.T, play func(*testing.T, uint64)) {
	if *s.one != 0 {
		play(t, *s.one)
		return
	}
	for seed := range *s.number {
		if play(t, uint64(seed)+1); t.Failed() {
			t.Fatalf("seed %d; again with -run %s -%sseed %[1]d", seed+1, s.test, s.prefix)
		}
	}
}
