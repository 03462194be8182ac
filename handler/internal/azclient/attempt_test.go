package azclient_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	"guardduty-sentinel/handler/internal/azclient"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/outbound"
)

// answers is a service that answers all requests alike. For virtual time it
// keeps no connection.
func answers(t *testing.T, f http.HandlerFunc) (url string) {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	return server.URL
}

// call asks url for a time, as an SDK does, with policies that come before each
// attempt.
func call(t *testing.T, url string, limit time.Duration, before ...policy.Policy) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	options := azclient.Options(client, policy.RetryOptions{MaxRetries: 2, RetryDelay: 8 * time.Second})
	pipeline := runtime.NewPipeline("test", "v1.0.0", runtime.PipelineOptions{PerRetry: before}, &options)
	request, err := runtime.NewRequest(ctx, http.MethodGet, url+"/table?sig=hidden")
	if err != nil {
		t.Fatal(err)
	}
	response, err := pipeline.Do(request)
	if err == nil {
		response.Body.Close()
	}
	if err != nil && strings.Contains(err.Error(), "hidden") {
		t.Errorf("error = %v, which shows the signature", err)
	}
	return err
}

// TestErrorNamesTheLastAttempt: a wrong address, a service that is silent and
// one that is throttled do not look alike when time runs out.
func TestErrorNamesTheLastAttempt(t *testing.T) {
	release := make(chan struct{})
	silent := answers(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	throttled := answers(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-ms-error-code", "ServerBusy")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	noListener := "http://" + localtest.NoListener(t)
	for name, c := range map[string]struct {
		url   string
		limit time.Duration
		late  bool
		want  string
	}{
		"refused to the end": {noListener, time.Hour, false, "connection refused"},
		"refused and late":   {noListener, 5 * time.Second, true, "connection refused (then the time ran out)"},
		"silent":             {silent, 5 * time.Second, true, "no answer in time (context deadline exceeded)"},
		"throttled and late": {throttled, 5 * time.Second, true, "ServerBusy (HTTP 503) (then the time ran out)"},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			if name == "silent" { // a connection that is waited on holds virtual time
				err = call(t, c.url, 200*time.Millisecond)
			} else {
				localtest.VirtualTime(t, func(t *testing.T) { err = call(t, c.url, c.limit) })
			}
			host := strings.TrimPrefix(c.url, "http://")
			if err == nil || !strings.HasSuffix(err.Error(), c.want) || strings.Count(err.Error(), host) != 1 {
				t.Errorf("error = %v, want the host once, and %s", err, c.want)
			}
			if got := errors.Is(err, context.DeadlineExceeded); got != c.late {
				t.Errorf("error = %v, DeadlineExceeded %v, want %v", err, got, c.late)
			}
			response, answered := errors.AsType[*azcore.ResponseError](err)
			if answered != (name == "throttled and late") || answered && response.StatusCode != 503 {
				t.Errorf("error = %v with the answer %+v, want one only where the service answered", err, response)
			}
		})
	}
}

// before is a policy as one that gets a token first.
type before func(context.Context) error

func (b before) Do(req *policy.Request) (*http.Response, error) {
	if err := b(req.Raw().Context()); err != nil {
		return nil, err
	}
	return req.Next()
}

// TestTokenThatFailsIsTheCause: what the call needs first is what failed, also
// when the time is over by then.
func TestTokenThatFailsIsTheCause(t *testing.T) {
	url := answers(t, func(http.ResponseWriter, *http.Request) {})
	noToken := errors.New("no token")
	localtest.VirtualTime(t, func(t *testing.T) {
		err := call(t, url, 5*time.Second, before(func(ctx context.Context) error {
			noted, _ := outbound.Watch(ctx)
			outbound.Begin(noted, "identity.example")
			time.Sleep(time.Minute)
			outbound.End(noted, ctx.Err())
			outbound.Blame(ctx, noToken)
			return noToken
		}))
		if !errors.Is(err, noToken) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v, want that of the token, and that time ran out", err)
		}
	})
}

// TestOtherHostsCauseIsForgotten: the identity endpoint did not answer at once,
// and then did; the service is what was not reached.
func TestOtherHostsCauseIsForgotten(t *testing.T) {
	noListener := localtest.NoListener(t)
	localtest.VirtualTime(t, func(t *testing.T) {
		err := call(t, "http://"+noListener, 5*time.Second, before(func(ctx context.Context) error {
			outbound.Begin(ctx, "identity.example")
			outbound.End(ctx, errors.New("down"))
			return nil
		}))
		if want := "dial tcp " + noListener + ": "; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error = %v, want %s", err, want)
		}
	})
}

// TestCancelStaysAsItIs: callers look for it.
func TestCancelStaysAsItIs(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	watched, attempts := outbound.Watch(ctx)
	outbound.Begin(watched, "h")
	outbound.End(watched, errors.New("down"))
	cancel()
	if err := attempts.Explain(context.Cause(ctx)); err != context.Canceled {
		t.Errorf("Explain = %v, want %v", err, context.Canceled)
	}
}
