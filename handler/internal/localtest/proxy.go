package localtest

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
)

// Proxy is a plain HTTP server in front of another. It can cut a connection
// before the request reaches the other, or after it was served and before its
// answer, and counts what it lets through.
type Proxy struct {
	URL string

	mu     sync.Mutex
	drop   string
	times  int
	match  func(*http.Request) bool
	served int
}

// NewProxy starts a proxy to target for the test.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{}
	forward := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = u.Scheme, u.Host
		r.Out.Host = r.In.Host
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch p.verdict(r) {
		case DropBefore:
			panic(http.ErrAbortHandler)
		case DropAfter:
			forward.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		default:
			// By default the server closes the request's body when the answer begins.
			// The transport may not have seen its end yet, and would end the connection
			// to the target in the middle of the answer.
			if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
				t.Errorf("proxy to %s: %v", target, err)
			}
			forward.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Drop cuts the next requests for which match is true, times of them, a
// negative number for all: DropBefore or DropAfter.
func (p *Proxy) Drop(drop string, times int, match func(*http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop, p.times, p.match = drop, times, match
}

// Served returns how many requests reached the other server.
func (p *Proxy) Served() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.served
}

func (p *Proxy) verdict(r *http.Request) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.times != 0 && p.match(r) {
		p.times--
		if p.drop == DropAfter {
			p.served++
		}
		return p.drop
	}
	p.served++
	return ""
}
