// Package awscreds gives AWS credentials, from Key Vault or from STS as
// configured and from nowhere else: the AWS SDK's own chain of environment,
// shared files and instance metadata is never consulted.
package awscreds

import (
	"context"
	"fmt"
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

	mu     sync.Mutex
	id     string
	key    secret.String
	read   time.Time // zero: not read
	outage outage    // of the vault, since the pair was read

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
// when it is older than ten minutes. While the vault is out of reach it returns
// the pair that it has: Outage tells of it, and AWS of a pair that is no longer
// good.
func (k *KeyPair) Retrieve(ctx context.Context) (aws.Credentials, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.due() {
		if err := k.refresh(ctx); err != nil {
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
	switch {
	case err == nil && key.err == nil:
		k.id, k.key, k.read, k.outage = id.Reveal(), key.value, k.now(), outage{}
		return nil
	case err == nil, outOfReach(err) && key.err != nil && !outOfReach(key.err): // what was answered counts more
		return key.err
	default:
		return err
	}
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
