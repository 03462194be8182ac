package awscreds

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/outbound"
	"guardduty-sentinel/handler/internal/sigv4"
)

// sessionName is what AWS shows as the session of the assumed role.
const sessionName = "guardduty-sentinel"

// tokenTimeout bounds the one call that the AWS SDK makes without a context.
const tokenTimeout = 30 * time.Second

// RoleConfig says which role to assume and how.
type RoleConfig struct {
	RoleARN    string
	ExternalID string // with a key pair only
	Region     string // of the STS endpoint
	Endpoint   string // replaces AWS's own; empty for AWS
	HTTPClient *http.Client
}

// Role is the temporary credentials of an assumed role. It is safe for
// concurrent use.
type Role struct {
	arn   string
	cache *aws.CredentialsCache
	base  *KeyPair // nil: a web identity

	mu sync.Mutex // one Renew at a time
}

// NewRole assumes the role with the key pair. It makes no call.
func NewRole(cfg RoleConfig, base *KeyPair) *Role {
	client := stsClient(cfg, base)
	provider := stscreds.NewAssumeRoleProvider(client, cfg.RoleARN, func(o *stscreds.AssumeRoleOptions) {
		o.RoleSessionName = sessionName
		if cfg.ExternalID != "" {
			o.ExternalID = &cfg.ExternalID
		}
	})
	return &Role{arn: cfg.RoleARN, cache: cached(provider), base: base}
}

// NewWebIdentity assumes the role with an Entra token for the audience, an
// application id URI: no AWS key exists anywhere. It makes no call.
func NewWebIdentity(cfg RoleConfig, audience string, credential azcore.TokenCredential) *Role {
	named := func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = sessionName }
	entra := &token{credential, audience + "/.default"}
	provider := stscreds.NewWebIdentityRoleProvider(stsClient(cfg, nil), cfg.RoleARN, entra, named)
	return &Role{arn: cfg.RoleARN, cache: cached(provider)}
}

func stsClient(cfg RoleConfig, base *KeyPair) *sts.Client {
	options := sts.Options{
		Region:       cfg.Region,
		HTTPClient:   outbound.Noting(cfg.HTTPClient),
		HTTPSignerV4: new(sigv4.Signer),
		Credentials:  aws.AnonymousCredentials{},
	}
	if base != nil {
		options.Credentials = base
	}
	if cfg.Endpoint != "" {
		options.BaseEndpoint = &cfg.Endpoint
	}
	return sts.New(options)
}

// cached keeps the credentials until five minutes before they expire.
func cached(p aws.CredentialsProvider) *aws.CredentialsCache {
	return aws.NewCredentialsCache(p, func(o *aws.CredentialsCacheOptions) { o.ExpiryWindow = 5 * time.Minute })
}

// token hands an Entra token to the AWS SDK.
type token struct {
	credential azcore.TokenCredential
	scope      string
}

// GetIdentityToken implements stscreds.IdentityTokenRetriever.
func (t *token) GetIdentityToken() ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), tokenTimeout)
	defer cancel()
	got, err := t.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{t.scope}})
	return []byte(got.Token), err
}

// Retrieve returns the role's credentials. When STS refuses the key pair, the
// pair is read again and tried once more.
func (r *Role) Retrieve(ctx context.Context) (aws.Credentials, error) {
	ctx, attempts := outbound.Watch(ctx)
	creds, err := r.cache.Retrieve(ctx)
	if err != nil && r.base != nil && refusedKey(err) {
		used, baseErr := r.base.Retrieve(ctx)
		if baseErr != nil {
			return aws.Credentials{}, baseErr
		}
		fresh, baseErr := r.base.Renew(ctx, used)
		if baseErr != nil {
			return aws.Credentials{}, baseErr
		}
		if fresh {
			creds, err = r.cache.Retrieve(ctx)
		}
	}
	if err != nil {
		return aws.Credentials{}, r.fault(attempts.Explain(err))
	}
	return creds, nil
}

// Renew assumes the role again after AWS refused the credentials given.
func (r *Role) Renew(ctx context.Context, refused aws.Credentials) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	creds, err := r.Retrieve(ctx)
	if err != nil || creds.AccessKeyID != refused.AccessKeyID {
		return err == nil, err
	}
	r.cache.Invalidate()
	creds, err = r.Retrieve(ctx)
	return err == nil && creds.AccessKeyID != refused.AccessKeyID, err
}

func refusedKey(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && (api.ErrorCode() == "InvalidClientTokenId" || api.ErrorCode() == "SignatureDoesNotMatch")
}

// transient reports whether STS answered that it cannot serve the call now.
func transient(err error, api smithy.APIError) bool {
	if strings.HasPrefix(api.ErrorCode(), "Throttling") || api.ErrorCode() == "RequestLimitExceeded" {
		return true
	}
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	return ok && (response.HTTPStatusCode() >= 500 || response.HTTPStatusCode() == http.StatusTooManyRequests)
}

func (r *Role) fault(err error) error {
	if known, ok := errors.AsType[*fault.Fault](err); ok {
		return known
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	api, ok := errors.AsType[smithy.APIError](err)
	if !ok || transient(err, api) {
		what := "cannot reach STS to assume " + r.arn
		return &fault.Fault{Code: fault.STSUnreachable, What: what, Err: outbound.Reason(err, what)}
	}
	short := fmt.Errorf("%s: %s", api.ErrorCode(), api.ErrorMessage())
	if refusedKey(err) {
		return &fault.Fault{Code: fault.KeyRefused, What: "STS refused the key pair", Err: short}
	}
	return &fault.Fault{Code: fault.RoleRefused, What: "STS refused to assume " + r.arn, Err: fault.Line(short)}
}
