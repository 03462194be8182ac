package funchost

import (
	"net/http"
	"net/url"
	"strings"
)

// hostProxy chooses the proxy of the host's own requests as .NET does
// (HttpEnvironmentProxy of System.Net.Http): http_proxy before HTTP_PROXY,
// https_proxy before HTTPS_PROXY, all_proxy and ALL_PROXY for what is left.
// Unlike Go, and most programs, .NET does not exempt loopback: the requests to
// the handler go to the proxy as well unless NO_PROXY names its address. App
// settings count like the environment, of which they are a part there.
func hostProxy(lookup func(name string) (string, bool)) func(*http.Request) (*url.URL, error) {
	httpProxy := proxyOf(lookup, "http_proxy")
	if _, cgi := lookup("GATEWAY_INTERFACE"); httpProxy == nil && !cgi {
		httpProxy = proxyOf(lookup, "HTTP_PROXY")
	}
	httpsProxy := proxyOf(lookup, "https_proxy", "HTTPS_PROXY")
	if all := proxyOf(lookup, "all_proxy", "ALL_PROXY"); all != nil {
		if httpProxy == nil {
			httpProxy = all
		}
		if httpsProxy == nil {
			httpsProxy = all
		}
	}
	exempt, ok := lookup("no_proxy")
	if !ok {
		exempt, _ = lookup("NO_PROXY")
	}
	return func(r *http.Request) (*url.URL, error) {
		switch {
		case exempted(exempt, r.URL.Hostname()):
			return nil, nil
		case r.URL.Scheme == "https":
			return httpsProxy, nil
		default:
			return httpProxy, nil
		}
	}
}

// proxyOf is the proxy that the first of the variables names which has a
// usable value, or nil. A value without a scheme is one of plain HTTP.
func proxyOf(lookup func(string) (string, bool), names ...string) *url.URL {
	for _, name := range names {
		text, _ := lookup(name)
		if text == "" {
			continue
		}
		if !strings.Contains(text, "://") {
			text = "http://" + text
		}
		if u, err := url.Parse(text); err == nil && u.Host != "" {
			return u
		}
	}
	return nil
}

// exempted says whether the list names a host. An entry with a dot in front
// takes in the domain and all below it; any other is the whole name.
func exempted(list, host string) bool {
	host = strings.ToLower(host)
	for entry := range strings.SplitSeq(list, ",") {
		entry = strings.ToLower(strings.TrimSpace(entry))
		if entry == "" {
			continue
		}
		if entry == host || strings.HasPrefix(entry, ".") && (entry[1:] == host || strings.HasSuffix(host, entry)) {
			return true
		}
	}
	return false
}
