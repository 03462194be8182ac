package config

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// crontab is an NCRONTAB expression.
//
// It is read as the host's library, NCrontab, reads it, which no library for Go
// does: ranges may go backwards, names may be cut after any letter, a step may
// be 0 or beyond the field, Sunday is 0 and not 7, and a run needs the day of
// the month and the day of the week to match.
type crontab struct {
	allowed [6]uint64 // for each field the values at which it allows a run, one bit each
	beyond  string    // a step that is longer than its field
}

// cronField is what one field may hold.
type cronField struct {
	name      string
	low, high int
	values    []string // names of the values, from low on
}

var cronFields = [6]cronField{
	{name: "second", high: 59},
	{name: "minute", high: 59},
	{name: "hour", high: 23},
	{name: "day", low: 1, high: 31},
	{name: "month", low: 1, high: 12, values: strings.Fields("january february march april may june " +
		"july august september october november december")},
	{name: "day of week", high: 6, values: strings.Fields("sunday monday tuesday wednesday " +
		"thursday friday saturday")},
}

// parseCrontab reads an expression of six fields, or of five without the
// seconds, which are 0 then.
func parseCrontab(text string) (crontab, error) {
	parts := strings.FieldsFunc(text, func(c rune) bool { return c == ' ' })
	switch len(parts) {
	case 5:
		parts = append([]string{"0"}, parts...)
	case 6:
	default:
		return crontab{}, fmt.Errorf("it needs six fields (second minute hour day month day-of-week) and has %d",
			len(parts))
	}
	var c crontab
	for i, part := range parts {
		for item := range strings.SplitSeq(part, ",") {
			f := cronFields[i]
			allowed, step, ok := f.read(item)
			if !ok {
				return crontab{}, fmt.Errorf("%s does not fit the field of the %s, %d to %d",
					shown(item), f.name, f.low, f.high)
			}
			c.allowed[i] |= allowed
			if step > f.high-f.low+1 {
				c.beyond = item
			}
		}
	}
	return c, nil
}

// read reads one item of a field's list: *, a value or a range, each with or
// without a step.
func (f cronField) read(item string) (allowed uint64, step int, ok bool) {
	item, after, stepped := strings.Cut(item, "/")
	step = 1
	if stepped {
		n, err := strconv.Atoi(after)
		if err != nil {
			return 0, 0, false
		}
		step = max(n, 1)
	}
	if item == "*" {
		return f.bits(f.low, f.high, step), step, true
	}
	from, to, ranged := strings.Cut(item, "-")
	first, ok := f.value(from)
	last := first
	switch {
	case ranged:
		end, good := f.value(to)
		first, last, ok = min(first, end), max(first, end), ok && good
	case stepped:
		last = f.high
	}
	return f.bits(first, last, step), step, ok
}

// value reads one value, a number or the beginning of a name.
func (f cronField) value(text string) (int, bool) {
	if text == "" {
		return 0, false
	}
	if text[0] >= '0' && text[0] <= '9' {
		n, err := strconv.Atoi(text)
		return n, err == nil && n >= f.low && n <= f.high
	}
	for i, name := range f.values {
		if strings.HasPrefix(name, strings.ToLower(text)) {
			return f.low + i, true
		}
	}
	return 0, false
}

// bits has the values from first to last, each step.
func (f cronField) bits(first, last, step int) uint64 {
	var allowed uint64
	for i := first; i <= last && i >= 0; i += step {
		allowed |= 1 << i
	}
	return allowed
}

// longestPause is the longest time between two runs, and false when none comes.
func (c crontab) longestPause() (time.Duration, bool) {
	at := func(of func(uint64) int) time.Duration {
		return time.Duration(of(c.allowed[2]))*time.Hour +
			time.Duration(of(c.allowed[1]))*time.Minute + time.Duration(of(c.allowed[0]))*time.Second
	}
	first := at(bits.TrailingZeros64)
	last := at(func(allowed uint64) int { return bits.Len64(allowed) - 1 })
	var longest time.Duration
	var before time.Time
	const years = 40 // each date falls on each day of the week
	for date := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC); date.Year() < 2024+years; date = date.AddDate(0, 0, 1) {
		if c.allowed[3]&(1<<date.Day()) == 0 || c.allowed[4]&(1<<date.Month()) == 0 ||
			c.allowed[5]&(1<<date.Weekday()) == 0 {
			continue
		}
		if !before.IsZero() {
			longest = max(longest, date.Add(first).Sub(before))
		}
		before = date.Add(last)
	}
	return longest, !before.IsZero()
}
