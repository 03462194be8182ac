package s3archive_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/s3archive"
)

// TestABodyThatStallsIsAnError reads from a server that sends half an object
// and then nothing, on a connection that stays.
func TestABodyThatStallsIsAnError(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "8")
		io.WriteString(w, "half")
		w.(http.Flusher).Flush()
		<-release
	}))
	defer server.Close()
	defer close(release)
	a := s3archive.New(s3archive.Config{
		Bucket: "b", Region: "eu-west-1", Endpoint: server.URL, PathStyle: true,
		Credentials: &keys{id: "AKIA", secret: "s"}, HTTPClient: server.Client(), StallTimeout: 50 * time.Millisecond,
	})
	body, err := a.Open(t.Context(), ingest.Object{Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	got, err := io.ReadAll(body)
	if string(got) != "half" || err == nil || !strings.Contains(err.Error(), "nothing for too long") {
		t.Errorf("ReadAll = %q, %v, want half and a stall", got, err)
	}
}
