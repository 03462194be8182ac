package azclient_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/streaming"

	"guardduty-sentinel/handler/internal/azclient"
)

// early answers before it has read the body, which it reads and closes later,
// as net/http does when a server refuses a request that is still being sent.
type early struct {
	t     *testing.T
	busy  chan struct{} // holds one body at a time
	tries int
}

func (e *early) RoundTrip(r *http.Request) (*http.Response, error) {
	e.tries++
	select {
	case e.busy <- struct{}{}:
	default:
		e.t.Error("the next attempt began while the transport still had the body of the last one")
	}
	status := http.StatusServiceUnavailable
	if e.tries == 3 {
		status = http.StatusOK
	}
	go func() {
		defer r.Body.Close()
		time.Sleep(time.Minute) // much longer than the wait between two attempts
		if body, err := io.ReadAll(r.Body); err != nil || string(body) != "rows" {
			e.t.Errorf("the transport read %q, %v, want the whole body", body, err)
		}
		<-e.busy
	}()
	return &http.Response{StatusCode: status, Body: http.NoBody, Request: r}, nil
}

func TestNextAttemptWaitsForTheBodyOfTheLast(t *testing.T) { synctest.Test(t, nextAttempt) }

func nextAttempt(t *testing.T) {
	transport := &early{t: t, busy: make(chan struct{}, 1)}
	options := azclient.Options(&http.Client{Transport: transport},
		policy.RetryOptions{MaxRetries: 3, RetryDelay: time.Microsecond, MaxRetryDelay: time.Microsecond})
	pipeline := runtime.NewPipeline("test", "v1.0.0", runtime.PipelineOptions{}, &options)
	request, err := runtime.NewRequest(t.Context(), http.MethodPost, "https://service.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := request.SetBody(streaming.NopCloser(strings.NewReader("rows")), "text/plain"); err != nil {
		t.Fatal(err)
	}
	response, err := pipeline.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK || transport.tries != 3 {
		t.Errorf("the answer is %d after %d tries, want 200 after 3", response.StatusCode, transport.tries)
	}
}
