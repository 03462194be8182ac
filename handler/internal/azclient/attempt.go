package azclient

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"guardduty-sentinel/handler/internal/outbound"
)

// explain is passed once a call: its error says what the last attempt came to.
type explain struct{}

// Do implements policy.Policy.
func (explain) Do(req *policy.Request) (*http.Response, error) {
	ctx, call := outbound.Watch(req.Raw().Context())
	response, err := req.WithContext(ctx).Next()
	return response, call.Explain(err)
}

// note is passed at every attempt and notes how it ended.
type note struct{}

// Do implements policy.Policy.
func (note) Do(req *policy.Request) (*http.Response, error) {
	return outbound.Attempt(req.Raw(), req.Next, func(answer *http.Response) error {
		return &refusal{&azcore.ResponseError{
			StatusCode: answer.StatusCode,
			ErrorCode:  answer.Header.Get("x-ms-error-code"),
		}}
	})
}

// refusal is an answer after which the client tries again. The adapters find the
// azcore.ResponseError in it, so a throttled service is not taken for one that
// cannot be reached when time runs out between two attempts.
type refusal struct{ answer *azcore.ResponseError }

func (r *refusal) Error() string {
	code := cmp.Or(r.answer.ErrorCode, http.StatusText(r.answer.StatusCode))
	return fmt.Sprintf("%s (HTTP %d)", code, r.answer.StatusCode)
}

func (r *refusal) Unwrap() error { return r.answer }
