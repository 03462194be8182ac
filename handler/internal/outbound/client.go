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
	return Attempt(r, func() (*http.Response, error) { return n.next.Do(r) }, func(answer *http.Response) error {
		return fmt.Errorf("HTTP %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	})
}

// Attempt makes one attempt with do, and notes how it ended for the call that it
// belongs to. refusal is the cause that an answer stands for after which the SDKs
// try again.
func Attempt(r *http.Request, do func() (*http.Response, error),
	refusal func(*http.Response) error) (*http.Response, error) {
	Begin(r.Context(), r.URL.Host)
	answer, err := do()
	cause := err
	if err == nil && Again(answer.StatusCode) {
		cause = refusal(answer)
	}
	End(r.Context(), cause)
	return answer, err
}

// Again reports whether an answer says that the same request may be good later:
// the SDKs try again after it.
func Again(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests ||
		status >= http.StatusInternalServerError
}
