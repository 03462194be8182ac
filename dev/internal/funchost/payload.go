package funchost

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// dotNetTime is how Json.NET writes a time: seven digits at most, no trailing
// zeros.
const dotNetTime = "2006-01-02T15:04:05.9999999"

// roundTrip is the .NET format "o": seven digits always.
const roundTrip = "2006-01-02T15:04:05.0000000+00:00"

// Retry marks a run as the retry of a failed one.
type Retry struct {
	// Count is which retry this is, from 1.
	Count int `json:"RetryCount"`
	// Max is how many the policy allows.
	Max int `json:"MaxRetryCount"`
	// Exception is the failure of the run before, or empty.
	Exception string `json:"Exception,omitempty"`
}

type payload struct {
	Data     map[string]timerInfo
	Metadata metadata
}

type timerInfo struct {
	Schedule struct {
		AdjustForDST bool
	}
	ScheduleStatus *scheduleStatus
	IsPastDue      bool
}

type scheduleStatus struct {
	Last, Next, LastUpdated string
}

type metadata struct {
	Sys          sys    `json:"sys"`
	RetryContext *Retry `json:",omitempty"`
}

type sys struct {
	MethodName string
	UtcNow     string
	RandGuid   string
}

// body returns the request's body for a run of f that fires now.
func (f *function) body(r *run) ([]byte, error) {
	var info timerInfo
	info.Schedule.AdjustForDST = true
	info.IsPastDue = !r.missed.IsZero()
	if f.monitored {
		s := f.statusFor(r)
		info.ScheduleStatus = &scheduleStatus{Last: zoned(s.last), Next: zoned(s.next), LastUpdated: zoned(s.updated)}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // "+00:00" stays as it is
	if err := e.Encode(payload{
		Data: map[string]timerInfo{f.binding: info},
		Metadata: metadata{
			RetryContext: r.retry,
			Sys:          sys{MethodName: f.name, UtcNow: r.fired.UTC().Format(dotNetTime) + "Z", RandGuid: newGUID()},
		},
	}); err != nil {
		return nil, fmt.Errorf("request body: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// statusFor returns the status that a run is given. A run that was missed
// implies an earlier one, even when this host has played none.
func (f *function) statusFor(r *run) status {
	s := f.status
	if r.missed.IsZero() {
		return s
	}
	s.next = r.missed
	if s.last.IsZero() {
		interval := f.schedule.next(r.missed).Sub(r.missed)
		s.last = r.missed.Add(-interval)
		s.updated = s.last
	}
	return s
}

// advance notes that a run fired. A timer that fired a moment early counts as
// punctual, so that the same occurrence does not fire twice.
func (f *function) advance(fired time.Time) {
	const early = time.Second
	if f.status.next.After(fired) && f.status.next.Sub(fired) < early {
		fired = f.status.next
	}
	f.status = status{last: fired, next: f.schedule.next(fired), updated: fired}
}

func zoned(t time.Time) string {
	return t.UTC().Format(dotNetTime) + "+00:00"
}
