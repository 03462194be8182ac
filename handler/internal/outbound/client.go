package outbound

import (
	"fmt"
	"net/http"
)

// Doer makes one attempt: an http.Client, or what an SDK takes in its place.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Noting returns client with its attempts noted for the call that they belong
// to.
func Noting(client Doer) Doer { return noting{client} }

type noting struct{ next Doer }

// Do makes the attempt.
func (n noting) Do(r *http.Request) (*http.Response, error) {
	Begin(r.Context(), r.URL.Host)
	response, err := n.next.Do(r)
	cause := err
	if err == nil && Again(response.StatusCode) {
		cause = fmt.Errorf("HTTP %d %s", response.StatusCode, http.StatusText(response.StatusCode))
	}
	End(r.Context(), cause)
	return response, err
}

// Again reports whether an answer says that the same request may be good later:
// the SDKs try again after it.
func Again(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests ||
		status >= http.StatusInternalServerError
}
