package awscreds_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/aws/aws-sdk-go-v2/aws"

	"guardduty-sentinel/handler/internal/awscreds"
	"guardduty-sentinel/handler/internal/azclient"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/localtest"
)

// outOfReach are the ways in which a vault cannot be read that say nothing of
// what it holds.
var outOfReach = map[string]localtest.Fault{
	"unavailable":    {Status: http.StatusServiceUnavailable, Times: -1},
	"throttled":      {Status: http.StatusTooManyRequests, Times: -1},
	"server error":   {Status: http.StatusInternalServerError, Times: -1},
	"refused before": {Drop: localtest.DropBefore, Times: -1},
	"answer lost":    {Drop: localtest.DropAfter, Times: -1},
}

// wantOutage checks since when the vault cannot be read.
func (v *vault) wantOutage(since time.Time) {
	v.t.Helper()
	got, err := v.pair.Outage()
	if !got.Equal(since) || since.IsZero() != (err == nil) {
		v.t.Errorf("Outage = %v, %v, want %v", got, err, since)
	}
}

// TestVaultOutageWithAPairInHand: the pair is used until AWS refuses it, and the
// vault is asked again every five minutes.
func TestVaultOutageWithAPairInHand(t *testing.T) {
	for name, f := range outOfReach {
		t.Run(name, func(t *testing.T) {
			v := newVault(t)
			v.store("AKIA1", "hidden1")
			v.wantPair("AKIA1", "hidden1")
			v.wantOutage(time.Time{})
			v.Break(t, "vault", f)
			v.clock.add(11 * time.Minute)
			began := v.clock.Now()
			v.wantPair("AKIA1", "hidden1")
			v.wantOutage(began)
			_, err := v.pair.Outage()
			wantFault(t, err, fault.VaultUnreachable, v.url+"/secrets/"+v.id)

			v.clock.add(5 * time.Minute)
			v.wantPair("AKIA1", "hidden1")
			v.wantOutage(began)

			_, err = v.pair.Renew(t.Context(), aws.Credentials{AccessKeyID: "AKIA1", SecretAccessKey: "hidden1"})
			wantFault(t, err, fault.VaultUnreachable, v.url)

			v.Heal(t, "vault")
			v.store("AKIA2", "hidden2")
			v.clock.add(5*time.Minute - time.Nanosecond)
			v.wantPair("AKIA1", "hidden1") // not yet asked again
			v.wantOutage(began)
			v.clock.add(time.Nanosecond)
			v.wantPair("AKIA2", "hidden2")
			v.wantOutage(time.Time{})
		})
	}
}

// TestRenewEndsAnOutage: what AWS refuses is read at once.
func TestRenewEndsAnOutage(t *testing.T) {
	v := newVault(t)
	v.store("AKIA1", "hidden1")
	v.wantPair("AKIA1", "hidden1")
	v.Break(t, "vault", localtest.Fault{Status: http.StatusServiceUnavailable, Times: -1})
	v.clock.add(11 * time.Minute)
	v.wantPair("AKIA1", "hidden1")
	v.Heal(t, "vault")
	v.store("AKIA2", "hidden2")
	fresh, err := v.pair.Renew(t.Context(), aws.Credentials{AccessKeyID: "AKIA1", SecretAccessKey: "hidden1"})
	if err != nil || !fresh {
		t.Errorf("Renew = %v, %v, want a new pair", fresh, err)
	}
	v.wantPair("AKIA2", "hidden2")
	v.wantOutage(time.Time{})
}

// TestVaultThatAnswersIsObeyed: a vault that refuses, or no longer has the
// secret, is not an outage, also where the other secret cannot be read.
func TestVaultThatAnswersIsObeyed(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		want   fault.Code
	}{
		"unauthorized": {http.StatusUnauthorized, fault.VaultRefused},
		"forbidden":    {http.StatusForbidden, fault.VaultRefused},
		"not found":    {http.StatusNotFound, fault.SecretMissing},
		"bad request":  {http.StatusBadRequest, fault.VaultUnreachable},
	} {
		for _, answered := range []string{"id", "key"} {
			t.Run(name+" for the "+answered, func(t *testing.T) {
				v := newVault(t)
				v.store("AKIA1", "hidden1")
				v.wantPair("AKIA1", "hidden1")
				paths := map[string]string{"id": v.id, "key": v.key}
				v.Break(t, "vault", localtest.Fault{Path: "/secrets/" + paths[answered], Status: c.status, Times: -1})
				delete(paths, answered)
				for _, other := range paths {
					v.Break(t, "vault", localtest.Fault{Path: "/secrets/" + other, Status: 503, Times: -1})
				}
				v.clock.add(10 * time.Minute)
				_, err := v.pair.Retrieve(t.Context())
				wantFault(t, err, c.want, v.url)
				v.wantOutage(time.Time{})
			})
		}
	}
}

// TestIdentityOutageWithAPairInHand: the vault cannot be asked without a token.
// The process keeps tokens by client id and resource: only an identity of this
// test's own has none.
func TestIdentityOutageWithAPairInHand(t *testing.T) {
	v := newVault(t)
	v.store("AKIA1", "hidden1")
	tokens := &switchable{}
	pair, err := awscreds.NewKeyPair(awscreds.VaultConfig{
		URL: v.url, AccessKeyIDSecret: v.id, SecretAccessKeySecret: v.key,
		Credential: tokens, Options: v.Options(t), Now: v.clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	tokens.use(v.token)
	v.pair = pair
	v.wantPair("AKIA1", "hidden1")

	t.Setenv("AZURE_CLIENT_ID", "8c7d1f6e-0000-4000-8000-000000000004")
	v.Break(t, "identity", localtest.Fault{Drop: localtest.DropBefore, Times: -1})
	v.keyPair() // makes v.token again
	tokens.use(v.token)
	v.clock.add(10 * time.Minute)
	v.wantPair("AKIA1", "hidden1")
	v.wantOutage(v.clock.Now())
	_, err = pair.Outage()
	wantFault(t, err, fault.TokenUnreachable, "https://vault.azure.net")
}

// TestCancelIsNoOutage: the caller's end says nothing of the vault.
func TestCancelIsNoOutage(t *testing.T) {
	v := newVault(t)
	v.store("AKIA1", "hidden1")
	v.wantPair("AKIA1", "hidden1")
	v.clock.add(10 * time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.pair.Retrieve(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Retrieve = %v, want %v", err, context.Canceled)
	}
	v.wantOutage(time.Time{})
	v.wantPair("AKIA1", "hidden1")
}

// TestRoleTellsOfItsVaultsOutage, and a web identity has none to tell of.
func TestRoleTellsOfItsVaultsOutage(t *testing.T) {
	v, s, role := newRole(t)
	wantRole(t, role, 1)
	v.Break(t, "vault", localtest.Fault{Status: http.StatusServiceUnavailable, Times: -1})
	v.clock.add(10 * time.Minute)
	v.wantPair("AKIA1", "hidden1")
	if since, err := role.Outage(); !since.Equal(v.clock.Now()) || err == nil {
		t.Errorf("Outage = %v, %v, want the vault's", since, err)
	}
	web := awscreds.NewWebIdentity(s.config(), "api://a", fixedToken{})
	if since, err := web.Outage(); !since.IsZero() || err != nil {
		t.Errorf("Outage of a web identity = %v, %v, want none", since, err)
	}
}

// switchable is a credential in place of which another can be put.
type switchable struct {
	inner atomic.Pointer[azcore.TokenCredential]
}

func (s *switchable) use(c azcore.TokenCredential) { s.inner.Store(&c) }

// GetToken implements azcore.TokenCredential.
func (s *switchable) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := (*s.inner.Load()).GetToken(ctx, o)
	token.ExpiresOn = time.Now() // the client asks again for each request
	return token, err
}

// quiet is a vault that answers until it falls silent.
type quiet struct{ silent atomic.Bool }

// Do implements policy.Transporter.
func (q *quiet) Do(r *http.Request) (*http.Response, error) {
	if q.silent.Load() {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r}
	if r.Header.Get("Authorization") == "" {
		answer.StatusCode = http.StatusUnauthorized
		answer.Header.Set("WWW-Authenticate",
			`Bearer authorization="https://login.example/tenant", resource="https://vault.azure.net"`)
	}
	answer.Body = io.NopCloser(strings.NewReader(`{"value":"hidden"}`))
	return answer, nil
}

// TestSilentVaultHoldsARunForHalfAMinute, which the rest of the run has for its
// work.
func TestSilentVaultHoldsARunForHalfAMinute(t *testing.T) { synctest.Test(t, silentVault) }

func silentVault(t *testing.T) {
	vault := &quiet{}
	options := azclient.Options(nil, policy.RetryOptions{TryTimeout: time.Minute})
	options.Transport = vault
	pair, err := awscreds.NewKeyPair(awscreds.VaultConfig{
		URL: "https://v.vault.azure.net", AccessKeyIDSecret: "a", SecretAccessKeySecret: "b",
		Credential: fixedToken{}, Options: options, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		began := time.Now()
		got, err := pair.Retrieve(t.Context())
		if err != nil || got.AccessKeyID != "hidden" {
			t.Fatalf("Retrieve = %+v, %v, want the pair", got, err)
		}
		want := time.Duration(0)
		if vault.silent.Load() {
			want = 30 * time.Second
		}
		if took := time.Since(began); took != want {
			t.Errorf("Retrieve took %v, want %v", took, want)
		}
		vault.silent.Store(true)
		time.Sleep(10 * time.Minute)
	}
	_, err = pair.Outage()
	wantFault(t, err, fault.VaultUnreachable, "no answer in time")
}
