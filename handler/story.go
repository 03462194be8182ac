package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"guardduty-sentinel/handler/internal/config"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
)

// endLine is the one structured line at the end of every run, for alerts and
// workbooks to query. Its names are pinned by a test.
func endLine(s ingest.Summary, err error) []slog.Attr {
	outcome := s.Outcome()
	if _, busy := errors.AsType[*ingest.HeldError](err); busy {
		outcome, err = "busy", nil
	} else if err != nil {
		outcome = ingest.OutcomeFailed
	}
	attrs := []slog.Attr{slog.String("outcome", outcome)}
	for _, field := range s.Fields() {
		if field.Log != "" {
			attrs = append(attrs, slog.Any(field.Log, field.Value))
		}
	}
	if !s.Watermark.IsZero() {
		attrs = append(attrs, slog.String("watermark", s.Watermark.Format(time.RFC3339)))
	}
	if err != nil {
		attrs = append(attrs, slog.String("code", string(fault.Of(err).Code)))
	}
	return attrs
}

// story describes the run in plain words, the summary first.
func story(s ingest.Summary, err error, cfg *config.Config) []string {
	tableName := strings.TrimPrefix(string(cfg.Stream), "Custom-")
	first := fmt.Sprintf("Posted %s from %s into %s in %.1f s",
		count(s.Findings, "finding"), count(s.Objects, "object"), tableName, s.Duration.Seconds())
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
	add(s.Plan.Lists, "Listed %s with %s; %s in the window, %d of them recorded before; "+
		"skipped %s that are not GuardDuty exports.",
		count(s.Plan.Pairs, "account and region pair"), count(s.Plan.Lists, "S3 LIST call"),
		count(s.Plan.Window, "object"), s.Plan.Known, count(s.Plan.Skipped, "key"))
	add(s.Plan.Unlisted, "Could not list %s; the watermark stays until that works.", count(s.Plan.Unlisted, "folder"))
	for _, setting := range []string{"MIN_SEVERITY", "EXCLUDE_FINDING_TYPES", "EXCLUDE_SAMPLES"} {
		add(s.Dropped[setting], "Dropped %s by %s.", count(s.Dropped[setting], "finding"), setting)
	}
	add(s.Repeated, "Skipped %s (this update was already sent).", count(s.Repeated, "duplicate finding"))
	add(s.WindowsLeft, "The next run continues with %s of the backlog.", count(s.WindowsLeft, "day"))
	add(s.EmptyLines, "Skipped %s without a finding.", count(s.EmptyLines, "line"))
	add(s.BadLines+s.BadObjects, "Quarantined %s and %s, with object, line and reason.",
		count(s.BadObjects, "object"), count(s.BadLines, "line"))
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
