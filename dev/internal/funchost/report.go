package funchost

import (
	"fmt"
	"time"
)

func (h *Host) logExecuting(f *function, r *run) {
	reason := "Timer fired at " + r.fired.UTC().Format(roundTrip)
	if r.byHand {
		reason = "This function was programmatically called via the host APIs."
	}
	h.journal.add(Record{
		Category:     FunctionCategory(f.name),
		Event:        1,
		InvocationID: r.id,
		Message:      fmt.Sprintf("Executing 'Functions.%s' (Reason='%s', Id=%s)", f.name, reason, r.id),
	})
	details := ""
	switch {
	case !r.missed.IsZero():
		details = "IsPastDue, OriginalSchedule: " + r.missed.UTC().Format(roundTrip)
	case r.onStartup:
		details = "RunOnStartup"
	default:
		return
	}
	h.journal.add(Record{Category: FunctionCategory(f.name), InvocationID: r.id,
		Message: "Trigger Details: UnscheduledInvocationReason: " + details})
}

func (h *Host) logTimeout(f *function, r *run) {
	h.journal.add(Record{Level: Error, Category: FunctionCategory(f.name), InvocationID: r.id, Message: fmt.Sprintf(
		"Timeout value of %s exceeded by function 'Functions.%s' (Id: '%s'). Initiating cancellation.",
		formatTimeSpan(h.app.timeout), f.name, r.id)})
}

func (h *Host) logRestart(r *run) {
	h.journal.add(Record{Level: Warning, Category: categoryTimeout, Message: fmt.Sprintf(
		"A function timeout has occurred. Restarting worker process executing invocationId '%s'.", r.id)})
}

func (h *Host) logRestarted() {
	h.journal.add(
		Record{Level: Warning, Category: categoryTimeout, Message: "Restart of language worker process(es) completed."},
	)
}

// finish records how a run ended and enters it into the history.
func (h *Host) finish(f *function, r *run, watch time.Time, rep reply) Invocation {
	inv := Invocation{
		ID:         r.id,
		Function:   f.name,
		Fired:      r.fired,
		Duration:   time.Since(watch),
		Succeeded:  rep.err == nil,
		Logs:       rep.logs,
		StatusCode: rep.statusCode,
		Reason:     rep.reason,
	}
	for _, line := range inv.Logs {
		h.journal.add(Record{Category: UserCategory(f.name), InvocationID: r.id, Message: line})
	}
	executed := func(how string) string {
		return fmt.Sprintf("Executed 'Functions.%s' (%s, Id=%s, Duration=%dms)", f.name, how, r.id,
			inv.Duration.Milliseconds())
	}
	if rep.err == nil {
		h.journal.add(
			Record{Category: FunctionCategory(f.name), Event: 2, InvocationID: r.id, Message: executed("Succeeded")},
		)
	} else {
		inv.Exception = failedText(f, rep.err)
		h.journal.add(Record{Level: Error, Category: FunctionCategory(f.name), Event: 3, InvocationID: r.id,
			Message: executed("Failed") + "\n" + inv.Exception})
		h.journal.add(Record{Level: Error, Category: CategoryResults, InvocationID: r.id, Message: inv.Exception})
	}
	h.mu.Lock()
	h.history = append(h.history, inv)
	h.mu.Unlock()
	if h.cfg.Ended != nil {
		h.cfg.Ended(inv)
	}
	return inv
}
