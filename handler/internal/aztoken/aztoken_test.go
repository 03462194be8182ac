package aztoken_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"guardduty-sentinel/handler/internal/aztoken"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/localtest"
)

var local = localtest.NewShared()

func TestMain(m *testing.M) { localtest.Main(m, local) }

// The process keeps tokens by client id and resource, so each test asks for
// one that no other asks for.
func request(resource string) policy.TokenRequestOptions {
	return policy.TokenRequestOptions{Scopes: []string{resource + "/.default"}}
}

func options(t *testing.T) azcore.ClientOptions {
	t.Helper()
	c := local.Cloud(t)
	c.UseIdentity(t)
	return c.Options(t)
}

func TestDefaultGivesTheIdentitysToken(t *testing.T) {
	credential, err := aztoken.Default(options(t))
	if err != nil {
		t.Fatal(err)
	}
	token, err := credential.GetToken(t.Context(), request("https://one.example"))
	if err != nil || strings.Count(token.Token, ".") != 2 {
		t.Errorf("GetToken = %d bytes, %v, want a token", len(token.Token), err)
	}
}

// wantRefused wants a fault that names the scope, and that azcore does not try
// again.
func wantRefused(t *testing.T, credential *aztoken.Credential, resource string) {
	t.Helper()
	token, err := credential.GetToken(t.Context(), request(resource))
	if err == nil {
		t.Fatalf("GetToken = %d bytes, want an error", len(token.Token))
	}
	got := fault.Of(err)
	if got.Code != fault.Token || !strings.Contains(err.Error(), "no Azure token for "+resource) ||
		strings.Contains(err.Error(), "\n") {
		t.Errorf("GetToken = %v, want one line with %s and %s", err, fault.Token, resource)
	}
	var final interface{ NonRetriable() }
	if !errors.As(err, &final) {
		t.Errorf("GetToken = %v, which azcore would try again", err)
	}
}

func TestForbiddenIdentityIsAFault(t *testing.T) {
	credential, err := aztoken.Default(options(t))
	if err != nil {
		t.Fatal(err)
	}
	local.Cloud(t).Forbid(t, "identity")
	wantRefused(t, credential, "https://two.example")
}

// TestIdentityEndpointThatDoesNotAnswer: no role and no identity is missing
// then, so the advice is another one.
func TestIdentityEndpointThatDoesNotAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		fault localtest.Fault
		want  string
	}{
		"unavailable": {
			localtest.Fault{Status: http.StatusServiceUnavailable, Times: -1},
			"Service Unavailable (HTTP 503)",
		},
		"refused before": {localtest.Fault{Drop: localtest.DropBefore, Times: -1}, ": EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t)
			local.Cloud(t).Break(t, "identity", c.fault)
			wantUnanswered(t, o, local.Cloud(t).Env("IDENTITY_ENDPOINT"), c.want)
		})
	}
	t.Run("no listener", func(t *testing.T) {
		o := options(t)
		endpoint := "http://" + localtest.NoListener(t) + "/msi/token"
		t.Setenv("IDENTITY_ENDPOINT", endpoint)
		wantUnanswered(t, o, endpoint, "connect: connection refused")
	})
}

// wantUnanswered wants a fault that names the host of endpoint, and why it did
// not answer.
func wantUnanswered(t *testing.T, o azcore.ClientOptions, endpoint, why string) {
	t.Helper()
	credential, err := aztoken.Default(o)
	if err != nil {
		t.Fatal(err)
	}
	_, err = credential.GetToken(t.Context(), request("https://silent.example"))
	u, parseErr := url.Parse(endpoint)
	if parseErr != nil {
		t.Fatal(parseErr)
	}
	if err == nil || fault.Of(err).Code != fault.TokenUnreachable || !strings.Contains(err.Error(), why) ||
		!strings.Contains(err.Error(), "no Azure token for https://silent.example/.default: ") ||
		strings.Count(err.Error(), u.Host) != 1 {
		t.Errorf("GetToken = %v, want %s that names %s, and %s", err, fault.TokenUnreachable, u.Host, why)
	}
}

func TestUnknownUserAssignedIdentityIsAFault(t *testing.T) {
	o := options(t)
	credential, err := aztoken.ManagedIdentity("8c7d1f6e-0000-4000-8000-00000000000a", o)
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, credential, "https://three.example")
	t.Setenv("AZURE_CLIENT_ID", "8c7d1f6e-0000-4000-8000-00000000000b")
	if credential, err = aztoken.Default(o); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, credential, "https://four.example")
}

func TestCancelIsNoFault(t *testing.T) {
	credential, err := aztoken.Default(options(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = credential.GetToken(ctx, request("https://five.example"))
	if !errors.Is(err, context.Canceled) || fault.Of(err).Code != fault.Other {
		t.Errorf("GetToken = %v, want %v", err, context.Canceled)
	}
}

func TestUnusableChoiceIsAFault(t *testing.T) {
	o := options(t)
	t.Setenv("AZURE_TOKEN_CREDENTIALS", "nonsense")
	_, err := aztoken.Default(o)
	if err == nil || fault.Of(err).Code != fault.Token || !strings.Contains(err.Error(), "AZURE_TOKEN_CREDENTIALS") {
		t.Errorf("Default = %v, want %s that names AZURE_TOKEN_CREDENTIALS", err, fault.Token)
	}
	if _, err := aztoken.ManagedIdentity("", o); err != nil && fault.Of(err).Code != fault.Token {
		t.Errorf("ManagedIdentity = %v, want %s", err, fault.Token)
	}
}
