package faults_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/faults"
)

// stand is a server that counts the requests it acted on.
type stand struct {
	*httptest.Server
	script faults.Script
	acted  atomic.Int64
}

func start(t *testing.T, http2 bool) *stand {
	t.Helper()
	st := &stand{}
	st.Server = httptest.NewUnstartedServer(
		st.script.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			st.acted.Add(1)
			fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.Path, len(body))
		})),
	)
	st.Config.ErrorLog = log.New(t.Output(), "", 0)
	st.EnableHTTP2 = http2
	st.StartTLS()
	t.Cleanup(st.Close)
	return st
}

func (st *stand) add(t *testing.T, list ...faults.Fault) {
	t.Helper()
	for _, f := range list {
		if err := st.script.Add(f); err != nil {
			t.Fatalf("Add(%+v) = %v, want no error", f, err)
		}
	}
}

// send makes a request and returns "status body" or "no answer".
func (st *stand) send(ctx context.Context, t *testing.T, method, path string, size int) string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, st.URL+path, strings.NewReader(strings.Repeat("x", size)))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := st.Client().Do(r)
	if err != nil {
		return "no answer"
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("body of %s %s: %v", method, path, err)
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, body)
}

func TestFaultsComeInOrder(t *testing.T) {
	st := start(t, false)
	st.add(t,
		faults.Fault{Method: "POST", Path: "/a", Skip: 1, Times: 2, Status: 429, Body: "slow"},
		faults.Fault{Path: "/a", Status: 500},
		faults.Fault{Path: "/b", Times: -1, Status: 503},
	)
	for i, tt := range []struct{ method, path, want string }{
		{"POST", "/a/1", "500 "}, // the first fault skips it, so the second gets it
		{"POST", "/a/2", "429 slow"},
		{"PUT", "/a/3", "200 PUT /a/3 0"},
		{"POST", "/b", "503 "},
		{"POST", "/a/4", "429 slow"},
		{"POST", "/a/5", "200 POST /a/5 0"},
		{"POST", "/c/a", "200 POST /c/a 0"},
		{"PUT", "/b", "503 "},
	} {
		if got := st.send(t.Context(), t, tt.method, tt.path, 0); got != tt.want {
			t.Errorf("request %d, %s %s = %q, want %q", i, tt.method, tt.path, got, tt.want)
		}
	}
	if got := st.script.Fired(); got != 5 {
		t.Errorf("Fired() = %d, want 5", got)
	}
	st.script.Reset()
	if got, want := st.send(t.Context(), t, "POST", "/b", 0), "200 POST /b 0"; got != want {
		t.Errorf("POST /b after Reset = %q, want %q", got, want)
	}
	if got := st.script.Fired(); got != 0 {
		t.Errorf("Fired() after Reset = %d, want 0", got)
	}
}

func TestDrop(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		for _, tt := range []struct {
			drop  string
			acted int64
		}{
			{faults.DropBefore, 0},
			{faults.DropAfter, 1}, // took effect, answer lost
		} {
			t.Run(fmt.Sprintf("%s http2=%t", tt.drop, http2), func(t *testing.T) {
				st := start(t, http2)
				st.add(t, faults.Fault{Drop: tt.drop})
				if got := st.send(t.Context(), t, "POST", "/", 100); got != "no answer" {
					t.Errorf("dropped POST = %q, want no answer", got)
				}
				if got := st.acted.Load(); got != tt.acted {
					t.Errorf("server acted %d times, want %d", got, tt.acted)
				}
				if got, want := st.send(t.Context(), t, "POST", "/", 100), "200 POST / 100"; got != want {
					t.Errorf("next POST = %q, want %q", got, want)
				}
			})
		}
	}
}

func TestStatusComesAfterTheWholeBody(t *testing.T) {
	var script faults.Script
	if err := script.Add(faults.Fault{Status: 429, Header: map[string]string{"Retry-After": "7"},
		Body: "{}"}); err != nil {
		t.Fatal(err)
	}
	body := strings.NewReader(strings.Repeat("x", 4<<20))
	w := httptest.NewRecorder()
	script.Wrap(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the server acted")
	})).ServeHTTP(w, httptest.NewRequest("POST", "/", body))
	if w.Code != 429 || w.Header().Get("Retry-After") != "7" || w.Body.String() != "{}" {
		t.Errorf("answer = %d, Retry-After %q, %q, want 429, 7 and {}", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	if body.Len() != 0 {
		t.Errorf("%d bytes unread, want none: a sender that is cut off does not see the answer", body.Len())
	}
}

func TestDelay(t *testing.T) {
	st := start(t, false)
	const delay = 50 * time.Millisecond
	st.add(t, faults.Fault{Delay: delay}, faults.Fault{Delay: time.Hour})
	begin := time.Now()
	if got, want := st.send(t.Context(), t, "POST", "/", 1000), "200 POST / 1000"; got != want {
		t.Errorf("delayed POST = %q, want %q", got, want)
	}
	if took := time.Since(begin); took < delay {
		t.Errorf("delayed POST took %v, want at least %v", took, delay)
	}
	ctx, cancel := context.WithTimeout(t.Context(), delay)
	defer cancel()
	if got := st.send(ctx, t, "POST", "/", 1000); got != "no answer" {
		t.Errorf("POST given up = %q, want no answer", got)
	}
	st.Close() // waits for the handler, which must not wait the hour
	if got := st.acted.Load(); got != 1 {
		t.Errorf("server acted %d times, want 1: the second client had gone", got)
	}
}

func TestConcurrentRequestsShareTheCount(t *testing.T) {
	st := start(t, false)
	st.add(t, faults.Fault{Skip: 5, Times: 10, Status: 500})
	var failed atomic.Int64
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			if st.send(t.Context(), t, "POST", "/", 10) == "500 " {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	if got := failed.Load(); got != 10 {
		t.Errorf("%d requests failed, want 10", got)
	}
	if got := st.acted.Load(); got != 30 {
		t.Errorf("server acted %d times, want 30", got)
	}
}

// TestFaultsFile pins the form in which faults come from the handler's tests,
// which are of another module: theirs are tested against the same file.
func TestFaultsFile(t *testing.T) {
	text, err := os.ReadFile("testdata/faults.json")
	if err != nil {
		t.Fatal(err)
	}
	want := []faults.Fault{
		{
			Method: "POST", Path: "/p", Skip: 1, Times: -1, Status: 429,
			Header: map[string]string{"Retry-After": "1"}, Body: "b", Delay: 1500 * time.Millisecond,
		},
		{Drop: faults.DropBefore},
		{Drop: faults.DropAfter},
	}
	var got []faults.Fault
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("Unmarshal(%s) = %v, want no error", text, err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("Unmarshal(%s) = %+v, want %+v", text, got, want)
	}
	written, err := json.MarshalIndent(want, "", "  ")
	if err != nil || string(written)+"\n" != string(text) {
		t.Errorf("MarshalIndent() = %s, %v, want %s", written, err, text)
	}
}

func TestSenselessFaultsAreRefused(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{`{"status":500,"pathh":"/"}`, "pathh"},
		{`{"drop":"later"}`, "later"},
		{`{"status":99}`, "99"},
		{`{"status":500,"drop":"after"}`, "dropped connection"},
		{`{"body":"x","delay":"1s"}`, "need a status"},
		{`{"path":"/"}`, "nothing would happen"},
		{`{"delay":"soon"}`, "soon"},
		{`{"delay":"-1s"}`, "-1s"},
		{`{"skip":-1,"status":500}`, "-1"},
	} {
		var f faults.Fault
		if err := json.Unmarshal([]byte(tt.text), &f); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Unmarshal(%s) = %v, want an error with %q", tt.text, err, tt.want)
		}
	}
	var s faults.Script
	if err := s.Add(faults.Fault{Drop: "later"}); err == nil {
		t.Errorf("Add(drop later) = nil, want an error")
	}
}
