package awscreds_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/aws/aws-sdk-go-v2/aws"

	"guardduty-sentinel/handler/internal/awscreds"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/localtest"
)

func TestKeyPairIsReadOnceInTenMinutes(t *testing.T) {
	v := newVault(t)
	v.store("AKIA1", " hidden1\n") // what editors leave around a value is not of it
	v.wantPair("AKIA1", "hidden1")
	v.store("AKIA2", "hidden2")
	v.clock.add(10*time.Minute - time.Nanosecond)
	v.wantPair("AKIA1", "hidden1")
	v.wantReads(1)
	v.clock.add(time.Nanosecond)
	v.wantPair("AKIA2", "hidden2")
	v.wantPair("AKIA2", "hidden2")
	v.wantReads(2)
}

// renewAll has 64 callers whose requests were refused at once, and wants one
// answer for all.
func renewAll(t *testing.T, pair *awscreds.KeyPair, refused aws.Credentials, want bool) {
	t.Helper()
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			if fresh, err := pair.Renew(t.Context(), refused); err != nil || fresh != want {
				t.Errorf("Renew = %v, %v, want %v", fresh, err, want)
			}
		})
	}
	group.Wait()
}

func TestRenew(t *testing.T) {
	for name, c := range map[string]struct {
		id, key string // in the vault by then
		want    bool
	}{
		"rotated":          {"AKIA2", "hidden2", true},
		"secret corrected": {"AKIA1", "hidden2", true},
		"unchanged":        {"AKIA1", "hidden1", false},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			v.store("AKIA1", "hidden1")
			v.wantPair("AKIA1", "hidden1")
			v.store(c.id, c.key)
			renewAll(t, v.pair, aws.Credentials{AccessKeyID: "AKIA1", SecretAccessKey: "hidden1"}, c.want)
			read := v.readsAtMost(5)
			v.wantPair(c.id, c.key)
			v.wantReads(read)

			v.store("AKIA3", "hidden3") // rotated a moment later
			v.clock.add(11 * time.Second)
			renewAll(t, v.pair, aws.Credentials{AccessKeyID: c.id, SecretAccessKey: c.key}, true)
			v.wantReads(read + 1)
			v.wantPair("AKIA3", "hidden3")
		})
	}
}

func TestRenewThatCannotReadIsAFault(t *testing.T) {
	v := newVault(t)
	v.store("AKIA1", "hidden1")
	v.wantPair("AKIA1", "hidden1")
	v.Forbid(t, "vault")
	_, err := v.pair.Renew(t.Context(), aws.Credentials{AccessKeyID: "AKIA1", SecretAccessKey: "hidden1"})
	wantFault(t, err, fault.VaultRefused, v.id)
	v.wantPair("AKIA1", "hidden1") // what was read before is kept
}

func TestSecretThatHoldsNoKey(t *testing.T) {
	for name, value := range map[string]string{
		"empty": "", "blank": " \n", "two lines": "hidden\nhidden", "two words": "hidden hidden",
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			v.store("AKIA1", value)
			_, err := v.pair.Retrieve(t.Context())
			wantFault(t, err, fault.SecretMissing, v.url+"/secrets/"+v.key+" does not hold an AWS key")
			v.store(value, "hidden")
			_, err = v.pair.Retrieve(t.Context())
			wantFault(t, err, fault.SecretMissing, v.url+"/secrets/"+v.id+" does not hold an AWS key")
			v.store("AKIA1", "hidden1")
			v.wantPair("AKIA1", "hidden1")
		})
	}
}

func TestVaultFaults(t *testing.T) {
	disabled := `{"error":{"code":"Forbidden","message":"Operation get is not allowed on a disabled secret.",` +
		`"innererror":{"code":"SecretDisabled"}}}`
	for name, c := range map[string]struct {
		code    fault.Code
		named   string
		arrange func(v *vault)
	}{
		"missing": {
			fault.SecretMissing,
			"there is no secret",
			func(v *vault) { v.id = "not-there"; v.pair = v.keyPair() },
		},
		"disabled": {fault.SecretMissing, "is disabled", func(v *vault) {
			v.Break(v.t, "vault", localtest.Fault{
				Path:   "/secrets/" + v.id,
				Status: http.StatusForbidden,
				Body:   disabled,
				Times:  -1,
			})
		}},
		"forbidden": {fault.VaultRefused, "Key Vault Secrets User", func(v *vault) { v.Forbid(v.t, "vault") }},
		"unavailable": {
			fault.VaultUnreachable,
			"Service Unavailable (HTTP 503); a later run tries again",
			func(v *vault) {
				v.Break(v.t, "vault", localtest.Fault{Status: http.StatusServiceUnavailable, Times: -1})
			},
		},
		"refused before": {
			fault.VaultUnreachable,
			"cannot reach",
			func(v *vault) { v.Break(v.t, "vault", localtest.Fault{Drop: localtest.DropBefore, Times: -1}) },
		},
		"answer lost": {
			fault.VaultUnreachable,
			"cannot reach",
			func(v *vault) { v.Break(v.t, "vault", localtest.Fault{Drop: localtest.DropAfter, Times: -1}) },
		},
		"no listener": {
			fault.VaultUnreachable,
			"connection refused",
			func(v *vault) { v.url = "https://" + localtest.NoListener(v.t); v.pair = v.keyPair() },
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			v.store("AKIA1", "hidden1")
			c.arrange(v)
			_, err := v.pair.Retrieve(t.Context())
			wantFault(t, err, c.code, c.named)
			wantFault(t, err, c.code, v.url+"/secrets/"+v.id)
		})
	}
}

func TestFaultOfTheSecondSecret(t *testing.T) {
	v := newVault(t)
	v.SetSecret(t, v.id, "AKIA1")
	_, err := v.pair.Retrieve(t.Context())
	wantFault(t, err, fault.SecretMissing, v.url+"/secrets/"+v.key)
}

func TestVaultIsAskedAgain(t *testing.T) {
	for name, f := range map[string]localtest.Fault{
		"unavailable":    {Status: http.StatusServiceUnavailable, Times: 3},
		"refused before": {Drop: localtest.DropBefore},
		"answer lost":    {Drop: localtest.DropAfter},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			v.store("AKIA1", "hidden1")
			v.Break(t, "vault", f)
			v.wantPair("AKIA1", "hidden1")
		})
	}
}

// The process keeps tokens by client id: these two are named nowhere else.
func TestWithoutATokenTheVaultIsNotRead(t *testing.T) {
	for name, forbid := range map[string]bool{"no such identity": false, "identity forbidden": true} {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			v.store("AKIA1", "hidden1")
			t.Setenv("AZURE_CLIENT_ID", map[bool]string{
				false: "8c7d1f6e-0000-4000-8000-000000000001",
				true:  "8c7d1f6e-0000-4000-8000-000000000002",
			}[forbid])
			if forbid {
				v.Forbid(t, "identity")
			}
			_, err := v.keyPair().Retrieve(t.Context())
			wantFault(t, err, fault.Token, "https://vault.azure.net")
			v.wantReads(0)
		})
	}
}

// credential is a token credential that ends the caller's context.
type credential struct{ cancel context.CancelFunc }

func (c credential) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.cancel()
	return azcore.AccessToken{}, ctx.Err()
}

func TestCancelEndsRetrieve(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := local.Cloud(t)
	pair, err := awscreds.NewKeyPair(awscreds.VaultConfig{
		URL:                   c.Settings["KEY_VAULT_URI"],
		AccessKeyIDSecret:     "a",
		SecretAccessKeySecret: "b",
		Credential:            credential{cancel},
		Options:               c.Options(t),
		Now:                   time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pair.Retrieve(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Retrieve = %v, want %v", err, context.Canceled)
	}
}
