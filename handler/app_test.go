package main_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/config"
)

func decode[T any](t *testing.T, name string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(readFile(t, name)), &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// TestContractHostFile pins what the host reads: the Makefile builds to this
// path, and TestSampleSettings holds the run's budget to its time-out.
func TestContractHostFile(t *testing.T) {
	type hostFile struct {
		Version         string
		FunctionTimeout string
		CustomHandler   struct {
			Description struct{ DefaultExecutablePath string }
		}
		Logging struct {
			ApplicationInsights struct {
				SamplingSettings struct{ ExcludedTypes string }
			}
		}
	}
	host := decode[hostFile](t, "host.json")
	if got, want := host.CustomHandler.Description.DefaultExecutablePath, "bin/handler"; got != want {
		t.Errorf("host.json: defaultExecutablePath = %q, want %q", got, want)
	}
	if host.Version != "2.0" || host.FunctionTimeout != "00:10:00" {
		t.Errorf("host.json: version %q and functionTimeout %q, want 2.0 and 00:10:00",
			host.Version, host.FunctionTimeout)
	}
	if got := host.Logging.ApplicationInsights.SamplingSettings.ExcludedTypes; !strings.Contains(got, "Trace") {
		t.Errorf("host.json: sampling excludes %q, want Trace among it", got)
	}
}

// TestContractTimer pins the binding that the handler's path and body follow.
func TestContractTimer(t *testing.T) {
	type binding struct {
		Name, Type, Direction, Schedule string
		UseMonitor, RunOnStartup        bool
	}
	function := decode[struct{ Bindings []binding }](t, "GuardDutyTimer/function.json")
	want := []binding{{"timer", "timerTrigger", "in", "%GUARDDUTY_SCHEDULE%", true, false}}
	if !slices.Equal(function.Bindings, want) {
		t.Errorf("function.json: bindings = %+v, want %+v", function.Bindings, want)
	}
}

// TestSampleSettings holds the sample to the settings: it sets those that need
// a value, shows defaults that people change, and is taken as it is.
func TestSampleSettings(t *testing.T) {
	sample := decode[struct {
		IsEncrypted bool
		Values      map[string]string
	}](t, "local.settings.sample.json")
	var environ []string
	for name, value := range sample.Values {
		environ = append(environ, name+"="+value)
	}
	if _, err := config.FromEnv(environ, []byte(readFile(t, "host.json"))); err != nil {
		t.Errorf("local.settings.sample.json is refused: %v", err)
	}
	for _, s := range config.Settings() {
		got, set := sample.Values[s.Name]
		if want := cmp.Or(s.Sample, s.Default); set && got != want || s.Sample != "" && !set {
			t.Errorf("local.settings.sample.json: %s = %q (set: %v), want %q", s.Name, got, set, want)
		}
		delete(sample.Values, s.Name)
	}
	ofTheHost := map[string]string{
		"FUNCTIONS_WORKER_RUNTIME": "custom",
		"AzureWebJobsStorage":      "UseDevelopmentStorage=true",
	}
	if !maps.Equal(sample.Values, ofTheHost) || sample.IsEncrypted {
		t.Errorf("local.settings.sample.json has %v beside the settings, want %v", sample.Values, ofTheHost)
	}
}

// TestFuncIgnoreKeepsThePackageSmall checks that all that is not the app is
// left out of a published package, local settings first of all.
func TestFuncIgnoreKeepsThePackageSmall(t *testing.T) {
	ignored := strings.Fields(readFile(t, ".funcignore"))
	for _, name := range []string{
		"local.settings*.json", ".azure", "azure.yaml", "dev", "dist", "docs", "handler", "infra",
		".git*", ".tools", ".local", "go.mod", "go.sum", "*.md", "Makefile",
	} {
		if !slices.Contains(ignored, name) {
			t.Errorf(".funcignore lacks %s", name)
		}
	}
	for _, name := range []string{"host.json", "bin", "GuardDutyTimer"} {
		if slices.Contains(ignored, name) {
			t.Errorf(".funcignore leaves out %s, which the app needs", name)
		}
	}
}
