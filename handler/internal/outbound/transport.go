// Package outbound is how the handler reaches every service: one kind of
// transport, which proxy it uses, and what the last attempt of a call came to.
package outbound

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// Timeouts of one attempt.
const (
	connectTimeout = 10 * time.Second // to connect, and again for TLS
	AnswerTimeout  = 60 * time.Second // from the request to the first byte of its answer
)

// Transport returns a transport for many small calls to few hosts: it keeps up
// to connections idle connections, so that they are reused, and speaks HTTP/1.1,
// whose connections are independent. Its proxy is Proxy(getenv).
func Transport(connections int, getenv func(string) string) *http.Transport {
	http1 := new(http.Protocols)
	http1.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  Proxy(getenv),
		OnProxyConnectResponse: proxyAnswer,
		DialContext:            (&net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  AnswerTimeout,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConns:           connections,
		MaxIdleConnsPerHost:    connections,
		DisableCompression:     true,
		Protocols:              http1,
	}
}

// Client returns a client on such a transport. It follows no redirect: only the
// settings decide where anything is sent, and what another host answers
// would count as the service's answer.
func Client(connections int, getenv func(string) string) *http.Client {
	return &http.Client{
		Transport:     Transport(connections, getenv),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// proxyAnswer names the proxy that refuses a tunnel: the transport's own error
// is only the words of its answer, such as "Forbidden".
func proxyAnswer(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return fmt.Errorf("the proxy %s answered %d %s", proxy.Host, answer.StatusCode, http.StatusText(answer.StatusCode))
}
