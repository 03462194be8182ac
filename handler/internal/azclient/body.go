package azclient

import (
	"io"
	"net/http"
	"sync"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// awaitBody ends an attempt only when the transport has closed the request's
// body. A service may answer before it has read all of it, and the transport
// may then still read the body after it has returned the answer. The retry
// policy would rewind the same body under its eyes: net/http says that who uses
// a body again has to wait for Close (documentation of http.RoundTripper).
type awaitBody struct{}

// Do implements policy.Policy.
func (awaitBody) Do(req *policy.Request) (*http.Response, error) {
	raw := req.Raw()
	if raw.Body == nil || raw.Body == http.NoBody {
		return req.Next()
	}
	body := &watchedBody{ReadCloser: raw.Body, closed: make(chan struct{})}
	raw.Body = body
	response, err := req.Next()
	<-body.closed // http.RoundTripper closes it in any case, at the latest with its connection
	return response, err
}

// watchedBody says when it is closed. Only the first Close counts.
type watchedBody struct {
	io.ReadCloser
	once   sync.Once
	closed chan struct{}
}

// Close implements io.Closer.
func (b *watchedBody) Close() error {
	defer b.once.Do(func() { close(b.closed) })
	return b.ReadCloser.Close()
}
