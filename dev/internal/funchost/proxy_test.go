package funchost_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// refusing is a proxy that serves nothing, as the local cloud's does for every
// host that is not part of it.
func refusing(t *testing.T) string {
	t.Helper()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not part of the local cloud", http.StatusForbidden)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}

// Under the real host a proxy without an exemption of loopback keeps the host
// from its own handler.
func TestProxyWithoutExemptionCutsTheHostFromItsHandler(t *testing.T) {
	proxy := refusing(t)
	for _, environ := range [][]string{
		{"HTTP_PROXY=" + proxy},
		{"http_proxy=" + proxy, "HTTP_PROXY="},
		{"ALL_PROXY=" + proxy, "HTTPS_PROXY=" + proxy},
		{"all_proxy=" + strings.TrimPrefix(proxy, "http://")},
		{"HTTP_PROXY=" + proxy, "NO_PROXY=localhost,27.0.0.1,.0.0.1x"},
		{"HTTP_PROXY=" + proxy, "NO_PROXY=127.0.0.1", "no_proxy=localhost"},
	} {
		f := newFixture(t)
		f.cfg.Environ = append(f.cfg.Environ, environ...)
		h := f.start()
		inv := f.run(h)
		if inv.Succeeded || inv.StatusCode != http.StatusForbidden {
			t.Errorf("with %q a run = %+v, want it refused by the proxy with 403", environ, inv)
		}
	}
}

func TestProxyWithExemption(t *testing.T) {
	proxy := refusing(t)
	for _, environ := range [][]string{
		{"HTTP_PROXY=" + proxy, "NO_PROXY=127.0.0.1,localhost"},
		{"ALL_PROXY=" + proxy, "no_proxy=localhost , 127.0.0.1"},
		{"HTTP_PROXY=" + proxy, "NO_PROXY=.0.0.1"},
		{"HTTP_PROXY=" + proxy, "GATEWAY_INTERFACE=CGI/1.1"}, // the header Proxy of a request, it may be
		{"HTTPS_PROXY=" + proxy},
	} {
		f := newFixture(t)
		f.cfg.Environ = append(f.cfg.Environ, environ...)
		h := f.start()
		if inv := f.invoke(h, good()); !inv.Succeeded {
			t.Errorf("with %q a run = %+v, want success", environ, inv)
		}
	}
}

// App settings are part of the real host's environment.
func TestProxyOfTheAppSettings(t *testing.T) {
	f := newFixture(t)
	setting(f, "HTTP_PROXY", refusing(t))
	h := f.start()
	if inv := f.run(h); inv.Succeeded || inv.StatusCode != http.StatusForbidden {
		t.Errorf("a run = %+v, want it refused by the proxy of the settings with 403", inv)
	}
}
