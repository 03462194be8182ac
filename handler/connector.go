package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"guardduty-sentinel/handler/internal/azfunc"
	"guardduty-sentinel/handler/internal/config"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/s3archive"
)

// connector is the one function: it keeps the clients between runs.
type connector struct {
	cfg   *config.Config
	creds s3archive.Credentials
	job   ingest.Job
	err   error // settings or clients that cannot work; every run fails with it
}

// newConnector reads the settings and makes the clients. It makes no call. A
// fault of the settings is kept for the runs: the process has to answer the
// host to be able to say it.
func newConnector(environ []string, level *slog.LevelVar, log *slog.Logger) *connector {
	c := &connector{}
	cfg, err := config.FromEnv(environ)
	if err != nil {
		c.err = &fault.Fault{Code: fault.Settings, What: "the settings are not usable", Err: errors.New(strings.ReplaceAll(err.Error(), "\n", "; ")), Mend: "mend the app settings"}
	} else {
		level.Set(cfg.LogLevel)
		c.cfg = cfg
		c.err = c.assemble(cfg)
	}
	if c.err != nil {
		log.Error("every run will fail", slog.Any("error", c.err))
	}
	return c
}

// assemble makes the adapters and puts them into the job.
func (c *connector) assemble(cfg *config.Config) error {
	clients, err := newClients(cfg)
	if err != nil {
		return err
	}
	c.creds = clients.creds
	c.job = ingest.Job{
		Archive:         clients.archive,
		Table:           clients.table,
		State:           clients.state,
		Leases:          clients.state,
		Owner:           owner(),
		OwnerGone:       ownerGone,
		Bucket:          string(cfg.Bucket),
		Prefix:          string(cfg.Prefix),
		Filter:          guardduty.Filter{MinSeverity: cfg.MinSeverity, ExcludeTypes: cfg.ExcludeTypes, ExcludeSamples: cfg.ExcludeSamples},
		InitialLookback: cfg.InitialLookback,
		Overlap:         cfg.WatermarkOverlap,
		Budget:          cfg.RunBudget,
		Fetchers:        cfg.FetchConcurrency,
		Uploaders:       cfg.UploadConcurrency,
		Now:             time.Now,
	}
	return nil
}

// run is one run of the timer.
func (c *connector) run(ctx context.Context, log *slog.Logger, inv azfunc.Invocation) (azfunc.Report, error) {
	if c.err != nil {
		log.LogAttrs(ctx, slog.LevelInfo, "run ended", endLine(ingest.Summary{}, c.err)...)
		return azfunc.Report{}, c.err
	}
	log.InfoContext(ctx, "run started", slog.Any("timer", inv))
	summary, err := c.move(ctx, log)
	held, busy := errors.AsType[*ingest.HeldError](err)
	if err != nil && !busy {
		err = reasonOf(err)
	}
	log.LogAttrs(ctx, slog.LevelInfo, "run ended", endLine(summary, err)...)
	if busy {
		return azfunc.Report{Lines: []string{"Another run is in progress; this one did nothing: " + held.Error() + "."}}, nil
	}
	return azfunc.Report{Lines: story(summary, err, c.cfg)}, err
}

// move does the run's work. Credentials come first: their faults have a mend of
// their own.
func (c *connector) move(ctx context.Context, log *slog.Logger) (ingest.Summary, error) {
	started := time.Now()
	creds, cancel := context.WithTimeout(ctx, c.cfg.RunBudget/2)
	defer cancel()
	if _, err := c.creds.Retrieve(creds); err != nil {
		return ingest.Summary{Started: started, Duration: time.Since(started)}, err
	}
	job := c.job
	job.Log = log
	return job.Run(ctx)
}

// reasonOf returns err as the fault that the host is to show.
func reasonOf(err error) error {
	if errors.Is(err, ingest.ErrTooManyPending) {
		return &fault.Fault{Code: fault.TooManyPending, What: "too much of the bucket cannot be read", Err: err, Mend: "mend what the last error names; the watermark stays until then and nothing is lost"}
	}
	f := fault.Of(err)
	if f.Code == fault.Other && errors.Is(err, context.DeadlineExceeded) {
		return &fault.Fault{Code: fault.Timeout, What: "the run's budget ended too early", Err: err, Mend: "raise RUN_BUDGET, below functionTimeout in host.json; the next run goes on"}
	}
	return f
}

// endLine is the one structured line at the end of every run, for alerts and
// workbooks to query. Its names are pinned by a test.
func endLine(s ingest.Summary, err error) []slog.Attr {
	outcome := "ok"
	_, busy := errors.AsType[*ingest.HeldError](err)
	switch {
	case busy:
		outcome, err = "busy", nil
	case err != nil:
		outcome = "failed"
	case s.Left > 0 || s.WindowsLeft > 0:
		outcome = "partial"
	}
	dropped := 0
	for _, n := range s.Dropped {
		dropped += n
	}
	attrs := []slog.Attr{
		slog.String("outcome", outcome),
		slog.Int("objects", s.Objects),
		slog.Int("findings", s.Findings),
		slog.Int("batches", s.Batches),
		slog.Int64("bytes", s.Bytes),
		slog.Int("dropped", dropped),
		slog.Int("repeated", s.Repeated),
		slog.Int("pending", s.Pending),
		slog.Int("quarantined", s.BadLines+s.BadObjects),
		slog.Int("left", s.Left),
		slog.Int("list_calls", s.Plan.Lists),
		slog.Int("read_calls", s.Reads),
		slog.Int("pairs", s.Plan.Pairs),
		slog.Float64("lag_seconds", s.Lag.Seconds()),
		slog.Float64("duration_seconds", s.Duration.Seconds()),
	}
	if !s.Watermark.IsZero() {
		attrs = append(attrs, slog.String("watermark", s.Watermark.Format(time.RFC3339)))
	}
	if err != nil {
		attrs = append(attrs, slog.String("code", string(fault.Of(err).Code)))
	}
	return attrs
}

// story tells the run in plain words, the summary first.
func story(s ingest.Summary, err error, cfg *config.Config) []string {
	tableName := strings.TrimPrefix(string(cfg.Stream), "Custom-")
	first := fmt.Sprintf("Posted %s from %s into %s in %.1f s", count(s.Findings, "finding"), count(s.Objects, "object"), tableName, s.Duration.Seconds())
	switch {
	case s.Findings == 0 && s.Objects == 0 && err != nil:
		first = fmt.Sprintf("Nothing was moved in %.1f s", s.Duration.Seconds())
	case s.Findings == 0 && s.Objects == 0:
		first = fmt.Sprintf("No new findings for %s in %.1f s", tableName, s.Duration.Seconds())
	}
	if s.Left > 0 {
		first += fmt.Sprintf("; %s left for the next run", count(s.Left, "object"))
	}
	if !s.Watermark.IsZero() {
		first += "; watermark " + s.Watermark.Format(time.RFC3339)
	}
	lines := []string{first + "."}
	add := func(n int, format string, args ...any) {
		if n > 0 {
			lines = append(lines, fmt.Sprintf(format, args...))
		}
	}
	add(s.Plan.Lists, "Listed %s with %s; %s in the window, %d of them recorded before; %s that are no exports passed over.",
		count(s.Plan.Pairs, "account and region pair"), count(s.Plan.Lists, "S3 LIST call"), count(s.Plan.Window, "object"), s.Plan.Known, count(s.Plan.Skipped, "key"))
	for _, setting := range []string{"MIN_SEVERITY", "EXCLUDE_FINDING_TYPES", "EXCLUDE_SAMPLES"} {
		add(s.Dropped[setting], "Dropped %s by %s.", count(s.Dropped[setting], "finding"), setting)
	}
	add(s.Repeated, "Passed over %s whose very update was sent before.", count(s.Repeated, "finding"))
	add(s.WindowsLeft, "The next run goes on with %s of the backlog.", count(s.WindowsLeft, "day"))
	add(s.EmptyLines, "Passed over %s without a finding.", count(s.EmptyLines, "line"))
	add(s.BadLines+s.BadObjects, "Set aside %s and %s in quarantine, with object, line and reason.", count(s.BadObjects, "object"), count(s.BadLines, "line"))
	add(s.Pending, "Could not read %s; a later run tries again.", count(s.Pending, "object"))
	return lines
}

// count writes n and the noun in its number.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
