package awscreds_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"guardduty-sentinel/handler/internal/awscreds"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/localtest"
)

// newRole is a role assumed with a stored key pair.
func newRole(t *testing.T) (*vault, *sts, *awscreds.Role) {
	t.Helper()
	v, s := newVault(t), newSTS(t)
	v.store("AKIA1", "hidden1")
	return v, s, awscreds.NewRole(s.config(), v.pair)
}

func TestRoleIsAssumedWithTheKeyPair(t *testing.T) {
	_, s, role := newRole(t)
	wantRole(t, role, 1)
	wantRole(t, role, 1) // kept until shortly before it expires
	asked, keyIDs := s.requests()
	if len(asked) != 1 || keyIDs[0] != "AKIA1" {
		t.Fatalf("%d requests, signed with %q, want one with AKIA1", len(asked), keyIDs)
	}
	for name, want := range map[string]string{
		"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": roleARN, "ExternalId": "external-1",
		"RoleSessionName": "guardduty-sentinel", "WebIdentityToken": "",
	} {
		if got := asked[0].Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestRoleWithoutAnExternalIDSendsNone(t *testing.T) {
	v, s := newVault(t), newSTS(t)
	v.store("AKIA1", "hidden1")
	cfg := s.config()
	cfg.ExternalID = ""
	wantRole(t, awscreds.NewRole(cfg, v.pair), 1)
	if asked, _ := s.requests(); asked[0].Has("ExternalId") {
		t.Errorf("ExternalId = %q, want none", asked[0].Get("ExternalId"))
	}
}

func TestRoleIsAssumedWithAnEntraToken(t *testing.T) {
	v, s := newVault(t), newSTS(t)
	role := awscreds.NewWebIdentity(s.config(), "api://guardduty-aws", v.token)
	wantRole(t, role, 1)
	asked, keyIDs := s.requests()
	if len(asked) != 1 || keyIDs[0] != "" {
		t.Fatalf("%d requests, signed with %q, want one without a signature", len(asked), keyIDs)
	}
	for name, want := range map[string]string{
		"Action": "AssumeRoleWithWebIdentity", "RoleArn": roleARN, "RoleSessionName": "guardduty-sentinel",
		"ExternalId": "",
	} {
		if got := asked[0].Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if got := audience(t, asked[0].Get("WebIdentityToken")); got != "api://guardduty-aws" {
		t.Errorf("the token's audience = %q, want api://guardduty-aws", got)
	}
	v.wantReads(0)
}

// The credentials are taken for expired five minutes before they are.
func TestRoleIsAssumedAnewBeforeItExpires(t *testing.T) {
	_, s, role := newRole(t)
	s.live(4 * time.Minute)
	wantRole(t, role, 1)
	s.live(6 * time.Minute)
	wantRole(t, role, 2)
	wantRole(t, role, 2)
}

func TestRefusedRoleCredentialsAreRenewedOnce(t *testing.T) {
	_, s, role := newRole(t)
	wantRole(t, role, 1)
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			if fresh, err := role.Renew(t.Context(), aws.Credentials{AccessKeyID: "ASIA1"}); err != nil || !fresh {
				t.Errorf("Renew = %v, %v, want true", fresh, err)
			}
		})
	}
	group.Wait()
	wantRole(t, role, 2)
	if asked, _ := s.requests(); len(asked) != 2 {
		t.Errorf("%d requests, want 2", len(asked))
	}
}

func TestKeyPairRefusedBySTSIsReadAgain(t *testing.T) {
	for _, code := range []string{"InvalidClientTokenId", "SignatureDoesNotMatch"} {
		t.Run(code, func(t *testing.T) {
			v, s, role := newRole(t)
			s.refuse = func(_ int, keyID string) (int, string) {
				if keyID == "AKIA1" {
					return http.StatusForbidden, code
				}
				return 0, ""
			}
			_, err := role.Retrieve(t.Context())
			wantFault(t, err, fault.KeyRefused, code)
			v.wantReads(2)

			v.store("AKIA2", "hidden2")
			v.clock.add(time.Minute)
			if _, err := role.Retrieve(t.Context()); err != nil {
				t.Errorf("Retrieve = %v, want the role with the new pair", err)
			}
			v.wantReads(3)
		})
	}
}

// A secret may be corrected under the id it had: the next request must be
// signed with it. The signature is checked by signing the request once more.
func TestCorrectedSecretSignsAgain(t *testing.T) {
	v, s := newVault(t), newSTS(t)
	var good []bool
	cfg := s.config()
	cfg.HTTPClient = &http.Client{Transport: signed{s.Client().Transport, func(r *http.Request) {
		good = append(good, signedWith(t, r, aws.Credentials{AccessKeyID: "AKIA1", SecretAccessKey: "hidden2"}))
	}}}
	s.refuse = func(n int, _ string) (int, string) {
		if n == 1 {
			return http.StatusForbidden, "SignatureDoesNotMatch"
		}
		return 0, ""
	}
	v.store("AKIA1", "hidden1")
	v.wantPair("AKIA1", "hidden1")
	v.store("AKIA1", "hidden2")
	if _, err := awscreds.NewRole(cfg, v.pair).Retrieve(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []bool{false, true}; !slices.Equal(good, want) {
		t.Errorf("requests signed with the corrected secret: %v, want %v", good, want)
	}
}

// signedWith signs a copy of r and reports whether the signature is the same.
func signedWith(t *testing.T, r *http.Request, creds aws.Credentials) bool {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	again := r.Clone(t.Context())
	_, names, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	for name := range again.Header {
		if !slices.Contains(strings.Split(names, ";"), strings.ToLower(name)) {
			again.Header.Del(name)
		}
	}
	sum := sha256.Sum256(body)
	payload := hex.EncodeToString(sum[:])
	if err := v4.NewSigner().SignHTTP(t.Context(), creds, again, payload, "sts", "eu-west-1", at); err != nil {
		t.Fatal(err)
	}
	return again.Header.Get("Authorization") == r.Header.Get("Authorization")
}

// signed shows each request before it is sent.
type signed struct {
	next http.RoundTripper
	show func(*http.Request)
}

func (s signed) RoundTrip(r *http.Request) (*http.Response, error) {
	s.show(r)
	return s.next.RoundTrip(r)
}

func TestRoleFaults(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		code   string
		want   fault.Code
		named  string
	}{
		"trust policy":  {403, "AccessDenied", fault.RoleRefused, roleARN},
		"expired token": {400, "ExpiredTokenException", fault.RoleRefused, "ExpiredTokenException"},
		"wrong token":   {400, "InvalidIdentityToken", fault.RoleRefused, "what happened"},
		"unavailable":   {503, "ServiceUnavailable", fault.STSUnreachable, roleARN},
		"throttled":     {400, "Throttling", fault.STSUnreachable, "Throttling"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSTS(t)
			s.refuse = func(int, string) (int, string) { return c.status, c.code }
			localtest.VirtualTime(t, func(t *testing.T) {
				role := awscreds.NewWebIdentity(s.config(), "api://a", fixedToken{})
				_, err := role.Retrieve(t.Context())
				wantFault(t, err, c.want, c.named)
				fresh, err := role.Renew(t.Context(), aws.Credentials{AccessKeyID: "ASIA1"})
				wantFault(t, err, c.want, c.named)
				if fresh {
					t.Error("Renew = true beside an error")
				}
			})
		})
	}
}

func TestSTSUnreachable(t *testing.T) {
	s := newSTS(t)
	cfg := s.config()
	cfg.Endpoint = "https://" + localtest.NoListener(t)
	localtest.VirtualTime(t, func(t *testing.T) {
		_, err := awscreds.NewWebIdentity(cfg, "api://a", fixedToken{}).Retrieve(t.Context())
		wantFault(t, err, fault.STSUnreachable, roleARN)
		wantFault(t, err, fault.STSUnreachable,
			": dial tcp "+strings.TrimPrefix(cfg.Endpoint, "https://")+": connect: connection refused; ")
	})
}

func TestFaultsBehindTheRoleAreShownAsTheyAre(t *testing.T) {
	v, s := newVault(t), newSTS(t)
	role := awscreds.NewRole(s.config(), v.pair)
	_, err := role.Retrieve(t.Context())
	wantFault(t, err, fault.SecretMissing, v.id)

	t.Setenv("AZURE_CLIENT_ID", "8c7d1f6e-0000-4000-8000-000000000003")
	v.keyPair()
	_, err = awscreds.NewWebIdentity(s.config(), "api://a", v.token).Retrieve(t.Context())
	wantFault(t, err, fault.Token, "api://a/.default")
	if asked, _ := s.requests(); len(asked) != 0 {
		t.Errorf("%d requests, want none without a key or token", len(asked))
	}
}

// STS refuses the pair, and then the vault does not let it be read again.
func TestVaultFaultWhileReadingAgain(t *testing.T) {
	v, s, role := newRole(t)
	s.refuse = func(int, string) (int, string) { return http.StatusForbidden, "InvalidClientTokenId" }
	v.wantPair("AKIA1", "hidden1")
	v.Forbid(t, "vault")
	_, err := role.Retrieve(t.Context())
	wantFault(t, err, fault.VaultRefused, v.id)
}

func TestCancelEndsTheRole(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newSTS(t)
	s.refuse = func(int, string) (int, string) { cancel(); return http.StatusServiceUnavailable, "Wait" }
	role := awscreds.NewWebIdentity(s.config(), "api://a", fixedToken{})
	if _, err := role.Retrieve(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Retrieve = %v, want %v", err, context.Canceled)
	}
}
