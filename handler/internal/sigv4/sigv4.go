// Package sigv4 signs requests to AWS with a key derived anew for each.
//
// The SDK's own signer keeps the key it derived for a day, by the access key id
// alone: a secret that is corrected under the same id would not be used before
// the next day.
package sigv4

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Signer implements the SDK's HTTPSignerV4.
type Signer struct {
	RawPath bool // the path is signed as it is sent: for S3 alone
}

// SignHTTP signs the request.
func (s Signer) SignHTTP(ctx context.Context, credentials aws.Credentials, r *http.Request, payloadHash, service, region string, at time.Time, options ...func(*v4.SignerOptions)) error {
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = s.RawPath })
	return signer.SignHTTP(ctx, credentials, r, payloadHash, service, region, at, options...)
}
