package config_test

import (
	"log/slog"
	"slices"
	"testing"

	"guardduty-sentinel/handler/internal/config"
)

// TestBudgetAgainstTimeout: the host kills a run at functionTimeout, so a run
// has to end before.
func TestBudgetAgainstTimeout(t *testing.T) {
	const host, variable = `{"version":"2.0","functionTimeout":"00:10:00"}`, "AzureFunctionsJobHost__functionTimeout"
	refused := func(budget, timeout, where string) string {
		return "RUN_BUDGET: \"" + budget + "\" is not below functionTimeout, which is " +
			"\"" + timeout + "\" (" + where + "): " +
			"the host would kill the run, so lower RUN_BUDGET or raise functionTimeout"
	}
	tests := map[string]struct {
		host    string
		changes []string
		want    string
	}{
		"below":                  {host, []string{"RUN_BUDGET", "9m59s"}, ""},
		"the default, below":     {host, nil, ""},
		"the same":               {host, []string{"RUN_BUDGET", "10m"}, refused("10m", "00:10:00", "host.json")},
		"above":                  {host, []string{"RUN_BUDGET", "15m"}, refused("15m", "00:10:00", "host.json")},
		"the default, not below": {`{"functionTimeout":"00:05:00"}`, nil, refused("8m", "00:05:00", "host.json")},
		"byte order mark": {
			"\uFEFF" + `{"functionTimeout":"00:05:00"}`,
			nil,
			refused("8m", "00:05:00", "host.json"),
		},
		"key in other case": {`{"FunctionTimeout":"00:05:00"}`, nil, refused("8m", "00:05:00", "host.json")},
		"days":              {`{"functionTimeout":"1.00:00:00"}`, []string{"RUN_BUDGET", "23h"}, ""},
		"a number is days":  {`{"functionTimeout":"10"}`, []string{"RUN_BUDGET", "24h"}, ""},
		"a day": {
			`{"functionTimeout":"1"}`,
			[]string{"RUN_BUDGET", "24h"},
			refused("24h", "1", "host.json"),
		},
		"no limit": {`{"functionTimeout":"-1"}`, []string{"RUN_BUDGET", "24h"}, ""},
		"not in host.json": {`{"version":"2.0"}`, []string{"RUN_BUDGET", "30m"},
			refused("30m", "00:30:00", "the host's default")},
		"not in host.json, Consumption": {`{"version":"2.0"}`, []string{"WEBSITE_SKU", "Dynamic"},
			refused("8m", "00:05:00", "the host's default on the Consumption plan")},
		"not in host.json, below": {`{"version":"2.0"}`, []string{"RUN_BUDGET", "29m"}, ""},
		"no host.json":            {"", []string{"RUN_BUDGET", "24h"}, ""},
		"not readable":            {"{", []string{"RUN_BUDGET", "24h"}, ""},
		"not a time span":         {`{"functionTimeout":"10m"}`, []string{"RUN_BUDGET", "24h"}, ""},
		"variable":                {host, []string{variable, "00:00:10"}, refused("8m", "00:00:10", variable)},
		"variable over host.json": {host, []string{variable, "00:20:00", "RUN_BUDGET", "15m"}, ""},
		"variable, no host.json":  {"", []string{variable, "00:05:00"}, refused("8m", "00:05:00", variable)},
		"variable, no limit":      {host, []string{variable, "-1", "RUN_BUDGET", "24h"}, ""},
		"variable, empty": {
			host,
			[]string{variable, "", "RUN_BUDGET", "15m"},
			refused("15m", "00:10:00", "host.json"),
		},
		"variable in other case": {host, []string{"AZUREFUNCTIONSJOBHOST__FUNCTIONTIMEOUT", "00:05:00"},
			refused("8m", "00:05:00", "AZUREFUNCTIONSJOBHOST__FUNCTIONTIMEOUT")},
		"another fault first": {host, []string{"RUN_BUDGET", "25h"},
			`RUN_BUDGET: "25h" is not a duration from 10s to 24h`},
	}
	for name, tt := range tests {
		_, err := config.FromEnv(environ(tt.changes...), []byte(tt.host))
		if got := text(err); got != tt.want {
			t.Errorf("%s: FromEnv = %q, want %q", name, got, tt.want)
		}
	}
}

// TestUnreadableHostFile: the host takes comments in host.json, so the run does
// not fail; that nothing was compared is said.
func TestUnreadableHostFile(t *testing.T) {
	for text, want := range map[string][]string{
		"{\n// ten minutes\n\"functionTimeout\":\"00:10:00\"}": {
			"host.json is not plain JSON (a comment is not): RUN_BUDGET was not compared with its functionTimeout"},
		`{"functionTimeout":"00:10:00"}`: nil,
		"":                               nil,
	} {
		c, err := config.FromEnv(environ(), []byte(text))
		if got := notices(c, slog.LevelWarn); err != nil || !slices.Equal(got, want) {
			t.Errorf("FromEnv with host.json %q = %v and %q, want %q", text, err, got, want)
		}
	}
}

// text is what an error says.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
