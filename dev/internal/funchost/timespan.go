package funchost

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var timeSpanForm = regexp.MustCompile(`^(?:(\d{1,4})\.)?(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,7}))?$`)

// parseTimeSpan reads [d.]hh:mm:ss[.fffffff]. The shorter forms that .NET
// takes are refused: "10" would be ten days.
func parseTimeSpan(s string) (time.Duration, error) {
	parts := timeSpanForm.FindStringSubmatch(s)
	if parts == nil {
		return 0, fmt.Errorf("%q is not a time span such as 00:10:00", s)
	}
	var n [4]time.Duration
	for i := range n {
		v, _ := strconv.Atoi("0" + parts[i+1]) // digits, at most four
		n[i] = time.Duration(v)
	}
	if n[1] > 23 || n[2] > 59 || n[3] > 59 {
		return 0, fmt.Errorf("%q is not a time span: at most 23 hours, 59 minutes, 59 seconds", s)
	}
	ticks, _ := strconv.Atoi((parts[5] + "0000000")[:7]) // seven digits
	return ((n[0]*24+n[1])*60+n[2])*time.Minute + n[3]*time.Second + time.Duration(ticks)*100, nil
}

// formatTimeSpan writes d as the host prints it.
func formatTimeSpan(d time.Duration) string {
	seconds := int64(d / time.Second)
	text := fmt.Sprintf("%02d:%02d:%02d", seconds/3600%24, seconds/60%60, seconds%60)
	if days := seconds / 86400; days > 0 {
		text = fmt.Sprintf("%d.%s", days, text)
	}
	if ticks := int64(d%time.Second) / 100; ticks > 0 {
		text += fmt.Sprintf(".%07d", ticks)
	}
	return text
}
