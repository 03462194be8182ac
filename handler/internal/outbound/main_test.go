package outbound_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"guardduty-sentinel/handler/internal/outbound"
)

// proxy is a proxy of the tests' own, which refuses all and remembers it. The
// process reads its address once, from the environment, so it is there before
// all tests.
type proxy struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string // URLs, or hosts of tunnels
}

var theProxy = &proxy{}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, r.Method+" "+r.RequestURI)
	w.WriteHeader(http.StatusForbidden)
}

// took returns what the proxy saw since it was last asked.
func (p *proxy) took() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = nil
	return seen
}

func TestMain(m *testing.M) {
	theProxy.Server = httptest.NewServer(theProxy)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY"} {
		os.Setenv(name, theProxy.URL)
	}
	for _, name := range []string{"NO_PROXY", "no_proxy", "http_proxy", "https_proxy", "REQUEST_METHOD"} {
		os.Unsetenv(name)
	}
	code := m.Run()
	theProxy.Close()
	os.Exit(code)
}

// service is a server that every address but the proxy's leads to.
type service struct {
	*http.Client
	mu    sync.Mutex
	heads []http.Header // of the requests
	body  string        // of its answers
}

func newService(t *testing.T, env map[string]string) *service {
	t.Helper()
	s := &service{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.heads = append(s.heads, r.Header)
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(s.body))
	}))
	t.Cleanup(server.Close)
	transport := outbound.Transport(4, func(name string) string { return env[name] })
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr != theProxy.Listener.Addr().String() {
			addr = server.Listener.Addr().String()
		}
		return dial(ctx, network, addr)
	}
	t.Cleanup(transport.CloseIdleConnections)
	s.Client = &http.Client{Transport: transport}
	return s
}
