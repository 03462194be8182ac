package outbound_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/outbound"
)

// What a service answers is its answer, also when it points elsewhere: nothing
// is sent there.
func TestNoRedirectIsFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was sent to another host", r.Method, r.URL)
	}))
	defer elsewhere.Close()
	client := outbound.Client(1, func(string) string { return "" })
	defer client.CloseIdleConnections()
	for _, status := range []int{301, 302, 303, 307, 308} {
		service := httptest.NewServer(http.RedirectHandler(elsewhere.URL, status))
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			r, err := http.NewRequestWithContext(t.Context(), method, service.URL, strings.NewReader("findings"))
			if err != nil {
				t.Fatal(err)
			}
			answer, err := client.Do(r)
			if err != nil {
				t.Fatalf("%s answered by %d = %v", method, status, err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			if answer.StatusCode != status {
				t.Errorf("%s answered by %d = %d, want the answer itself", method, status, answer.StatusCode)
			}
		}
		service.Close()
	}
}
