package logsingestion

import (
	"context"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// lastAnswer keeps what the service last answered to one upload. When time runs
// out between two tries the client only returns the end of the context, and a
// throttled rule would look like a broken network.
type lastAnswer struct{ refusal *azcore.ResponseError }

// answerKey finds the lastAnswer in a request's context.
type answerKey struct{}

// withAnswer returns a context in which keepAnswer keeps the answers.
func withAnswer(ctx context.Context) (context.Context, *lastAnswer) {
	last := &lastAnswer{}
	return context.WithValue(ctx, answerKey{}, last), last
}

// keepAnswer is a policy of the client, passed at every try.
type keepAnswer struct{}

// Do implements policy.Policy.
func (keepAnswer) Do(req *policy.Request) (*http.Response, error) {
	response, err := req.Next()
	last, ok := req.Raw().Context().Value(answerKey{}).(*lastAnswer)
	if ok && response != nil && response.StatusCode >= http.StatusBadRequest {
		last.refusal = &azcore.ResponseError{
			StatusCode: response.StatusCode,
			ErrorCode:  response.Header.Get("x-ms-error-code"),
		}
	}
	return response, err
}
