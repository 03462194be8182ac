package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"guardduty-sentinel/handler/internal/config"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/guardduty"
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
	if len(s.ForeignIn) > 0 {
		attrs = append(attrs, slog.Any("foreign_in", s.ForeignIn))
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
	for _, h := range s.Held[:min(maxNamed, len(s.Held))] {
		lines = append(lines, fmt.Sprintf("Held %s since %s; the next probe is at %s: %s.", h.Place(),
			h.Since.UTC().Format(time.RFC3339), h.Next.UTC().Format(time.RFC3339), strings.TrimSuffix(h.Error, ".")))
	}
	add(len(s.Held)-maxNamed, "Held %s more.", count(len(s.Held)-maxNamed, "folder"))
	for _, setting := range []string{"MIN_SEVERITY", "EXCLUDE_FINDING_TYPES", "EXCLUDE_SAMPLES"} {
		add(s.Dropped[setting], "Dropped %s by %s.", count(s.Dropped[setting], "finding"), setting)
	}
	add(s.Repeated, "Skipped %s (this update was already sent).", count(s.Repeated, "duplicate finding"))
	add(s.Foreign, "%s in the folder of an account that has no business with them (%s; the first is of %s): see "+
		"\"Findings in another account's folder\" in docs/operations.md.",
		count(s.Foreign, "finding"), listed(s.ForeignIn), s.ForeignOf)
	add(len(s.Capped), "Reached the ceiling of this run (MAX_PAIR_MB): %s; later runs send what is left. See "+
		"\"A ceiling per account and Region\" in docs/operations.md.", listed(s.Capped))
	add(s.WindowsLeft, "The next run continues with %s of the backlog.", count(s.WindowsLeft, "day"))
	add(s.EmptyLines, "Skipped %s without a finding.", count(s.EmptyLines, "line"))
	add(s.BadLines+s.BadObjects, "Quarantined %s and %s, with object, line and reason: %s.",
		count(s.BadObjects, "object"), count(s.BadLines, "line"), named(s))
	add(s.Archived, "Of these, %s archived: see GD1311 for how to restore and read them.", count(s.Archived, "object"))
	add(s.Late, "Found %s that showed up late.", count(s.Late, "object"))
	add(s.Waiting, "%s waiting to be read again.", count(s.Waiting, "object"))
	return lines
}

// listed names the first of several.
func listed(names []string) string {
	text := strings.Join(names[:min(maxNamed, len(names))], ", ")
	if more := len(names) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// maxNamed is how many things of a kind the story names.
const maxNamed = 3

// named names the first objects that have something in quarantine.
func named(s ingest.Summary) string {
	text := strings.Join(s.Keys, ", ")
	if more := s.BadInObjects - len(s.Keys); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// oddities says what an operator may not expect of a run, be it good or not.
func oddities(s ingest.Summary, cfg *config.Config) []string {
	var lines []string
	if s.Recovered != "" {
		lines = append(lines, s.Recovered)
	}
	if !s.First.IsZero() {
		lines = append(lines, fmt.Sprintf("No watermark yet: starting at %s (INITIAL_LOOKBACK %s).",
			s.First.UTC().Format(time.RFC3339), span(cfg.InitialLookback)))
	}
	if s.Lookback > 0 {
		lines = append(lines, fmt.Sprintf("INITIAL_LOOKBACK=%s has no effect: this source started with %s and stands "+
			"at %s; to go back see \"Moving the watermark\" in docs/operations.md.",
			span(cfg.InitialLookback), span(s.Lookback), s.Watermark.UTC().Format(time.RFC3339)))
	}
	if s.Plan.Late {
		lines = append(lines, fmt.Sprintf("The time to list ended before all of %s were listed; the next run begins "+
			"with others. If these are more than you have, name yours in ACCOUNTS.", count(s.Plan.Accounts, "account")))
	}
	if s.NoFolders && len(cfg.Accounts) > 0 {
		lines = append(lines, fmt.Sprintf("Nothing of the accounts in ACCOUNTS lies under s3://%s/%s: look at "+
			"ACCOUNTS, at S3_PREFIX and at GuardDuty's export.", cfg.Bucket, guardduty.Root(string(cfg.Prefix))))
	} else if s.NoFolders {
		lines = append(lines, fmt.Sprintf("Nothing lies under s3://%s/%s: look at S3_PREFIX and at GuardDuty's export.",
			cfg.Bucket, guardduty.Root(string(cfg.Prefix))))
	}
	return lines
}

// span writes a duration as the settings take it: whole days as such.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	if d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return d.String()
}

// busyLine says who runs and since when.
func busyLine(holder ingest.Lease) string {
	instance, _, _ := strings.Cut(holder.Owner, " ")
	line := "Another run is in progress on " + instance
	if !holder.Since.IsZero() {
		line += " since " + holder.Since.UTC().Format(time.RFC3339)
	}
	return line + "; this one did nothing. Its lease lasts until " + holder.Expires.UTC().Format(time.RFC3339) + "."
}

// count writes n and the noun in its number.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
