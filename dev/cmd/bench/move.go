package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
)

// moving is a scenario of new objects: from an empty state to all recorded, by
// the first run of a fresh process.
type moving struct {
	name          string
	objects, each int
	delay         time.Duration // of every S3 call and every upload
	storage       cloud.Storage
	wantTime      string
	wantPeak      string
}

func latency(ctx context.Context, b *bench) ([]figure, error) {
	m := moving{
		name:     "A",
		objects:  500,
		each:     10,
		delay:    20 * time.Millisecond,
		wantTime: "≤ 0.6 s",
		wantPeak: "≤ 40 MB",
	}
	return b.onBoth(ctx, m)
}

func plain(ctx context.Context, b *bench) ([]figure, error) {
	m := moving{name: "B", objects: 500, each: 10, wantTime: "≤ 0.3 s", wantPeak: "≤ 40 MB"}
	return b.onBoth(ctx, m)
}

// onBoth measures a scenario with tables in memory, so that the figure is the
// handler's, and again with Azurite, which takes its own time for 500 rows.
func (b *bench) onBoth(ctx context.Context, m moving) ([]figure, error) {
	m.storage = cloud.InMemory
	figures, err := b.move(ctx, m, nil)
	if err != nil {
		return nil, err
	}
	m.storage, m.wantTime = cloud.WithKey, ""
	more, err := b.move(ctx, m, nil)
	return append(figures, more...), err
}

func many(ctx context.Context, b *bench) ([]figure, error) {
	m := moving{name: "B2", objects: 20_000, each: 5, storage: cloud.InMemory, wantTime: "≤ 8 s", wantPeak: "≤ 64 MB"}
	return b.move(ctx, m, func(list []sample) figure {
		return figure{
			what:   "objects a table transaction",
			wanted: "≥ 80",
			reached: spread(each(list, func(s sample) float64 {
				return float64(m.objects) / float64(s.tables.Transactions)
			}), ""),
		}
	})
}

func large(ctx context.Context, b *bench) ([]figure, error) {
	m := moving{name: "L", objects: 40, each: 10_000, storage: cloud.InMemory}
	return b.move(ctx, m, func(list []sample) figure {
		return figure{
			what:   "findings, bytes of their lines",
			wanted: "≥ 34 MB/s",
			reached: spread(each(list, func(s sample) float64 {
				return float64(m.objects*m.each*lineSize) / 1e6 / s.took.Seconds()
			}), "MB/s"),
		}
	})
}

// move measures a scenario of new objects; more makes a further figure.
func (b *bench) move(ctx context.Context, m moving, more func([]sample) figure) ([]figure, error) {
	objects := newExporter(b.lines).recent(m.objects, m.each)
	var list []sample
	for range b.runs {
		s, err := b.moveOnce(ctx, m, objects)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	first := list[0]
	what := fmt.Sprintf("%d objects of %d findings", m.objects, m.each)
	if m.delay > 0 {
		what += fmt.Sprintf(", %v a call", m.delay)
	}
	figures := []figure{
		{
			what:    what + ": the invocation",
			wanted:  m.wantTime,
			reached: spread(each(list, func(s sample) float64 { return seconds(s.took) }), "s"),
		},
		own(list),
		processors(list),
		{
			what:    "peak memory",
			wanted:  m.wantPeak,
			reached: spread(each(list, func(s sample) float64 { return megabytes(s.peak) }), "MB"),
		},
		{what: "S3 calls", reached: fmt.Sprintf("%d LIST, %d GET", first.lists, first.gets)},
	}
	if m.storage == cloud.InMemory {
		figures = append(
			figures,
			figure{
				what:    "calls of the table service",
				reached: fmt.Sprintf("%d, of them %d transactions", first.tables.Calls, first.tables.Transactions),
			},
		)
	}
	if more != nil {
		figures = append(figures, more(list))
	}
	return named(m.name, m.storage, figures), nil
}

// named puts the scenario's name and its table service before every figure.
func named(name string, storage cloud.Storage, figures []figure) []figure {
	for i := range figures {
		figures[i].scenario = name + ", " + tableService(storage)
	}
	return figures
}

// moveOnce moves the objects on a fresh cloud, and makes a second run that
// must find nothing.
func (b *bench) moveOnce(ctx context.Context, m moving, objects []object) (s sample, err error) {
	d, err := b.lay(ctx, m.name, m.objects*m.each, cloud.Options{Storage: m.storage})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, d.clear()) }()
	if err := put(d.cloud.S3, objects); err != nil {
		return s, err
	}
	if m.delay > 0 {
		if err := d.slow(m.delay, "s3", "ingestion"); err != nil {
			return s, err
		}
	}
	err = d.with(ctx, func(p *process) (err error) {
		if s, err = d.measure(ctx, p); err != nil {
			return err
		}
		if err := d.tally.check(); err != nil {
			return err
		}
		_, err = d.idle(ctx, p)
		return err
	})
	return s, err
}
