package funchost

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// anyDay is the bit by which the cron package marks a field as unrestricted.
const anyDay = 1 << 63

var ncrontab = cron.NewParser(cron.Second | cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// schedule is an NCRONTAB expression, read in UTC.
type schedule struct {
	spec *cron.SpecSchedule
}

func parseSchedule(text string) (schedule, error) {
	spec, err := parseNCRONTAB(text)
	if err != nil {
		return schedule{}, &indexingError{
			exception: "System.ArgumentException",
			source:    "Microsoft.Azure.WebJobs.Extensions",
			text: fmt.Sprintf(
				"The schedule expression '%s' was not recognized as a valid cron expression or timespan string.", text),
			cause: err,
		}
	}
	spec.Location = time.UTC
	// NCRONTAB requires the day of the month and the day of the week to match;
	// the cron package takes either, unless one is marked as unrestricted.
	spec.Dom |= anyDay
	return schedule{spec: spec}, nil
}

func parseNCRONTAB(text string) (*cron.SpecSchedule, error) {
	// The cron package knows these forms, NCRONTAB does not.
	if strings.ContainsAny(text, "=?@") {
		return nil, errors.New("six fields are wanted: second minute hour day month day-of-week")
	}
	parsed, err := ncrontab.Parse(text)
	if err != nil {
		return nil, err
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok || spec.Next(time.Now().UTC()).IsZero() {
		return nil, errors.New("it never fires")
	}
	return spec, nil
}

func (s schedule) next(t time.Time) time.Time {
	return s.spec.Next(t.UTC())
}

// monitorable says whether runs are at least a minute apart: the host keeps no
// status for schedules more frequent than that.
func (s schedule) monitorable(now time.Time) bool {
	const looked = 5
	at := s.next(now)
	for range looked {
		after := s.next(at)
		if after.Sub(at) < time.Minute {
			return false
		}
		at = after
	}
	return true
}

// String returns the expression as the host prints it: lists spelled out.
func (s schedule) String() string {
	return strings.Join([]string{
		field(s.spec.Second, 0, 59), field(s.spec.Minute, 0, 59), field(s.spec.Hour, 0, 23),
		field(s.spec.Dom, 1, 31), field(s.spec.Month, 1, 12), field(s.spec.Dow, 0, 6),
	}, " ")
}

func field(bits uint64, low, high int) string {
	has := func(i int) bool { return i <= high && bits&(1<<uint(i)) != 0 }
	var parts []string
	for first := low; first <= high; first++ {
		if !has(first) {
			continue
		}
		last := first
		for has(last + 1) {
			last++
		}
		switch {
		case first == low && last == high:
			return "*"
		case first == last:
			parts = append(parts, strconv.Itoa(first))
		default:
			parts = append(parts, strconv.Itoa(first)+"-"+strconv.Itoa(last))
		}
		first = last
	}
	return strings.Join(parts, ",")
}

// occurrences returns the host's line about the next five runs.
func (f *function) occurrences(now time.Time) string {
	const shown = 5
	var b strings.Builder
	fmt.Fprintf(&b, "The next %d occurrences of the '%s' schedule (Cron: '%s') will be:\n", shown, f.name, f.schedule)
	at := now
	for range shown {
		at = f.schedule.next(at)
		b.WriteString(at.Format("01/02/2006 15:04:05Z") + "\n")
	}
	return b.String()
}
