package main_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	main "guardduty-sentinel/handler"
)

// started is the log of a connector that starts with the usual settings and
// changes, names and values in turn.
func started(t *testing.T, changes ...string) string {
	t.Helper()
	vars := usual()
	for i := 0; i < len(changes); i += 2 {
		vars[changes[i]] = changes[i+1]
	}
	var environ []string
	for name, value := range vars {
		environ = append(environ, name+"="+value)
	}
	return main.StartLog(environ)
}

// TestHostFile: the host's limits are read in the working folder, or in the
// folder that the host names.
func TestHostFile(t *testing.T) {
	dir := t.TempDir()
	text := []byte(`{"functionTimeout":"00:05:00"}`)
	if err := os.WriteFile(filepath.Join(dir, "host.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	const want = "RUN_BUDGET: \\\"8m\\\" is not below functionTimeout"
	if log := started(t, "AzureWebJobsScriptRoot", dir); !strings.Contains(log, want) {
		t.Errorf("log with the folder named = %s, want %s", log, want)
	}
	t.Chdir(dir)
	if log := started(t); !strings.Contains(log, want) {
		t.Errorf("log in the folder = %s, want %s", log, want)
	}
}

// TestNoticesAreLoggedAtStart: settings that work and are not what they seem.
func TestNoticesAreLoggedAtStart(t *testing.T) {
	if log := started(t); log != "" {
		t.Errorf("log of good settings = %s, want none", log)
	}
	log := started(t, "S3_PREFX", "security")
	want := `"level":"WARN","msg":"a setting needs attention",` +
		`"notice":"S3_PREFX is not a setting; did you mean S3_PREFIX?"`
	if !strings.Contains(log, want) || strings.Count(log, "\n") != 1 {
		t.Errorf("log = %s, want one line with %s", log, want)
	}
	log = started(t, "GUARDDUTY_SCHEDULE", "*/5 * * *")
	refused := `"level":"ERROR","msg":"a setting needs attention","notice":"GUARDDUTY_SCHEDULE: `
	if !strings.Contains(log, refused) || strings.Contains(strings.ToLower(log), "warn") {
		t.Errorf("log = %s, want %s, and no word by which the host takes it for a warning", log, refused)
	}
	log = started(t, "S3_PREFX", "security", "LOG_LEVEL", "loud")
	if !strings.Contains(log, "every run will fail") || !strings.Contains(log, want) {
		t.Errorf("log of wrong settings = %s, want the fault and %s", log, want)
	}
}

// TestVaultThatIsOutOfReachIsTold in the log and in the run history, by which
// runs otherwise look as always.
func TestVaultThatIsOutOfReachIsTold(t *testing.T) {
	if lines, log := main.VaultNotice(time.Time{}, nil); lines != nil || log != "" {
		t.Errorf("without an outage: %q and %s, want nothing", lines, log)
	}
	since := time.Date(2026, 8, 1, 2, 3, 4, 0, time.UTC)
	lines, log := main.VaultNotice(since, errors.New("GD1201 no answer"))
	want := []string{"Warning: since 2026-08-01T02:03:04Z Key Vault cannot be read; runs use the key pair that was " +
		"read before, until AWS refuses it: GD1201 no answer"}
	if !slices.Equal(lines, want) {
		t.Errorf("lines = %q, want %q", lines, want)
	}
	for _, part := range []string{
		`"level":"WARN"`, `"msg":"key vault cannot be read; the run used the last key pair"`,
		`"since":"2026-08-01T02:03:04Z"`, `"error":"GD1201 no answer"`,
	} {
		if !strings.Contains(log, part) {
			t.Errorf("log = %s, want %s in it", log, part)
		}
	}
}
