// Package egresstest puts stand-ins behind real names for the length of a
// test: certificates of a private root, and the egress proxy in front.
package egresstest

import (
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/ca"
	"guardduty-sentinel/dev/internal/egress"
)

// Net is a set of stand-ins and the way to them.
type Net struct {
	CA       *ca.Authority
	Proxy    *egress.Proxy
	ProxyURL *url.URL
	addrs    map[string]string
}

// Start serves each handler over TLS under its name, on port 443 as far as
// clients of the proxy can see. All of it ends with the test.
func Start(t testing.TB, stands map[string]http.Handler) *Net {
	t.Helper()
	authority, err := ca.New(t.TempDir())
	if err != nil {
		t.Fatalf("ca.New() = %v, want no error", err)
	}
	n := &Net{CA: authority, addrs: make(map[string]string)}
	routes := make(map[string]string)
	for name, stand := range stands {
		n.addrs[name] = n.serve(t, name, stand)
		routes[net.JoinHostPort(name, "443")] = n.addrs[name]
	}
	n.Proxy, err = egress.New(routes)
	if err != nil {
		t.Fatalf("egress.New() = %v, want no error", err)
	}
	front := httptest.NewServer(n.Proxy)
	t.Cleanup(func() {
		front.Close()
		if err := n.Proxy.Close(); err != nil {
			t.Errorf("Proxy.Close() = %v, want no error", err)
		}
	})
	n.ProxyURL, err = url.Parse(front.URL)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Addr returns the loopback address of the stand-in called name, for those
// that are reached directly.
func (n *Net) Addr(name string) string { return n.addrs[name] }

// Client returns a client that trusts only the root and goes through the
// proxy, except to loopback addresses: what http.ProxyFromEnvironment does.
func (n *Net) Client(t testing.TB) *http.Client {
	tr := &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if ip, err := netip.ParseAddr(r.URL.Hostname()); err == nil && ip.IsLoopback() {
				return nil, nil
			}
			return n.ProxyURL, nil
		},
		TLSClientConfig:   &tls.Config{RootCAs: n.CA.Pool(), MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2: true,
	}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: 10 * time.Minute}
}

func (n *Net) serve(t testing.TB, name string, stand http.Handler) string {
	t.Helper()
	cfg, err := n.CA.ServerTLS(name, "127.0.0.1")
	if err != nil {
		t.Fatalf("ServerTLS(%q) = %v, want no error", name, err)
	}
	srv := httptest.NewUnstartedServer(stand)
	srv.EnableHTTP2 = true
	srv.TLS = cfg
	srv.Config.ErrorLog = log.New(t.Output(), name+": ", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}
