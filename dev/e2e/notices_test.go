package e2e_test

import (
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/cloud"
)

// A setting that does not keep a run from working, and is not what it seems, is
// said in each run's log and in the run history.
func TestNoticesOfSettings(t *testing.T) {
	f := newFixture(t, cloud.WithKey)
	f.with(map[string]string{"S3_PREFX": "security", "GUARDDUTY_SCHEDULE": "* */5 * * * *"})
	f.start()
	for range 2 {
		inv := f.run()
		f.tells(inv, "Warning: S3_PREFX is not a setting; did you mean S3_PREFIX?")
		f.tells(inv, `Warning: GUARDDUTY_SCHEDULE: "* */5 * * * *" means 60 runs in each minute that it names`)
		noticed := 0
		for _, line := range f.logged(inv.ID) {
			if line.Level == "WARN" && strings.Contains(line.Text, "a setting needs attention") {
				noticed++
			}
		}
		if noticed != 2 {
			t.Errorf("the run's log has %d notices, want 2", noticed)
		}
	}
}

// The budget is held against what the host allows: host.json lies in the
// handler's working folder, and a variable overrides it.
func TestBudgetIsBelowTheHostsTimeout(t *testing.T) {
	for name, settings := range map[string]map[string]string{
		"host.json": {"RUN_BUDGET": "10m"},
		"variable":  {"AzureFunctionsJobHost__functionTimeout": "00:05:00"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, cloud.WithKey)
			f.with(settings)
			f.start()
			inv := f.invoke()
			if want := "is not below functionTimeout"; inv.Succeeded || !strings.Contains(inv.Reason, want) {
				t.Errorf("Invoke() = succeeded %t, %s, want failed with %s", inv.Succeeded, inv.Reason, want)
			}
		})
	}
}
