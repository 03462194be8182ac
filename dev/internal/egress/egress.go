// Package egress is the one way out of the local cloud, and it leads nowhere
// else than to the stand-ins.
//
// The product runs with HTTPS_PROXY and HTTP_PROXY pointing here. The proxy
// carries connections for the names it has a route for to a loopback address;
// it refuses every other host and keeps the list, so that a test can say that
// nothing tried to leave the machine. It never looks into what it carries: TLS
// is between the product and the stand-in.
package egress

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// dialTimeout bounds the way to a stand-in, which is on this machine.
	dialTimeout = 5 * time.Second
	// maxRefused bounds the list of refused hosts.
	maxRefused = 1000
)

// Proxy is the handler of the proxy's own, plain HTTP server. It serves
// only CONNECT. It is safe for concurrent use.
type Proxy struct {
	routes  map[string]string
	tunnels sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	open    map[*tunnel]struct{}
	refused []string
}

// New returns a proxy for routes, from host:port as a client asks for it to
// the address of a stand-in. An address that is not a loopback address with a
// port is an error: names are not looked up, here or later.
func New(routes map[string]string) (*Proxy, error) {
	p := &Proxy{routes: make(map[string]string, len(routes)), open: make(map[*tunnel]struct{})}
	for host, addr := range routes {
		if _, _, err := net.SplitHostPort(host); err != nil {
			return nil, fmt.Errorf("route %q: %w", host, err)
		}
		target, err := netip.ParseAddrPort(addr)
		if err != nil {
			return nil, fmt.Errorf("route %q: %w", host, err)
		}
		if !target.Addr().IsLoopback() {
			return nil, fmt.Errorf("route %q: %s is not a loopback address", host, addr)
		}
		p.routes[strings.ToLower(host)] = target.String()
	}
	return p, nil
}

// Refused returns the hosts that were asked for and have no route, each as
// host:port and once, in the order in which they were first asked for.
func (p *Proxy) Refused() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.refused)
}

// Close cuts all tunnels and returns when they have ended. An http.Server
// does not know of them: close the server first, then the proxy.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	for t := range p.open {
		t.cut()
	}
	p.mu.Unlock()
	p.tunnels.Wait()
	return nil
}

// ServeHTTP carries a CONNECT to a routed host and refuses all else, naming
// the host: 403 where there is no route, 502 where the stand-in is down.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	host := asked(r)
	addr, ok := p.routes[host]
	switch {
	case !ok:
		p.refuse(host)
		http.Error(w, fmt.Sprintf("egress: %s is not part of the local cloud", host), http.StatusForbidden)
		return
	case r.Method != http.MethodConnect:
		http.Error(w, fmt.Sprintf("egress: %s %s: the proxy serves only CONNECT", r.Method, host), http.StatusForbidden)
		return
	}
	server, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(r.Context(), "tcp", addr)
	if err != nil {
		http.Error(w, fmt.Sprintf("egress: %s: %v", host, err), http.StatusBadGateway)
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2, which no client speaks to a proxy of plain HTTP
		server.Close()
		http.Error(w, fmt.Sprintf("egress: %s: %v", host, err), http.StatusBadGateway)
		return
	}
	p.carry(&tunnel{client: client, early: buffered.Reader, server: server})
}

// asked returns the host and port a request is for.
func asked(r *http.Request) string {
	host := strings.ToLower(r.Host)
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	port := "80"
	if r.Method == http.MethodConnect || r.URL.Scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), port)
}

func (p *Proxy) refuse(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.refused) < maxRefused && !slices.Contains(p.refused, host) {
		p.refused = append(p.refused, host)
	}
}

// carry runs t to its end, unless the proxy is closed already.
func (p *Proxy) carry(t *tunnel) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		t.cut()
		return
	}
	p.open[t] = struct{}{}
	p.tunnels.Add(1)
	p.mu.Unlock()

	t.run()

	p.mu.Lock()
	delete(p.open, t)
	p.mu.Unlock()
	p.tunnels.Done()
}
