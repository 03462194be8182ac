package config

import (
	"fmt"
	"log/slog"
	"math/bits"
	"strings"
	"time"
)

const scheduleSetting = "GUARDDUTY_SCHEDULE"

// schedule notices a schedule that the host refuses, or that means something
// else than it looks. The host says so only in its own log, and a run that was
// started by hand does not need one: it is not a fault.
func (r *reader) schedule() {
	text := r.vars[scheduleSetting]
	if text == "" {
		if r.vars["FUNCTIONS_CUSTOMHANDLER_PORT"] != "" {
			why := r.instead(scheduleSetting)
			if why != "" {
				why = " (" + why + ")"
			}
			r.warn(scheduleSetting + " is not set" + why + ": the host disables the timer, and no run will come")
		}
		return
	}
	say := func(level slog.Level, format string, args ...any) {
		said := fmt.Sprintf("%s: %s ", scheduleSetting, shown(text)) + fmt.Sprintf(format, args...)
		r.notices = append(r.notices, Notice{Level: level, Text: said})
	}
	refused := func(why string) {
		say(slog.LevelError, "%s. The host disables the timer: no run will come", why)
	}
	c, err := parseCrontab(text)
	if err == nil {
		c.meaning(say)
		return
	}
	period, ok := parseTimeSpan(text)
	switch {
	case ok:
		r.span(period, say)
	case wrapping(text) != "":
		refused(wrapping(text))
	case strings.Contains(text, "%"):
		refused("names another setting, which the host does not look up a second time: write the schedule itself")
	default:
		refused("is not a schedule such as 0 */5 * * * *: " + err.Error())
	}
}

// span says what a schedule means that is a time span to the host.
func (r *reader) span(period time.Duration, say func(slog.Level, string, ...any)) {
	every := "every " + formatDuration(period)
	if period <= 0 {
		every = "as soon as the last has ended"
	}
	const instead = "write fields such as 0 */5 * * * *"
	switch strings.ToLower(r.vars["WEBSITE_SKU"]) {
	case "flexconsumption", "dynamic":
		say(slog.LevelError, "is a time span, a run %s. On this plan the host disables the timer for it: %s",
			every, instead)
	default:
		say(slog.LevelWarn, "is a time span, a run %s. Consumption plans refuse it: %s", every, instead)
	}
}

// meaning says what an expression means where it is not what people write it
// for: a run every few minutes, or hours, or once a day.
func (c crontab) meaning(say func(slog.Level, string, ...any)) {
	pause, falls := c.longestPause()
	if !falls {
		say(slog.LevelError, "names days that do not exist. No run will come")
		return
	}
	if n := bits.OnesCount64(c.allowed[0]); n > 1 {
		say(slog.LevelWarn, "means %d runs in each minute that it names: for one, begin it with 0", n)
	}
	if c.beyond != "" {
		say(slog.LevelWarn, "has %s, a step beyond its field: one value is left of it", c.beyond)
	}
	if pause > day {
		say(slog.LevelWarn, "leaves up to %s between two runs", formatDuration(pause))
	}
}

// formatDuration writes d with days in front, and no zeros: 1d12h.
func formatDuration(d time.Duration) string {
	days, rest := d/day, d%day
	text := ""
	if days > 0 {
		text = fmt.Sprintf("%dd", days)
	}
	if rest == 0 && days > 0 {
		return text
	}
	short := rest.String()
	if strings.HasSuffix(short, "m0s") {
		short = strings.TrimSuffix(short, "0s")
	}
	if strings.HasSuffix(short, "h0m") {
		short = strings.TrimSuffix(short, "0m")
	}
	return text + short
}
