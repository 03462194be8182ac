package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/s3server"
)

// resting is a scenario of old objects only: what a run costs that finds
// nothing new, by the first run of a fresh process on the state of earlier ones.
type resting struct {
	name     string
	what     string
	accounts int
	regions  int
	history  int           // old objects of each pair
	page     int           // keys of a page; 0 for 1,000
	delay    time.Duration // of every S3 call
	storage  cloud.Storage
	wantTime string
	wantPeak string
	list     func(lists int) figure
}

func oldObjects(ctx context.Context, b *bench) ([]figure, error) {
	return b.rest(ctx, resting{
		name: "C", what: "nothing new, 100,000 old objects in one pair", accounts: 1, regions: 1, history: 100_000,
		storage: cloud.WithKey, wantPeak: "≤ 30 MB",
		list: func(lists int) figure { return figure{what: "LIST calls", reached: fmt.Sprint(lists), wanted: "≤ 3"} },
	})
}

// manyPairs measures three kinds of pairs: so small that a page holds all of an
// account; so large that each has to be asked for, of which 17,000 fit into
// memory only with pages of two keys in place of 1,000; and a tenth as many with
// pages as they are, to show what the keys of a page cost.
func manyPairs(ctx context.Context, b *bench) ([]figure, error) {
	small := resting{
		name: "C2", what: "nothing new in 17,000 pairs of one object", accounts: 1000, regions: 17, history: 1,
		delay:   20 * time.Millisecond,
		storage: cloud.InMemory, wantTime: "≤ 60 s", wantPeak: "≤ 64 MB",
	}
	asked, whole := small, small
	asked.what, asked.history, asked.page = "the same of three objects, pages of two keys", 3, 2
	whole.what, whole.accounts, whole.history, whole.wantTime = "the same in 1,700 pairs of 1,001 objects", 100, 1001,
		"≤ 6 s, a tenth"
	var all []figure
	for _, r := range []resting{small, asked, whole} {
		pairs := float64(r.accounts * r.regions)
		r.what += fmt.Sprintf(", %v an S3 call", r.delay)
		r.list = func(lists int) figure {
			return figure{what: "LIST calls a pair", reached: fmt.Sprintf("%.3f", float64(lists)/pairs), wanted: "≤ 2"}
		}
		figures, err := b.rest(ctx, r)
		if err != nil {
			return all, err
		}
		all = append(all, figures...)
	}
	return all, nil
}

// rest measures runs that find nothing, each of a process of its own.
func (b *bench) rest(ctx context.Context, r resting) (figures []figure, err error) {
	d, err := b.lay(ctx, r.name, 0, cloud.Options{Storage: r.storage, PageSize: r.page})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.clear()) }()
	if err := r.fill(d.cloud.S3); err != nil {
		return nil, err
	}
	once := func(s *sample) error {
		return d.with(ctx, func(p *process) (err error) { *s, err = d.idle(ctx, p); return err })
	}
	if err := once(new(sample)); err != nil { // sets the watermark
		return nil, err
	}
	if r.delay > 0 {
		if err := d.slow(r.delay, "s3"); err != nil {
			return nil, err
		}
	}
	list := make([]sample, b.runs)
	for i := range list {
		if err := once(&list[i]); err != nil {
			return nil, err
		}
		if list[i].lists != list[0].lists || list[i].gets > 0 {
			return nil, fmt.Errorf("runs with nothing new made %d and %d LIST calls, and %d GET calls", list[0].lists,
				list[i].lists, list[i].gets)
		}
	}
	figures = []figure{
		{
			what:    r.what + ": the invocation",
			wanted:  r.wantTime,
			reached: spread(each(list, func(s sample) float64 { return seconds(s.took) }), "s"),
		},
		own(list),
		processors(list),
		{
			what:    "peak memory",
			wanted:  r.wantPeak,
			reached: spread(each(list, func(s sample) float64 { return megabytes(s.peak) }), "MB"),
		},
		r.list(list[0].lists),
	}
	return named(r.name, r.storage, figures), nil
}

// fill puts old objects into every pair, of some months and none of the last.
// No run reads them.
func (r resting) fill(s *s3server.Server) error {
	now := time.Now()
	for account := range r.accounts {
		for region := range r.regions {
			for n := range r.history {
				at := now.AddDate(0, 0, -30-n%300)
				if err := s.Put(key(fmt.Sprintf("%012d", account), fmt.Sprintf("xx-region-%d", region), n, at),
					[]byte("old"), at); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
