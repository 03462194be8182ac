package config

import (
	"errors"
	"regexp"
	"strconv"
	"time"
)

const day = 24 * time.Hour

var errDuration = errors.New("not a duration")

// parseDuration reads what time.ParseDuration reads, with whole days in front:
// 7d, 1d12h.
func parseDuration(text string) (time.Duration, error) {
	parts := regexp.MustCompile(`^(?:(\d{1,5})d)?(.*)$`).FindStringSubmatch(text)
	if parts == nil {
		return 0, errDuration
	}
	days, _ := strconv.Atoi("0" + parts[1]) // five digits: within what a duration can hold
	d := time.Duration(days) * day
	if parts[2] == "" && parts[1] != "" {
		return d, nil
	}
	rest, err := time.ParseDuration(parts[2])
	if err != nil || parts[1] != "" && (rest < 0 || parts[2][0] == '+') {
		return 0, errDuration
	}
	return d + rest, nil
}
