package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"guardduty-sentinel/handler/internal/azfunc"
	"guardduty-sentinel/handler/internal/config"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/process"
)

// connector is the one function: it keeps the clients between runs.
type connector struct {
	cfg   *config.Config
	creds credentials
	job   ingest.Job
	err   error // of the settings or the clients; every run fails with it

	notices []config.Notice // about settings, said at start and in each run
}

// newConnector reads the settings and makes the clients. It makes no call. An
// error of the settings is kept for the runs: only an answer to the host can
// report it.
func newConnector(environ []string, level *slog.LevelVar, log *slog.Logger) *connector {
	c := &connector{}
	cfg, err := config.FromEnv(environ, hostFile(environ))
	c.notices = cfg.Notices
	if err != nil {
		c.err = &fault.Fault{
			Code: fault.Settings,
			What: "invalid settings",
			Err:  errors.New(strings.ReplaceAll(err.Error(), "\n", "; ")),
		}
	} else {
		level.Set(cfg.LogLevel)
		c.cfg = cfg
		c.err = c.assemble(cfg)
	}
	if c.err != nil {
		log.Error("every run will fail", slog.Any("error", c.err))
	}
	c.logNotices(context.Background(), log)
	return c
}

// logNotices logs what a person should know about the settings.
func (c *connector) logNotices(ctx context.Context, log *slog.Logger) {
	for _, n := range c.notices {
		log.LogAttrs(ctx, n.Level, "a setting needs attention", slog.String("notice", n.Text))
	}
}

// assemble makes the adapters and puts them into the job.
func (c *connector) assemble(cfg *config.Config) error {
	clients, err := newClients(cfg)
	if err != nil {
		return err
	}
	c.creds = clients.creds
	c.job = ingest.Job{
		Archive:        clients.archive,
		Table:          clients.table,
		State:          clients.state,
		Leases:         clients.state,
		Owner:          process.Owner(),
		OwnerGone:      process.OwnerGone,
		Bucket:         string(cfg.Bucket),
		Prefix:         string(cfg.Prefix),
		Accounts:       cfg.Accounts,
		Administrators: cfg.Administrators,
		MaxPairBytes:   int64(cfg.MaxPairMB) * 1e6,
		Filter: guardduty.Filter{
			MinSeverity:    cfg.MinSeverity,
			ExcludeTypes:   cfg.ExcludeTypes,
			ExcludeSamples: cfg.ExcludeSamples,
		},
		InitialLookback: cfg.InitialLookback,
		Overlap:         cfg.WatermarkOverlap,
		Budget:          cfg.RunBudget,
		Fetchers:        cfg.FetchConcurrency,
		Uploaders:       cfg.UploadConcurrency,
		Now:             time.Now,
	}
	return nil
}

// budget is how long a run may take. With settings that are not usable a run
// does nothing but say so.
func (c *connector) budget() time.Duration {
	if c.cfg == nil {
		return 0
	}
	return c.cfg.RunBudget
}

// run is one run of the timer.
func (c *connector) run(ctx context.Context, log *slog.Logger, inv azfunc.Invocation) (azfunc.Report, error) {
	c.logNotices(ctx, log)
	if c.err != nil {
		log.LogAttrs(ctx, slog.LevelInfo, "run ended", endLine(ingest.Summary{}, c.err)...)
		return azfunc.Report{}, c.err
	}
	log.InfoContext(ctx, "run started", slog.Any("timer", inv))
	summary, err := c.move(ctx, log)
	notices := append(c.vaultNotice(ctx, log), c.notices...)
	held, busy := errors.AsType[*ingest.HeldError](err)
	if err != nil && !busy {
		err = reasonOf(err)
	}
	log.LogAttrs(ctx, slog.LevelInfo, "run ended", endLine(summary, err)...)
	if busy {
		return azfunc.Report{Lines: []string{busyLine(held.Holder)}}, nil
	}
	odd := oddities(summary, c.cfg)
	for _, line := range odd {
		log.WarnContext(ctx, "the run found something odd", slog.String("notice", line))
	}
	lines := append(story(summary, err, c.cfg), odd...)
	for _, n := range notices {
		lines = append(lines, n.String())
	}
	return azfunc.Report{Lines: lines}, err
}

// move does the run's work. Credentials come first: their faults name their own
// fix.
func (c *connector) move(ctx context.Context, log *slog.Logger) (ingest.Summary, error) {
	started := time.Now()
	creds, cancel := context.WithTimeout(ctx, c.cfg.RunBudget/2)
	defer cancel()
	if _, err := c.creds.Retrieve(creds); err != nil {
		return ingest.Summary{Started: started, Duration: time.Since(started)}, err
	}
	job := c.job
	job.Log = log
	job.Budget -= time.Since(started)
	return job.Run(ctx)
}

// codeOf is the code of what the run met when it tried one of the folders; when
// it tried none, that with which the row of the first of them begins.
func codeOf(held *ingest.FoldersHeldError) fault.Code {
	slow := ingest.ErrListingSlow
	if held.Err != nil && !errors.Is(held.Err, slow) {
		return fault.Of(held.Err).Code
	}
	if held.Err != nil || held.Held[0].Error == slow.Error() {
		return fault.ListingSlow
	}
	code, _, _ := strings.Cut(held.Held[0].Error, " ")
	for _, e := range fault.Catalogue() {
		if string(e.Code) == code {
			return e.Code
		}
	}
	return fault.Other
}

// reasonOf returns err as the fault that the host is to show.
func reasonOf(err error) error {
	if errors.Is(err, ingest.ErrAllRefused) {
		return &fault.Fault{Code: fault.RowsRefused, What: "Logs Ingestion accepted no row", Err: err}
	}
	if ahead, ok := errors.AsType[*ingest.AheadError](err); ok {
		return &fault.Fault{Code: fault.StateAhead, What: "the watermark is in S3's future", Err: ahead}
	}
	if held, ok := errors.AsType[*ingest.FoldersHeldError](err); ok {
		return &fault.Fault{
			Code: codeOf(held),
			What: "held, while everything else is delivered",
			Err:  held,
			Fix:  "once that is fixed the next run delivers what was held, and nothing is lost",
		}
	}
	f := fault.Of(err)
	if f.Code == fault.Other && errors.Is(err, ingest.ErrConflict) {
		return &fault.Fault{Code: fault.StateConflict, What: "another run took over", Err: err}
	}
	if f.Code == fault.Other && errors.Is(err, context.DeadlineExceeded) {
		return &fault.Fault{Code: fault.Timeout, What: "the run's budget ended too early", Err: err}
	}
	return f
}
