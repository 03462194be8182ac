package logsingestion_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/logsingestion"
)

func TestDeliverFaults(t *testing.T) {
	always := func(status int, body string) *localtest.Fault {
		return &localtest.Fault{Status: status, Body: body, Times: -1}
	}
	for name, c := range map[string]struct {
		code  fault.Code
		named string // what the fault names
		edit  func(*logsingestion.Config)
		fault *localtest.Fault
	}{
		"other rule": {
			fault.RuleMissing,
			"dcr-other",
			func(cfg *logsingestion.Config) { cfg.RuleID = "dcr-other" },
			nil,
		},
		"other stream": {
			fault.RuleMissing,
			"Custom-Other_CL",
			func(cfg *logsingestion.Config) { cfg.Stream = "Custom-Other_CL" },
			nil,
		},
		"stream refused as 400": {
			fault.RuleMissing,
			"InvalidStream (HTTP 400)",
			nil,
			always(400, `{"error":{"code":"InvalidStream","message":"m"}}`),
		},
		"token refused": {
			fault.IngestionRefused,
			"InvalidToken (HTTP 401)",
			nil,
			always(401, `{"error":{"code":"InvalidToken","message":"m"}}`),
		},
		"throttled for too long": {
			fault.IngestionThrottled,
			"HTTP 429",
			nil,
			&localtest.Fault{Status: 429, Header: map[string]string{"Retry-After": "600"}, Times: -1},
		},
		"unavailable": {
			fault.IngestionUnreachable,
			"Service Unavailable (HTTP 503); a later run tries again",
			nil,
			always(503, ""),
		},
		"refused before": {
			fault.IngestionUnreachable,
			"cannot reach",
			nil,
			&localtest.Fault{Drop: localtest.DropBefore, Times: -1},
		},
		"answer lost": {
			fault.IngestionUnreachable,
			"cannot reach",
			nil,
			&localtest.Fault{Drop: localtest.DropAfter, Times: -1},
		},
		"no listener": {fault.IngestionUnreachable, "connection refused", func(cfg *logsingestion.Config) {
			cfg.Endpoint = "https://" + localtest.NoListener(t)
		}, nil},
		"no such host": {
			fault.IngestionUnreachable,
			"no.such.host",
			func(cfg *logsingestion.Config) { cfg.Endpoint = "https://no.such.host" },
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			edit := c.edit
			if edit == nil {
				edit = func(*logsingestion.Config) {}
			}
			cloud, table := table(t, edit)
			if c.fault != nil {
				cloud.Break(t, "ingestion", *c.fault)
			}
			refusals, err := table.Deliver(t.Context(), batch(rows(t, 3)...))
			wantFault(t, err, c.code, c.named)
			if refusals != nil {
				t.Errorf("Deliver = %v, want no refusal beside an error", refusals)
			}
		})
	}
}

// TestOnlyNoContentCounts has something else than the service answer, as a proxy
// or a sign-in page does: a batch is accepted only with the answer that the API
// has (Logs Ingestion API, "Upload": 204 No Content).
func TestOnlyNoContentCounts(t *testing.T) {
	for _, status := range []int{200, 201, 202, 203, 205, 206, 300, 302, 304} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			cloud, table := table(t, func(*logsingestion.Config) {})
			cloud.Break(t, "ingestion", localtest.Fault{
				Status: status, Header: map[string]string{"Content-Type": "text/html"}, Times: -1,
			})
			refusals, err := table.Deliver(t.Context(), batch(rows(t, 3)...))
			wantFault(t, err, fault.IngestionUnreachable, fmt.Sprintf("HTTP %d", status))
			if refusals != nil {
				t.Errorf("Deliver = %v, want no refusal beside an error", refusals)
			}
		})
	}
}

// wantFault checks the code and text of a fault, and that it quotes no row.
func wantFault(t *testing.T, err error, code fault.Code, named string) {
	t.Helper()
	if err == nil {
		t.Fatalf("Deliver = nil, want %s", code)
	}
	if got := fault.Of(err); got.Code != code || !strings.Contains(err.Error(), named) {
		t.Errorf("Deliver = %v, want %s and %q in it", err, code, named)
	}
	if strings.Contains(err.Error(), "SourceObject_s") || strings.Contains(err.Error(), name(t)) {
		t.Errorf("Deliver = %v, which quotes a row", err)
	}
}

func TestDeliverWithoutTheRoleIsAFault(t *testing.T) {
	c, table := table(t)
	c.Forbid(t, "ingestion")
	_, err := table.Deliver(t.Context(), batch(rows(t, 1)...))
	wantFault(t, err, fault.IngestionRefused, "Monitoring Metrics Publisher")
}

// A fault in the middle of a bisection hides what was accepted before it: the
// caller has to take all rows as not accepted.
func TestFaultWhileBisecting(t *testing.T) {
	for name, skip := range map[string]int{"first half": 1, "second half": 2} {
		t.Run(name, func(t *testing.T) {
			c, table := table(t)
			list := rows(t, 2)
			list[1] = strings.Replace(list[1], `"Severity"`, `"nope_d"`, 1)
			c.Break(t, "ingestion", localtest.Fault{Status: http.StatusForbidden, Skip: skip, Times: -1})
			refusals, err := table.Deliver(t.Context(), batch(list...))
			wantFault(t, err, fault.IngestionRefused, "HTTP 403")
			if refusals != nil {
				t.Errorf("Deliver = %v, want no refusal beside an error", refusals)
			}
		})
	}
}

// The service's message may quote the row; the reason goes to the state table
// and to logs.
func TestReasonNeverHoldsTheServicesMessage(t *testing.T) {
	c, table := table(t)
	c.Break(t, "ingestion", localtest.Fault{
		Status: 400,
		Times:  -1,
		Body:   `{"error":{"code":"InvalidRow","message":"row {\"title_s\":\"private\"} is bad"}}`,
	})
	refusals := deliver(t, table, batch(`{"TimeGenerated":"2026-08-01T00:00:00Z","title_s":"private"}`))
	want := []ingest.Refusal{{Row: 0, Reason: "refused by the service: InvalidRow (HTTP 400)"}}
	if !slices.Equal(refusals, want) {
		t.Errorf("Deliver = %+v, want %+v: only the code and the status", refusals, want)
	}
}

// A single row that is too large for the service can never be delivered.
func TestRowThatTheServiceFindsTooLargeIsRefused(t *testing.T) {
	c, table := table(t)
	c.Break(t, "ingestion", localtest.Fault{Status: http.StatusRequestEntityTooLarge, Times: -1})
	if got := deliver(t, table, batch(rows(t, 1)...)); len(got) != 1 || !strings.Contains(got[0].Reason, "HTTP 413") {
		t.Errorf("Deliver = %v, want the row refused with 413", got)
	}
}

// When the run's time ends while the client waits to try again, the fault is
// what the service answered and not the clock.
func TestTimeRunsOutWhileThrottled(t *testing.T) {
	for status, code := range map[int]fault.Code{
		http.StatusTooManyRequests:    fault.IngestionThrottled,
		http.StatusServiceUnavailable: fault.IngestionUnreachable,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			local.Cloud(t).Break(t, "ingestion", localtest.Fault{
				Status: status, Times: -1, Header: map[string]string{"Retry-After": "60"},
			})
			localtest.VirtualTime(t, func(t *testing.T) {
				_, table := table(t, keepNoConnection)
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				_, err := table.Deliver(ctx, batch(rows(t, 2)...))
				wantFault(t, err, code, fmt.Sprintf("HTTP %d", status))
			})
		})
	}
}

// TestTimeRunsOutWithoutAListener: the fault says so, and not only that time
// ran out; who asks for the end of the time still finds it.
func TestTimeRunsOutWithoutAListener(t *testing.T) {
	endpoint := localtest.NoListener(t)
	localtest.VirtualTime(t, func(t *testing.T) {
		_, table := table(t, keepNoConnection, func(cfg *logsingestion.Config) { cfg.Endpoint = "https://" + endpoint })
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Microsecond) // less than the client waits
		defer cancel()
		_, err := table.Deliver(ctx, batch(rows(t, 1)...))
		wantFault(t, err, fault.IngestionUnreachable, "cannot reach https://"+endpoint+": dial tcp "+endpoint+
			": connect: connection refused (then the time ran out)")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Deliver = %v, want %v in it", err, context.DeadlineExceeded)
		}
	})
}

// transporter is an HTTP client with something done before each request.
type transporter struct {
	before func()
	next   policy.Transporter
}

func (tr transporter) Do(r *http.Request) (*http.Response, error) {
	tr.before()
	return tr.next.Do(r)
}

func TestCancelEndsDeliver(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c, table := table(t, func(cfg *logsingestion.Config) {
		cfg.Options.Transport = transporter{cancel, cfg.Options.Transport}
	})
	c.Break(t, "ingestion", localtest.Fault{Delay: "30s", Times: -1})
	_, err := table.Deliver(ctx, batch(rows(t, 1)...))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Deliver = %v, want %v", err, context.Canceled)
	}
}

// early is a service that answers before it has read the body, which is still
// being sent then.
type early struct{ sending sync.WaitGroup }

func (e *early) Do(r *http.Request) (*http.Response, error) {
	body := r.Body
	e.sending.Go(func() {
		piece := make([]byte, 16)
		for {
			if _, err := body.Read(piece); err != nil {
				return
			}
			runtime.Gosched()
		}
	})
	return &http.Response{
		StatusCode: http.StatusRequestEntityTooLarge,
		Status:     "413",
		Body:       io.NopCloser(new(bytes.Buffer)),
		Header:     http.Header{},
		Request:    r,
	}, nil
}

// A body that may still be in flight must not be written to. The race
// detector tells when it is.
func TestBodyIsNotReusedWhileItMayBeInFlight(t *testing.T) {
	service := &early{}
	table, err := logsingestion.New(logsingestion.Config{
		Endpoint: "http://127.0.0.1:1",
		RuleID:   "dcr",
		Stream:   "s",
		Options:  azcore.ClientOptions{Transport: service, Retry: localtest.Retry()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if refusals := deliver(t, table, batch(rows(t, 64)...)); len(refusals) != 64 {
		t.Errorf("Deliver = %d refusals, want all 64 rows refused", len(refusals))
	}
	service.sending.Wait()
}

// The caller's bound on one attempt holds here too: an answer that does not
// come is not waited for.
func TestAttemptEndsAtItsTimeout(t *testing.T) {
	c, table := table(t, func(cfg *logsingestion.Config) {
		cfg.Options.Retry = policy.RetryOptions{TryTimeout: 3 * time.Second}
	})
	c.Break(t, "ingestion", localtest.Fault{Delay: "24h"})
	want := rows(t, 1)
	deliver(t, table, batch(want...))
	wantArrived(t, c, want)
}

func TestEndpointThatIsNoneIsAnError(t *testing.T) {
	if _, err := logsingestion.New(logsingestion.Config{Endpoint: "https://[::1"}); err != nil &&
		!strings.Contains(err.Error(), "logs ingestion") {
		t.Errorf("New = %v, want an error that names the client", err)
	}
}
