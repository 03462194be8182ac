package awscreds

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// signer signs each request with a key derived anew. The SDK's own signer
// keeps the key it derived for a day by the access key id alone, so a secret
// that is corrected under the same id would not be used before the next day.
type signer struct{}

// SignHTTP implements the SDK's HTTPSignerV4.
func (signer) SignHTTP(ctx context.Context, credentials aws.Credentials, r *http.Request, payloadHash, service, region string, at time.Time, options ...func(*v4.SignerOptions)) error {
	return v4.NewSigner().SignHTTP(ctx, credentials, r, payloadHash, service, region, at, options...)
}
