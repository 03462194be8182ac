// Package awscreds gives AWS credentials, from Key Vault or from STS as
// configured and from nowhere else: the AWS SDK's own chain of environment,
// shared files and instance metadata is never consulted.
package awscreds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"
	"github.com/aws/aws-sdk-go-v2/aws"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/secret"
)

// vaultTTL is how long a key pair is kept between runs. A rotated pair is in
// use after it at the latest, at once when AWS refuses the old one.
const vaultTTL = 10 * time.Minute

// KeyPair is an AWS access key read from two secrets of a vault. It is safe
// for concurrent use.
type KeyPair struct {
	client          *azsecrets.Client
	vault           string
	idName, keyName string
	now             func() time.Time

	mu   sync.Mutex
	id   string
	key  secret.String
	read time.Time // zero: not read

	renewals atomic.Int64 // times that Renew read the pair
}

// VaultConfig says where the key pair is.
type VaultConfig struct {
	URL                   string // of the vault
	AccessKeyIDSecret     string // names of the two secrets
	SecretAccessKeySecret string
	Credential            azcore.TokenCredential
	Options               azcore.ClientOptions
	Now                   func() time.Time
}

// NewKeyPair returns the key pair. It makes no call.
func NewKeyPair(cfg VaultConfig) (*KeyPair, error) {
	client, err := azsecrets.NewClient(cfg.URL, cfg.Credential, &azsecrets.ClientOptions{ClientOptions: cfg.Options})
	if err != nil {
		return nil, fmt.Errorf("key vault client: %w", err)
	}
	return &KeyPair{
		client:  client,
		vault:   cfg.URL,
		idName:  cfg.AccessKeyIDSecret,
		keyName: cfg.SecretAccessKeySecret,
		now:     cfg.Now,
	}, nil
}

// Retrieve returns the key pair, read from the vault when there is none yet or
// when it is older than ten minutes.
func (k *KeyPair) Retrieve(ctx context.Context) (aws.Credentials, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.read.IsZero() || k.now().Sub(k.read) >= vaultTTL {
		if err := k.readBoth(ctx); err != nil {
			return aws.Credentials{}, err
		}
	}
	return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.key.Reveal(), Source: "Key Vault"}, nil
}

// Renew reads the key pair again after AWS refused the one given, and reports
// whether it has changed. Many requests are refused at once: one that used an
// older pair than the present one need not read it, and those that waited while
// another read it use its result.
func (k *KeyPair) Renew(ctx context.Context, refused aws.Credentials) (bool, error) {
	before := k.renewals.Load()
	k.mu.Lock()
	defer k.mu.Unlock()
	differs := func() bool { return k.id != refused.AccessKeyID || k.key.Reveal() != refused.SecretAccessKey }
	if differs() || k.renewals.Load() != before {
		return differs(), nil
	}
	if err := k.readBoth(ctx); err != nil {
		return false, err
	}
	k.renewals.Add(1)
	return differs(), nil
}

// readBoth reads both secrets at once.
func (k *KeyPair) readBoth(ctx context.Context) error {
	type result struct {
		value secret.String
		err   error
	}
	other := make(chan result, 1)
	go func() {
		v, err := k.readOne(ctx, k.keyName)
		other <- result{v, err}
	}()
	id, err := k.readOne(ctx, k.idName)
	key := <-other
	if err != nil {
		return err
	}
	if key.err != nil {
		return key.err
	}
	k.id, k.key, k.read = id.Reveal(), key.value, k.now()
	return nil
}

func (k *KeyPair) readOne(ctx context.Context, name string) (secret.String, error) {
	got, err := k.client.GetSecret(ctx, name, "", nil)
	if err != nil {
		return secret.String{}, k.vaultFault(name, err)
	}
	value := ""
	if got.Value != nil {
		value = strings.TrimSpace(*got.Value)
	}
	if value == "" || strings.ContainsAny(value, " \t\r\n") {
		return secret.String{}, &fault.Fault{
			Code: fault.SecretMissing,
			What: fmt.Sprintf("the secret %s/secrets/%s does not hold an AWS key", k.vault, name),
			Fix:  "store the key itself as its value, without spaces or line breaks",
		}
	}
	return secret.New(value), nil
}

// vaultFault names the secret, and how to fix it.
func (k *KeyPair) vaultFault(name string, err error) error {
	url := k.vault + "/secrets/" + name
	if known, ok := errors.AsType[*fault.Fault](err); ok {
		return known
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	response, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		return &fault.Fault{Code: fault.VaultUnreachable, What: "cannot reach " + url, Err: fault.Line(err)}
	}
	status := response.StatusCode
	f := &fault.Fault{Err: fmt.Errorf("%s (HTTP %d)", cmp.Or(response.ErrorCode, http.StatusText(status)), status)}
	refused := status == http.StatusUnauthorized || status == http.StatusForbidden
	switch {
	case refused && strings.Contains(err.Error(), "SecretDisabled"):
		f.Code, f.What = fault.SecretMissing, "the secret "+url+" is disabled"
		f.Fix = "enable it or store a new version"
	case refused:
		f.Code, f.What = fault.VaultRefused, "Key Vault refused the identity on "+url
	case status == http.StatusNotFound:
		f.Code, f.What = fault.SecretMissing, "there is no secret "+url
	default:
		f.Code, f.What = fault.VaultUnreachable, "cannot read "+url
		f.Fix = "a later run tries again" // it was reached: neither the address nor the network is wrong
	}
	return f
}
