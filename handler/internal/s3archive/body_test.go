package s3archive_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/s3archive"
)

// TestABodyThatStallsIsAnError reads from a server that sends half an object
// and then nothing, on a connection that stays.
func TestABodyThatStallsIsAnError(t *testing.T) { synctest.Test(t, bodyStalls) }

func bodyStalls(t *testing.T) {
	release, network := make(chan struct{}), localtest.NewMemory()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "8")
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		<-release
	})}
	go server.Serve(network)
	defer server.Close()
	defer close(release)
	transport := &http.Transport{DialContext: network.Dial}
	defer transport.CloseIdleConnections()
	a := s3archive.New(s3archive.Config{
		Bucket: "b", Region: "eu-west-1", Endpoint: "http://s3.test", PathStyle: true,
		Credentials: &keys{id: "AKIA", secret: "s"}, HTTPClient: &http.Client{Transport: transport},
		StallTimeout: time.Minute,
	})
	body, err := a.Open(t.Context(), ingest.Object{Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	opened := time.Now()
	got, err := io.ReadAll(body)
	if string(got) != "half" || err == nil || !strings.Contains(err.Error(), "nothing for too long") {
		t.Errorf("ReadAll = %q, %v, want half and a stall", got, err)
	}
	if code := fault.Of(err).Code; code != fault.S3Unreachable {
		t.Errorf("ReadAll fails with %s, want %s, as when the object cannot be opened", code, fault.S3Unreachable)
	}
	if took := time.Since(opened); took != time.Minute {
		t.Errorf("ReadAll took %v, want the minute of StallTimeout", took)
	}
}
