package outbound

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Proxy returns the function that says which proxy a request goes through: the
// one that HTTPS_PROXY and NO_PROXY name, and none for what is not encrypted, for
// this machine, for link-local addresses and for the host of IDENTITY_ENDPOINT or
// MSI_ENDPOINT. A proxy cannot reach these, and a request for a token would show
// it the secret that opens the app's identity.
func Proxy(getenv func(string) string) func(*http.Request) (*url.URL, error) {
	return func(r *http.Request) (*url.URL, error) {
		if r.URL.Scheme != "https" || near(r.URL.Hostname()) || identity(r.URL.Hostname(), getenv) {
			return nil, nil
		}
		return http.ProxyFromEnvironment(r)
	}
}

// near reports whether host is this machine or on its own link, where platforms
// have their metadata services.
func near(host string) bool {
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	addr = addr.Unmap()
	return addr.IsLoopback() || addr.IsLinkLocalUnicast()
}

// identity reports whether host gives this app its tokens.
func identity(host string, getenv func(string) string) bool {
	for _, name := range []string{"IDENTITY_ENDPOINT", "MSI_ENDPOINT"} {
		u, err := url.Parse(getenv(name))
		if err == nil && host != "" && strings.EqualFold(u.Hostname(), host) {
			return true
		}
	}
	return false
}
