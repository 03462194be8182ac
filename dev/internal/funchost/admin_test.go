package funchost_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/funchost"
)

// ask makes a request to the host's admin endpoint and returns the status.
func ask(h *funchost.Host, method, path, contentType, body string) int {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	w := httptest.NewRecorder()
	h.Admin().ServeHTTP(w, r)
	return w.Code
}

func TestAdminStartsARun(t *testing.T) {
	f := newFixture(t)
	ended := make(chan funchost.Invocation, 1)
	f.cfg.Ended = func(inv funchost.Invocation) { ended <- inv }
	h := f.start()
	const path = "/admin/functions/" + fn
	for _, c := range []struct {
		method, path, contentType, body string
		want                            int
	}{
		{http.MethodPost, "/admin/functions/Other", "application/json", `{"input":""}`, http.StatusNotFound},
		{http.MethodPost, path, "text/plain", `{"input":""}`, http.StatusUnsupportedMediaType},
		{http.MethodPost, path, "application/json", "", http.StatusBadRequest},
		{http.MethodPost, path, "application/json", "null", http.StatusBadRequest},
		{http.MethodGet, path, "application/json", "", http.StatusMethodNotAllowed},
		{http.MethodPost, path, "application/json", `{"input":""}`, http.StatusAccepted},
	} {
		if got := ask(h, c.method, c.path, c.contentType, c.body); got != c.want {
			t.Errorf("%s %s %s %q = %d, want %d", c.method, c.path, c.contentType, c.body, got, c.want)
		}
	}
	f.answers <- good("one line")
	if inv := <-ended; !inv.Succeeded || inv.Function != fn || strings.Join(inv.Logs, "") != "one line" {
		t.Errorf("the run = %+v, want a success with its one line", inv)
	}
	const reason = "Reason='This function was programmatically called via the host APIs.'"
	if got := messages(h, funchost.FunctionCategory(fn), reason); len(got) != 1 {
		t.Errorf("records of a run that was asked for = %v, want one: only the last request starts a run", got)
	}
	if got := len(h.History()); got != 1 {
		t.Errorf("the history has %d runs, want 1", got)
	}
}

func TestAdminAfterShutdown(t *testing.T) {
	h := newFixture(t).start()
	if err := h.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := ask(h, http.MethodPost, "/admin/functions/"+fn, "application/json", `{"input":""}`)
	if got != http.StatusServiceUnavailable {
		t.Errorf("a request after Shutdown = %d, want 503", got)
	}
}
