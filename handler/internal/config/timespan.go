package config

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// timeSpanForm is the forms of a .NET TimeSpan: days, or hours and minutes with
// more before or after them.
var timeSpanForm = regexp.MustCompile(
	`^\s*(-)?(?:(\d{1,8})|(?:(\d{1,8})\.)?(\d{1,8}):(\d{1,8})(?::(\d{1,8})(?:\.(\d{1,7}))?)?)\s*$`)

// parseTimeSpan reads text as TimeSpan.Parse does. A number is days, and in
// three numbers whose first is above 23, such as 24:00:00, that one is days.
// What is longer than a Duration can be is the longest Duration.
func parseTimeSpan(text string) (time.Duration, bool) {
	if strings.Count(text, ":") == 3 {
		text = strings.Replace(text, ":", ".", 1) // days may have a colon then
	}
	p := timeSpanForm.FindStringSubmatch(text)
	if p == nil {
		return 0, false
	}
	n := func(part string) int { v, _ := strconv.Atoi("0" + part); return v }
	days, hours, minutes, seconds := n(p[2])+n(p[3]), n(p[4]), n(p[5]), n(p[6])
	if p[3] == "" && p[6] != "" && p[7] == "" && hours > 23 {
		days, hours, minutes, seconds = hours, minutes, seconds, 0
	}
	if hours > 23 || minutes > 59 || seconds > 59 {
		return 0, false
	}
	const longest = int(math.MaxInt64/day) - 1
	d := time.Duration(min(days, longest))*day + time.Duration(hours)*time.Hour +
		time.Duration(minutes)*time.Minute + time.Duration(seconds)*time.Second +
		time.Duration(n((p[7] + "0000000")[:7]))*100
	if p[1] == "-" {
		d = -d
	}
	return d, true
}
