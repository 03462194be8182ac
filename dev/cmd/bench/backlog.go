package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/s3server"
)

// backlogLimit bounds the runs of a backlog together.
const backlogLimit = 65 * time.Minute

// backlog is the size of scenario D: objects of one finding, spread evenly
// over days. It is a flag's value.
type backlog struct{ objects, days int }

// String is the form that Set reads.
func (b *backlog) String() string { return fmt.Sprintf("%d,%d", b.objects, b.days) }

// Set reads "objects,days".
func (b *backlog) Set(text string) error {
	if n, err := fmt.Sscanf(text+"\n", "%d,%d\n", &b.objects, &b.days); n != 2 || err != nil || b.objects < 1 ||
		b.days < 1 || b.days > 89 {
		return errors.New("it is not a number of objects and one of 1 to 89 days, such as 20000,5")
	}
	return nil
}

// drain measures how a backlog is processed, by one process in as many runs
// as it takes.
func drain(ctx context.Context, b *bench) (figures []figure, err error) {
	d, err := b.lay(ctx, "D", b.backlog.objects, cloud.Options{Storage: cloud.InMemory})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.clear()) }()
	d.extra["INITIAL_LOOKBACK"] = fmt.Sprintf("%dh", b.backlog.days*24+6)
	d.extra["RUN_BUDGET"] = b.budget.String()
	if err := b.backlog.fill(d.cloud.S3, b.lines); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, backlogLimit)
	defer cancel()
	var list []progress
	err = d.with(ctx, func(p *process) (err error) { list, err = d.runs(ctx, p); return err })
	if err != nil {
		return nil, err
	}
	return named("D", cloud.InMemory, b.progressFigures(list)), nil
}

// progress is one run of a backlog and the findings that it delivered.
type progress struct {
	sample
	findings int
}

// perObject is the time that a run took for each object.
func (p progress) perObject() float64 { return milliseconds(p.took) / float64(p.findings) }

// runs makes runs until all is delivered, and one more. Each must get on.
func (d *bed) runs(ctx context.Context, p *process) ([]progress, error) {
	var list []progress
	for d.tally.arrived() < d.backlog.objects {
		if err := forgetPeak(p.cmd.Process.Pid); err != nil {
			return nil, err
		}
		before := d.tally.arrived()
		s, err := d.measure(ctx, p)
		if err != nil {
			return nil, err
		}
		run := progress{s, d.tally.arrived() - before}
		if list = append(list, run); run.findings == 0 {
			return nil, fmt.Errorf("run %d delivered nothing", len(list))
		}
		fmt.Fprintf(os.Stderr, "\n  run %d: %d findings in %.1f s, peak memory %.1f MB", len(list), run.findings,
			run.took.Seconds(), megabytes(run.peak))
	}
	if err := d.tally.check(); err != nil {
		return nil, err
	}
	_, err := d.idle(ctx, p)
	return list, err
}

func (b *bench) progressFigures(list []progress) []figure {
	var peaks []float64
	var total progress
	for _, run := range list {
		peaks = append(peaks, megabytes(run.peak))
		total.took += run.took
		total.processor += run.processor
		total.lists += run.lists
		total.gets += run.gets
		total.tables.Calls += run.tables.Calls
		total.tables.Transactions += run.tables.Transactions
	}
	objects := float64(b.backlog.objects)
	share := func(n int) string { return fmt.Sprintf("%.4f", float64(n)/objects) }
	first, last := list[0], list[len(list)-1]
	return []figure{
		{
			what: fmt.Sprintf("%d objects of 1 finding over %d days, RUN_BUDGET %v: all delivered once",
				b.backlog.objects, b.backlog.days, b.budget),
			reached: fmt.Sprintf("%d runs, %.0f s", len(list), total.took.Seconds()),
		},
		{what: "peak memory of a run", reached: spread(peaks, "MB"), wanted: "≤ 128 MB, flat"},
		{
			what:    "peak memory of the first and the last run",
			reached: fmt.Sprintf("%s and %s MB", number(megabytes(first.peak)), number(megabytes(last.peak))),
		},
		{
			what:    "time an object of the first and the last run",
			reached: fmt.Sprintf("%s and %s ms", number(first.perObject()), number(last.perObject())),
			wanted:  "the same",
		},
		{
			what:    "processor time of the handler an object",
			reached: number(milliseconds(total.processor)/objects) + " ms",
		},
		{what: "S3 calls an object", reached: fmt.Sprintf("%s LIST, %s GET", share(total.lists), share(total.gets))},
		{
			what: "calls of the table service an object",
			reached: fmt.Sprintf("%s, of them %s transactions", share(total.tables.Calls),
				share(total.tables.Transactions)),
		},
	}
}

// fill puts the backlog's objects into the bucket, from its beginning to now.
func (b *backlog) fill(s *s3server.Server, l *lines) error {
	e, now := newExporter(l), time.Now()
	span := time.Duration(b.days) * 24 * time.Hour
	for n := range b.objects {
		back := time.Duration(float64(span) * float64(b.objects-n) / float64(b.objects))
		if err := put(s, []object{e.object(n, 1, now.Add(-back))}); err != nil {
			return err
		}
	}
	return nil
}
