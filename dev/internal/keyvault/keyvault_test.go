package keyvault_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"guardduty-sentinel/dev/internal/egress/egresstest"
	"guardduty-sentinel/dev/internal/identity"
	"guardduty-sentinel/dev/internal/keyvault"
)

// start returns a vault and a client that checks the challenge's resource.
func start(t *testing.T) (*keyvault.Server, *egresstest.Recorder, *azsecrets.Client) {
	t.Helper()
	id := identity.New()
	kv := keyvault.New(id.TenantID, id.Verify)
	rec := egresstest.Record(kv.Handler())
	n := egresstest.Start(t, map[string]http.Handler{egresstest.Identity: id.Handler(), egresstest.Vault: rec})
	return kv, rec, client(t, n, n.Credential(t, id))
}

func client(t *testing.T, n *egresstest.Net, cred azcore.TokenCredential) *azsecrets.Client {
	t.Helper()
	c, err := azsecrets.NewClient("https://"+egresstest.Vault, cred,
		&azsecrets.ClientOptions{ClientOptions: n.Options(t)})
	if err != nil {
		t.Fatalf("azsecrets.NewClient() = %v, want no error", err)
	}
	return c
}

// read returns a secret's value, or "status code" of the refusal.
func read(t *testing.T, c *azsecrets.Client, name, version string) string {
	t.Helper()
	got, err := c.GetSecret(t.Context(), name, version, nil)
	var re *azcore.ResponseError
	switch {
	case errors.As(err, &re):
		return http.StatusText(re.StatusCode) + " " + re.ErrorCode
	case err != nil:
		t.Fatalf("GetSecret(%q, %q) = %v, want an answer", name, version, err)
	}
	if id := got.ID; id.Name() != name || id.Version() == "" ||
		!strings.HasPrefix(string(*id), "https://"+egresstest.Vault+"/secrets/") {
		t.Errorf("GetSecret(%q).ID = %q, want one of this vault and secret", name, *id)
	}
	return *got.Value
}

func TestSecretIsReadAfterTheChallenge(t *testing.T) {
	kv, rec, c := start(t)
	kv.Set("aws-key", "v1")
	for _, want := range []string{
		"GET https://guardduty-local.vault.azure.net/secrets/aws-key/?api-version=2026-04-01 token=false\n" +
			"GET https://guardduty-local.vault.azure.net/secrets/aws-key/?api-version=2026-04-01 token=true\n",
		"GET https://guardduty-local.vault.azure.net/secrets/aws-key/?api-version=2026-04-01 token=true\n",
	} {
		if got := read(t, c, "aws-key", ""); got != "v1" {
			t.Errorf("GetSecret() = %q, want v1", got)
		}
		if got := rec.Take(); got != want {
			t.Errorf("azsecrets sent\n%swant\n%s", got, want)
		}
	}
	if got := kv.Reads("AWS-key"); got != 2 {
		t.Errorf("Reads() = %d, want 2: the challenge hands out nothing", got)
	}
}

func TestVersions(t *testing.T) {
	kv, _, c := start(t)
	v1 := kv.Set("k", "one")
	v2 := kv.Set("K", "two")
	if v1 == v2 || len(v1) != 32 {
		t.Errorf("Set() = %q then %q, want two ids of 32 digits", v1, v2)
	}
	for version, want := range map[string]string{"": "two", v1: "one", v2: "two", "0123": "Not Found SecretNotFound"} {
		if got := read(t, c, "k", version); got != want {
			t.Errorf("GetSecret(k, %q) = %q, want %q", version, got, want)
		}
	}
}

func TestRefusalsReachTheClient(t *testing.T) {
	kv, _, c := start(t)
	check := func(after, want string) {
		t.Helper()
		if got := read(t, c, "k", ""); got != want {
			t.Errorf("GetSecret(k) after %s = %q, want %q", after, got, want)
		}
	}
	check("nothing", "Not Found SecretNotFound")
	v1 := kv.Set("k", "one")
	kv.Disable("k")
	check("Disable", "Forbidden Forbidden")
	kv.Set("k", "two")
	check("a new version", "two")
	if got := read(t, c, "k", v1); got != "Forbidden Forbidden" {
		t.Errorf("GetSecret(k, disabled version) = %q, want a refusal", got)
	}
	kv.Forbid(true)
	check("Forbid", "Forbidden Forbidden")
	kv.Forbid(false)
	check("Forbid(false)", "two")
	if got := kv.Reads("k"); got != 2 {
		t.Errorf("Reads(k) = %d, want 2", got)
	}
	kv.Delete("k")
	check("Delete", "Not Found SecretNotFound")
}

// fixed is a credential with a token of its own making.
type fixed string

func (f fixed) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(f), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestForeignTokenIsRefused(t *testing.T) {
	id := identity.New()
	kv := keyvault.New(id.TenantID, id.Verify)
	kv.Set("k", "one")
	n := egresstest.Start(t, map[string]http.Handler{egresstest.Vault: kv.Handler()})
	if got, want := read(t, client(t, n, fixed("a.b.c")), "k", ""), "Unauthorized Unauthorized"; got != want {
		t.Errorf("GetSecret() with a foreign token = %q, want %q", got, want)
	}
	if got := kv.Reads("k"); got != 0 {
		t.Errorf("Reads(k) = %d, want 0", got)
	}
}

func TestChallengeIsCheckedByTheClient(t *testing.T) {
	id := identity.New()
	kv := keyvault.New(id.TenantID, id.Verify)
	kv.Set("k", "one")
	n := egresstest.Start(t, map[string]http.Handler{"vault.example.com": kv.Handler()})
	c, err := azsecrets.NewClient("https://vault.example.com", fixed("a.b.c"),
		&azsecrets.ClientOptions{ClientOptions: n.Options(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.GetSecret(t.Context(), "k", "", nil); err == nil ||
		!strings.Contains(err.Error(), "challenge resource") {
		t.Errorf("GetSecret() under a name outside vault.azure.net = %v, want the client's own refusal", err)
	}
}

func TestRequestsAreChecked(t *testing.T) {
	verify := func(token, audience string) error {
		if token != "good" || audience != "https://vault.azure.net" {
			return errors.New("no")
		}
		return nil
	}
	kv := keyvault.New("tenant", verify)
	kv.Set("k", "one")
	kv.Set("off", "one")
	kv.Disable("off")
	denied := keyvault.New("tenant", verify)
	denied.Set("k", "one")
	denied.Forbid(true)
	for _, tt := range []struct {
		test                string
		kv                  *keyvault.Server
		method, path, token string
		status              int
		code, inner         string
	}{
		{"without a slash at the end", kv, "GET", "/secrets/k?api-version=7.4", "Bearer good", 200, "", ""},
		{"7.5", kv, "GET", "/secrets/k/?api-version=7.5", "Bearer good", 200, "", ""},
		{"7.6", kv, "GET", "/secrets/k/?api-version=7.6", "Bearer good", 200, "", ""},
		{"2025-07-01", kv, "GET", "/secrets/k/?api-version=2025-07-01", "Bearer good", 200, "", ""},
		{"no token", kv, "GET", "/secrets/k/?api-version=7.6", "", 401, "Unauthorized", ""},
		{"bad token", kv, "GET", "/secrets/k/?api-version=7.6", "Bearer bad", 401, "Unauthorized", ""},
		{"other scheme", kv, "GET", "/secrets/k/?api-version=7.6", "Basic good", 401, "Unauthorized", ""},
		{"no version", kv, "GET", "/secrets/k/", "Bearer good", 400, "BadParameter", ""},
		{"unknown version", kv, "GET", "/secrets/k/?api-version=7.7", "Bearer good", 400, "BadParameter", ""},
		{"bad name", kv, "GET", "/secrets/a_b/?api-version=7.6", "Bearer good", 400, "BadParameter", ""},
		{"other method", kv, "PUT", "/secrets/k?api-version=7.6", "Bearer good", 405, "MethodNotAllowed", ""},
		{"other path", kv, "GET", "/keys/k/?api-version=7.6", "Bearer good", 404, "NotFound", ""},
		{"no name", kv, "GET", "/secrets/?api-version=7.6", "Bearer good", 404, "NotFound", ""},
		{"missing", kv, "GET", "/secrets/gone/?api-version=7.6", "Bearer good", 404, "SecretNotFound", ""},
		{"disabled", kv, "GET", "/secrets/off/?api-version=7.6", "Bearer good", 403, "Forbidden", "SecretDisabled"},
		{"no role", denied, "GET", "/secrets/k/?api-version=7.6", "Bearer good", 403, "Forbidden", "ForbiddenByRbac"},
	} {
		t.Run(tt.test, func(t *testing.T) {
			r := httptest.NewRequest(tt.method, "https://v.vault.azure.net"+tt.path, nil)
			if tt.token != "" {
				r.Header.Set("Authorization", tt.token)
			}
			w := httptest.NewRecorder()
			tt.kv.Handler().ServeHTTP(w, r)
			var body struct {
				Value string
				Error struct {
					Code, Message string
					Innererror    struct{ Code string }
				}
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatalf("body = %q, want a JSON object", w.Body)
			}
			if w.Code != tt.status || body.Error.Code != tt.code || body.Error.Innererror.Code != tt.inner {
				t.Errorf("%s %s = %d %s, want %d %s %s", tt.method, tt.path, w.Code, w.Body, tt.status, tt.code,
					tt.inner)
			}
			if (body.Value == "one") != (tt.status == 200) {
				t.Errorf("value in answer %d = %q", w.Code, body.Value)
			}
			challenge := `Bearer authorization="https://login.microsoftonline.com/tenant", ` +
				`resource="https://vault.azure.net"`
			if got := w.Header().Get("WWW-Authenticate"); (got == challenge) != (tt.status == 401) {
				t.Errorf("WWW-Authenticate of answer %d = %q", w.Code, got)
			}
		})
	}
}
