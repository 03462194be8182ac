package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/tables"
)

// settled is how long a process has been up before it is invoked: the host,
// too, starts its handler some time before the timer.
const settled = time.Second

// bed is a fresh local cloud for a scenario, and what is counted there.
type bed struct {
	*bench
	name  string
	cloud *cloud.Cloud
	tally *tally
	extra map[string]string // settings beside the cloud's own
}

// lay starts a cloud for a number of findings. The caller must clear it.
func (b *bench) lay(ctx context.Context, name string, findings int, opts cloud.Options) (d *bed, err error) {
	d = &bed{bench: b, name: name, tally: newTally(findings), extra: map[string]string{}}
	opts.Dir, opts.Count = filepath.Join(b.dir, "cloud"), d.tally.count
	d.cloud, err = cloud.Start(ctx, opts)
	return d, err
}

// clear stops the cloud. What it holds is a large part of this program's
// memory.
func (d *bed) clear() error {
	err := d.cloud.Close()
	if refused := d.cloud.Proxy.Refused(); len(refused) > 0 {
		err = errors.Join(err, fmt.Errorf("the handler asked for %q, which is not part of the cloud", refused))
	}
	return err
}

// tableService names the table service in the table of figures.
func tableService(storage cloud.Storage) string {
	if storage == cloud.InMemory {
		return "tables in memory"
	}
	return "Azurite"
}

// slow makes every request of services late.
func (d *bed) slow(delay time.Duration, services ...string) error {
	for _, service := range services {
		if err := d.cloud.Faults[service].Add(faults.Fault{Times: -1, Delay: delay}); err != nil {
			return err
		}
	}
	return nil
}

// launch starts a handler, waits until it is settled, and forgets what was
// asked of S3 before.
func (d *bed) launch(ctx context.Context) (*process, error) {
	environ := d.cloud.Environ()
	settings := d.cloud.Settings()
	maps.Copy(settings, d.extra)
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		environ = append(environ, name+"="+settings[name])
	}
	if d.profile {
		dir := filepath.Join(d.dir, d.name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		environ = append(environ, "PROFILE_DIR="+dir)
	}
	p, err := launch(d.handler, environ)
	if err != nil {
		return nil, err
	}
	if _, err := p.answered(ctx); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	runtime.GC() // what laying out has left is not collected while measuring
	select {
	case <-time.After(settled):
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), p.stop())
	}
	d.cloud.S3.ResetRequests()
	return p, nil
}

// with runs f with a handler that is stopped afterwards.
func (d *bed) with(ctx context.Context, f func(*process) error) error {
	p, err := d.launch(ctx)
	if err != nil {
		return err
	}
	return errors.Join(f(p), p.stop())
}

// sample is what one run cost.
type sample struct {
	took, own   time.Duration // as the host sees it, and by the handler's own log
	processor   time.Duration
	standIns    time.Duration // processor time too, without Azurite's
	peak        int           // in bytes
	lists, gets int
	tables      tables.Counts // with tables in memory
}

// measure makes one run and says what it cost.
func (d *bed) measure(ctx context.Context, p *process) (sample, error) {
	pid := p.cmd.Process.Pid
	calls := d.tableCalls()
	before, err := processorTime(pid)
	if err != nil {
		return sample{}, err
	}
	ours, err := processorTime(os.Getpid())
	if err != nil {
		return sample{}, err
	}
	d.cloud.S3.ResetRequests()
	inv, err := p.invoke(ctx)
	if err != nil {
		return sample{}, err
	}
	s := sample{took: inv.took, own: time.Duration(inv.Seconds * float64(time.Second))}
	if s.processor, err = processorTime(pid); err != nil {
		return s, err
	}
	if s.standIns, err = processorTime(os.Getpid()); err != nil {
		return s, err
	}
	s.processor, s.standIns = s.processor-before, s.standIns-ours
	if s.peak, err = status(pid, "VmHWM"); err != nil {
		return s, err
	}
	counts := d.cloud.S3.Counts()
	s.lists, s.gets = counts[s3server.ListObjectsV2], counts[s3server.GetObject]
	s.tables = d.tableCalls().Since(calls)
	return s, nil
}

// tableCalls are the calls so far, none where the tables are Azurite's.
func (d *bed) tableCalls() tables.Counts {
	if d.cloud.Memory == nil {
		return tables.Counts{}
	}
	return d.cloud.Memory.Counts()
}

// idle makes a run that must deliver nothing.
func (d *bed) idle(ctx context.Context, p *process) (sample, error) {
	before := d.tally.arrived()
	s, err := d.measure(ctx, p)
	if rows := d.tally.arrived() - before; err == nil && rows > 0 {
		err = fmt.Errorf("a run with nothing new delivered %d rows", rows)
	}
	return s, err
}
