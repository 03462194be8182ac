// Package azfunc serves the Azure Functions host's custom handler protocol for
// timer triggers: invocation in, JSON answer out, deadline, panic, log streams.
//
// It knows nothing of what a run does. What it knows of the host was read in
// the host's source and seen on the host 4.1037: a failed invocation shows
// only the reason phrase of its answer, a 2xx answer without a JSON object
// hangs the invocation until functionTimeout, and the host ends a handler only
// with SIGKILL.
package azfunc

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// maxBody bounds the body of an invocation, in bytes. A timer's is under 1 KB.
const maxBody = 1 << 20

// Invocation is one call of the host.
type Invocation struct {
	ID       string // the host's invocation id; empty when the caller sent none
	Function string // the function's name
	PastDue  bool   // the timer fired late, after missed runs
	Retry    int    // attempts before this one, under a retry policy
}

// Report is what a run tells the host. Lines go to the invocation's log in the
// run history, at level Information.
type Report struct {
	Lines []string
}

// LogValue shows the invocation in a log line.
func (i Invocation) LogValue() slog.Value {
	return slog.GroupValue(slog.Bool("past_due", i.PastDue), slog.Int("retry", i.Retry))
}

// readInvocation parses the host's body. Only what a run uses is read, each
// part separately: a schedule status that is null, has times without a zone or
// has another form never fails a run.
func readInvocation(body io.Reader) (Invocation, error) {
	data, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	if err != nil {
		return Invocation{}, fmt.Errorf("read the invocation: %w", err)
	}
	if len(data) > maxBody {
		return Invocation{}, fmt.Errorf("the invocation is larger than %d bytes", maxBody)
	}
	if strings.TrimSpace(string(data)) == "" {
		return Invocation{}, nil
	}
	var envelope struct{ Data, Metadata json.RawMessage }
	if err := json.Unmarshal(data, &envelope); err != nil {
		return Invocation{}, fmt.Errorf("the invocation is not the host's JSON: %w", err)
	}
	var inv Invocation
	for _, binding := range members(envelope.Data) {
		var timer struct{ IsPastDue json.RawMessage }
		if json.Unmarshal(binding, &timer) == nil && string(timer.IsPastDue) == "true" {
			inv.PastDue = true
		}
	}
	var retry struct{ RetryCount json.Number }
	if json.Unmarshal(members(envelope.Metadata)["RetryContext"], &retry) == nil {
		if n, err := retry.RetryCount.Int64(); err == nil {
			inv.Retry = int(n)
		}
	}
	return inv, nil
}

// members returns the members of an object; of anything else there are none.
func members(object json.RawMessage) map[string]json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(object, &m) != nil {
		return nil
	}
	return m
}
