package e2e_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/funchost"
	"guardduty-sentinel/dev/internal/seed"
)

// Every form of the timer's payload is a run like any other, and the log says
// which it was.
func TestTimerPayloads(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	findings := f.builtIn()
	f.export(findings[:1], seed.Options{Seed: 12})
	f.start()
	due := time.Now().Add(-17 * time.Minute)
	tests := []struct {
		name    string
		options []funchost.Option
		logs    string
	}{
		{"on time", nil, `"timer":{"past_due":false,"retry":0}`},
		{"past due", []funchost.Option{funchost.PastDue(due)}, `"timer":{"past_due":true,"retry":0}`},
		{
			"retry",
			[]funchost.Option{
				funchost.AsRetry(
					funchost.Retry{Count: 2, Max: 5, Exception: "System.Exception: \u0000 \"it\" {failed}"},
				),
			},
			`"timer":{"past_due":false,"retry":2}`,
		},
		{
			"past due and retry",
			[]funchost.Option{funchost.PastDue(due), funchost.AsRetry(funchost.Retry{Count: 1, Max: -1})},
			`"timer":{"past_due":true,"retry":1}`,
		},
	}
	for i, tt := range tests {
		if i > 0 {
			f.exportNow(findings[i : i+1])
		}
		inv := f.run(tt.options...)
		f.deliveredOnce(i + 1)
		if lines := f.logged(inv.ID); !slices.ContainsFunc(lines, func(l logLine) bool {
			return l.Message == "run started" && strings.Contains(l.Text, tt.logs)
		}) {
			t.Errorf("%s: log = %+v, want a run started with %s", tt.name, lines, tt.logs)
		}
	}
}

// The handler answers before it has made any call, so the host has it within
// the time of a process's start even when nothing else can be reached.
func TestFirstAnswerNeedsNoCall(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.WithIdentity)
	var took []time.Duration
	for range 10 {
		h := f.launch()
		took = append(took, h.answered())
		if err := h.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-h.ended
	}
	for _, resource := range []string{"https://vault.azure.net", "https://monitor.azure.com/",
		"https://storage.azure.com"} {
		if n := f.cloud.Identity.Requests(resource); n > 0 {
			t.Errorf("tokens asked for %s = %d, want 0", resource, n)
		}
	}
	if got := f.cloud.S3.Requests(); len(got) > 0 {
		t.Errorf("S3 requests = %+v, want none", got)
	}
	slices.Sort(took)
	info, err := os.Stat(handlerFile())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("time to the first answer: median %v, fastest %v, slowest %v; binary %.1f MB", took[len(took)/2], took[0],
		took[len(took)-1], float64(info.Size())/1e6)
}
