package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
)

const (
	starts = 10
	rests  = 5 * time.Second // after a run, before the memory at rest is read
)

// standing measures what the handler costs while it has nothing to do: its
// size, its start, its memory.
func standing(ctx context.Context, b *bench) (figures []figure, err error) {
	info, err := os.Stat(b.handler)
	if err != nil {
		return nil, err
	}
	d, err := b.lay(ctx, "F", 5000, cloud.Options{Storage: cloud.WithKey})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.clear()) }()
	var started []float64
	for range starts {
		took, err := d.startOnce(ctx)
		if err != nil {
			return nil, err
		}
		started = append(started, milliseconds(took))
	}
	idle, err := d.atRest(ctx, false)
	if err != nil {
		return nil, err
	}
	if err := put(d.cloud.S3, newExporter(b.lines).recent(500, 10)); err != nil {
		return nil, err
	}
	worked, err := d.atRest(ctx, true)
	if err != nil {
		return nil, err
	}
	return named("F", cloud.WithKey, []figure{
		{what: fmt.Sprintf("start to first answer, of %d", starts), reached: spread(started, "ms"), wanted: "≤ 30 ms"},
		{what: "size of the program", reached: number(megabytes(int(info.Size()))) + " MB", wanted: "≤ 20 MB"},
		{
			what:    fmt.Sprintf("memory %v after a run with nothing new", rests),
			reached: number(megabytes(idle)) + " MB",
			wanted:  "≤ 25 MB",
		},
		{
			what:    fmt.Sprintf("memory %v after that, 5,000 findings moved before", rests),
			reached: number(megabytes(worked)) + " MB",
		},
	}), nil
}

// startOnce starts a handler as it is started first thing in Azure.
func (d *bed) startOnce(ctx context.Context) (time.Duration, error) {
	environ := d.cloud.Environ()
	for name, value := range d.cloud.Settings() {
		environ = append(environ, name+"="+value)
	}
	p, err := launch(d.handler, environ)
	if err != nil {
		return 0, err
	}
	took, err := p.answered(ctx)
	return took, errors.Join(err, p.stop())
}

// atRest returns the resident memory of a handler some seconds after a run
// that found nothing; it may have worked before.
func (d *bed) atRest(ctx context.Context, worked bool) (rss int, err error) {
	err = d.with(ctx, func(p *process) (err error) {
		if worked {
			if _, err := d.measure(ctx, p); err != nil {
				return err
			}
			if err := d.tally.check(); err != nil {
				return err
			}
		}
		if _, err := d.idle(ctx, p); err != nil {
			return err
		}
		select {
		case <-time.After(rests):
		case <-ctx.Done():
			return ctx.Err()
		}
		rss, err = status(p.cmd.Process.Pid, "VmRSS")
		return err
	})
	return rss, err
}
