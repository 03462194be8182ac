// Package sigv4 signs requests to AWS with keys that are derived from the very
// credentials of the request.
//
// The SDK's own signer keeps the key it derived for a day, and looks it up only
// by the access key id: a secret that is corrected under the same id would not
// be used before the next day.
package sigv4

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Signer implements the SDK's HTTPSignerV4. It is safe for concurrent use.
type Signer struct {
	RawPath bool // the path is signed as it is sent: only for S3

	mu     sync.Mutex
	secret string
	signer *v4.Signer // for that secret
}

// SignHTTP signs the request.
func (s *Signer) SignHTTP(ctx context.Context, credentials aws.Credentials, r *http.Request,
	payloadHash, service, region string, at time.Time, options ...func(*v4.SignerOptions)) error {
	return s.of(credentials.SecretAccessKey).SignHTTP(ctx, credentials, r, payloadHash, service, region, at, options...)
}

// of returns the signer of a secret, a new one when it is another than before.
func (s *Signer) of(secret string) *v4.Signer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.signer == nil || s.secret != secret {
		s.secret = secret
		s.signer = v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = s.RawPath })
	}
	return s.signer
}
