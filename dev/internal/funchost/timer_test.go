package funchost_test

import (
	"context"
	"strings"
	"testing"
	"time"
)

// timer runs the host's timers until the returned function is called.
func timer(t *testing.T, run func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("RunTimer() = %v, want nil", err)
			}
		case <-time.After(patience):
			t.Error("RunTimer continues, want it to return once its context is done")
		}
	}
}

func TestTimerFiresOnSchedule(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	setting(f, "GUARDDUTY_SCHEDULE", "* * * * * *")
	h := f.start()
	stop := timer(t, h.RunTimer)
	for range 2 {
		f.answers <- good()
		f.await("post")
	}
	stop()
	first, second := firedAt(t, f, 0), firedAt(t, f, 1)
	if !second.Truncate(time.Second).After(first.Truncate(time.Second)) {
		t.Errorf("runs at %s and %s, want one run a second", first, second)
	}
}

// firedAt returns the time that the console gives for a run.
func firedAt(t *testing.T, f *fixture, n int) time.Time {
	t.Helper()
	_, rest, _ := strings.Cut(strings.Split(f.console.String(), "Executing 'Functions.")[n+1], "Timer fired at ")
	text, _, _ := strings.Cut(rest, "'")
	at, err := time.Parse("2006-01-02T15:04:05.0000000Z07:00", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A run longer than the interval is followed by the next at once, which is not
// past due; the other occurrences that passed are dropped.
func TestTimerAfterALongRun(t *testing.T) {
	f := newFixture(t)
	var clock clock
	f.cfg.Now = clock.now
	f.cfg.Missed = map[string]time.Time{fn: noon.Truncate(time.Hour)}
	h := f.start()
	stop := timer(t, h.RunTimer)
	f.await("post")
	clock.advance(11 * time.Minute) // 12:05 and 12:10 pass during the first run
	f.answers <- good()
	body := f.await("post").Body
	for _, want := range []string{
		`"IsPastDue":false`, `"Next":"2026-11-22T12:05:00+00:00"`, `"UtcNow":"2026-11-22T12:13:30.1234567Z"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("body of the second run = %s, want %s", body, want)
		}
	}
	clock.advance(2 * time.Minute) // 12:15 passes during the second
	f.answers <- good()
	if body := f.await("post").Body; !strings.Contains(body, `"Next":"2026-11-22T12:15:00+00:00"`) {
		t.Errorf("body of the third run = %s, want it to be that of 12:15: 12:10 is dropped", body)
	}
	stop()
	f.answers <- good()
}

func TestTimerStartsWithTheMissedRun(t *testing.T) {
	f := newFixture(t)
	due := time.Date(2026, 11, 22, 11, 55, 0, 0, time.UTC)
	f.cfg.Missed = map[string]time.Time{fn: due}
	h := f.start()
	stop := timer(t, h.RunTimer)
	f.answers <- good()
	if body := f.await("post").Body; !strings.Contains(body, `"IsPastDue":true`) {
		t.Errorf("body = %s, want IsPastDue true", body)
	}
	f.console.await(t, "(Succeeded,")
	stop()
	const pastDue = "UnscheduledInvocationReason: IsPastDue, OriginalSchedule: 2026-11-22T11:55:00.0000000+00:00"
	if got := messages(h, "Function.GuardDutyTimer", pastDue); len(got) != 1 {
		t.Errorf("records of the reason = %v, want one", got)
	}
}

func TestTimerRunsOnStartup(t *testing.T) {
	f := newFixture(t)
	f.app(fn+"/function.json", strings.Replace(timerJSON, `"runOnStartup":false`, `"runOnStartup":true`, 1))
	h := f.start()
	stop := timer(t, h.RunTimer)
	f.answers <- good()
	if body := f.await("post").Body; !strings.Contains(body, `"IsPastDue":false`) {
		t.Errorf("body = %s, want IsPastDue false", body)
	}
	f.console.await(t, "(Succeeded,")
	stop()
	const onStartup = "Trigger Details: UnscheduledInvocationReason: RunOnStartup"
	if got := messages(h, "Function.GuardDutyTimer", onStartup); len(got) != 1 {
		t.Errorf("records of the reason = %v, want one", got)
	}
}

// Expressions are NCRONTAB: in UTC, and with both kinds of day required.
func TestSchedules(t *testing.T) {
	for expression, want := range map[string]string{
		"0 */15 * * * *": "'0 0,15,30,45 * * * *') will be:\n11/22/2026 12:15:00Z\n11/22/2026 12:30:00Z",
		"30 2-4 12 * * *": "'30 2-4 12 * * *') will be:\n11/22/2026 12:03:30Z\n11/22/2026 12:04:30Z\n" +
			"11/23/2026 12:02:30Z",
		"0 0 0 13 * 5":         "'0 0 0 13 * 5') will be:\n08/13/2027 00:00:00Z\n10/13/2028 00:00:00Z",
		"0 0 0 * * Mon-Fri":    "'0 0 0 * * 1-5') will be:\n11/23/2026 00:00:00Z",
		"0 0 0 1 jan,jul *":    "'0 0 0 1 1,7 *') will be:\n01/01/2027 00:00:00Z\n07/01/2027 00:00:00Z",
		"0 5/20 0-23 1-31 * *": "'0 5,25,45 * * * *') will be:\n11/22/2026 12:05:00Z",
	} {
		t.Run(expression, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			setting(f, "GUARDDUTY_SCHEDULE", expression)
			f.cfg.Now = func() time.Time { return noon.In(time.FixedZone("", 3600)) }
			h := f.start()
			if got := messages(h, "Host.Triggers.Timer", want); len(got) != 1 {
				t.Errorf("console = %s, want %s", f.console, want)
			}
		})
	}
}
