package main_test

import (
	"context"
	"testing"
	"time"

	main "guardduty-sentinel/handler"
)

// TestExitCode: 200 asks the host for another handler, after 0 it starts none,
// and after any other code it counts an error.
func TestExitCode(t *testing.T) {
	late := context.DeadlineExceeded
	tests := map[string]struct {
		hosted, orphaned, terminated bool
		err                          error
		want                         int
	}{
		"SIGTERM":                              {true, false, true, nil, 200},
		"SIGTERM, run not drained":             {true, false, true, late, 200},
		"SIGINT":                               {true, false, false, nil, 0},
		"SIGINT, run not drained":              {true, false, false, late, 1},
		"host gone":                            {true, true, false, nil, 0},
		"host gone and SIGTERM":                {true, true, true, nil, 0},
		"host gone, run not drained":           {true, true, false, late, 1},
		"SIGTERM without a host":               {false, false, true, nil, 0},
		"SIGTERM without a host, not drained":  {false, false, true, late, 1},
		"SIGTERM, started by what has gone":    {false, true, true, nil, 0},
		"SIGINT without a host":                {false, false, false, nil, 0},
		"the listener failed":                  {true, false, false, context.Canceled, 1},
		"the listener failed without any host": {false, false, false, context.Canceled, 1},
	}
	for name, tt := range tests {
		if got := main.StopCode(tt.hosted, tt.orphaned, tt.terminated, tt.err); got != tt.want {
			t.Errorf("%s: exit code = %d, want %d", name, got, tt.want)
		}
	}
}

// TestBudget: the bound on a hanging run follows the setting, and there is one
// too when the settings cannot be used.
func TestBudget(t *testing.T) {
	for setting, want := range map[string]time.Duration{"90s": 90 * time.Second, "1s": 0} {
		vars := usual()
		vars["RUN_BUDGET"] = setting
		var environ []string
		for name, value := range vars {
			environ = append(environ, name+"="+value)
		}
		if got := main.Budget(environ); got != want {
			t.Errorf("budget with RUN_BUDGET=%s = %v, want %v", setting, got, want)
		}
	}
}
