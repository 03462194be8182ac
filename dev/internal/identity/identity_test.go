package identity_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"guardduty-sentinel/dev/internal/egress/egresstest"
	"guardduty-sentinel/dev/internal/identity"
)

func start(t *testing.T) (*identity.Server, *egresstest.Recorder, *egresstest.Net) {
	t.Helper()
	id := identity.New()
	rec := egresstest.Record(id.Handler())
	return id, rec, egresstest.Start(t, map[string]http.Handler{egresstest.Identity: rec})
}

func scopes(scope string) policy.TokenRequestOptions {
	return policy.TokenRequestOptions{Scopes: []string{scope}}
}

func TestManagedIdentityCredentialGetsTokens(t *testing.T) {
	id, rec, n := start(t)
	cred := n.Credential(t, id)
	for scope, resource := range map[string]string{
		"https://vault.azure.net/.default":    "https://vault.azure.net",
		"https://monitor.azure.com//.default": "https://monitor.azure.com/",
	} {
		tok, err := cred.GetToken(t.Context(), scopes(scope))
		if err != nil {
			t.Fatalf("GetToken(%q) = %v, want no error", scope, err)
		}
		if err := id.Verify(tok.Token, resource); err != nil {
			t.Errorf("Verify(token, %q) = %v, want no error", resource, err)
		}
		if left := time.Until(tok.ExpiresOn); left < 23*time.Hour || left > 24*time.Hour {
			t.Errorf("token expires in %v, want a day", left)
		}
		if got := id.Requests(resource); got != 1 {
			t.Errorf("Requests(%q) = %d, want 1", resource, got)
		}
		want := "resource=" + url.QueryEscape(resource)
		if got := rec.Take(); !strings.Contains(got,
			"GET https://"+n.Addr(egresstest.Identity)+"/msi/token?api-version=2019-08-01&client_id=") ||
			!strings.Contains(got, want) {
			t.Errorf("azidentity sent %q, want a GET with %s", got, want)
		}
	}
	if got := n.Proxy.Refused(); len(got) != 0 {
		t.Errorf("Refused() = %q, want none: the endpoint is reached directly", got)
	}
}

func TestDefaultCredentialGetsTokens(t *testing.T) {
	id, _, n := start(t)
	t.Setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
	t.Setenv("AZURE_CLIENT_ID", egresstest.NewClientID(t, id))
	n.SetIdentity(t, id)
	cred, err := azidentity.NewDefaultAzureCredential(
		&azidentity.DefaultAzureCredentialOptions{ClientOptions: n.Options(t)},
	)
	if err != nil {
		t.Fatalf("NewDefaultAzureCredential() = %v, want no error", err)
	}
	tok, err := cred.GetToken(t.Context(), scopes("https://storage.azure.com/.default"))
	if err != nil {
		t.Fatalf("GetToken() = %v, want no error", err)
	}
	if err := id.Verify(tok.Token, "https://storage.azure.com"); err != nil {
		t.Errorf("Verify() = %v, want no error", err)
	}
}

func TestForbidReachesTheCredential(t *testing.T) {
	id, _, n := start(t)
	cred := n.Credential(t, id)
	id.Forbid(true)
	_, err := cred.GetToken(t.Context(), scopes("https://vault.azure.net/.default"))
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse.StatusCode != http.StatusForbidden {
		t.Fatalf("GetToken() = %v, want a refusal with 403", err)
	}
	if got := id.Requests("https://vault.azure.net"); got != 1 {
		t.Errorf("Requests() = %d, want 1", got)
	}
	id.Forbid(false)
	if _, err := cred.GetToken(t.Context(), scopes("https://vault.azure.net/.default")); err != nil {
		t.Errorf("GetToken() after Forbid(false) = %v, want no error", err)
	}
}

// get asks the endpoint as any program may and returns the status and body.
func get(t *testing.T, id *identity.Server, header string, query url.Values) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, identity.Path+"?"+query.Encode(), nil)
	if header != "" {
		r.Header.Set("X-IDENTITY-HEADER", header)
	}
	w := httptest.NewRecorder()
	id.Handler().ServeHTTP(w, r)
	var body map[string]any
	text, _ := io.ReadAll(w.Body)
	if err := json.Unmarshal(text, &body); err != nil {
		t.Fatalf("body = %q, want a JSON object", text)
	}
	return w.Code, body
}

func TestRequestsAreChecked(t *testing.T) {
	id := identity.New()
	client := egresstest.NewClientID(t, id)
	const v, res = "2019-08-01", "https://vault.azure.net"
	for _, tt := range []struct {
		test   string
		header string
		query  url.Values
		want   int
	}{
		{"system-assigned", id.Header, url.Values{"api-version": {v}, "resource": {res}}, 200},
		{
			"user-assigned",
			id.Header,
			url.Values{"api-version": {v}, "resource": {res}, "client_id": {strings.ToUpper(client)}},
			200,
		},
		{"no header", "", url.Values{"api-version": {v}, "resource": {res}}, 401},
		{"wrong header", id.Header + "x", url.Values{"api-version": {v}, "resource": {res}}, 401},
		{"no resource", id.Header, url.Values{"api-version": {v}}, 400},
		{"no version", id.Header, url.Values{"resource": {res}}, 400},
		{"version of another endpoint", id.Header, url.Values{"api-version": {"2018-02-01"}, "resource": {res}}, 400},
		{
			"unknown client",
			id.Header,
			url.Values{"api-version": {v}, "resource": {res}, "client_id": {id.ObjectID}},
			400,
		},
		{"empty client", id.Header, url.Values{"api-version": {v}, "resource": {res}, "client_id": {""}}, 400},
		{"by object", id.Header, url.Values{"api-version": {v}, "resource": {res}, "object_id": {id.ObjectID}}, 400},
	} {
		t.Run(tt.test, func(t *testing.T) {
			got, body := get(t, id, tt.header, tt.query)
			if got != tt.want {
				t.Errorf("GET ?%s = %d %v, want %d", tt.query.Encode(), got, body, tt.want)
			}
			if _, ok := body["access_token"]; ok != (tt.want == 200) {
				t.Errorf("token in answer %d: %t", got, ok)
			}
		})
	}
	if got := id.Requests(res); got != 5 {
		t.Errorf("Requests(%q) = %d, want 5: those with header, version and resource", res, got)
	}
}

func TestTokenHasTheShapeOfEntras(t *testing.T) {
	id := identity.New()
	_, body := get(t, id, id.Header, url.Values{"api-version": {"2019-08-01"}, "resource": {"https://vault.azure.net"}})
	token, _ := body["access_token"].(string)
	part := strings.Split(token, ".")
	if len(part) != 3 {
		t.Fatalf("token has %d segments, want 3", len(part))
	}
	text, err := base64.RawURLEncoding.DecodeString(part[1])
	if err != nil {
		t.Fatalf("claims = %v, want base64url", err)
	}
	var claims map[string]any
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatalf("claims %q = %v, want a JSON object", text, err)
	}
	for name, want := range map[string]any{
		"aud": "https://vault.azure.net",
		"iss": "https://sts.windows.net/" + id.TenantID + "/",
		"tid": id.TenantID,
		"oid": id.ObjectID,
	} {
		if claims[name] != want {
			t.Errorf("claim %s = %v, want %v", name, claims[name], want)
		}
	}
	exp, _ := claims["exp"].(float64)
	if got, want := body["expires_on"], strconv.FormatInt(int64(exp), 10); got != want {
		t.Errorf("expires_on = %v, want the text %q", got, want)
	}
	if body["resource"] != "https://vault.azure.net" || body["token_type"] != "Bearer" {
		t.Errorf("answer = %v, want the resource and the type Bearer", body)
	}
}

func TestVerifyRefuses(t *testing.T) {
	const res = "https://vault.azure.net"
	id := identity.New()
	now := time.Now()
	id.Now = func() time.Time { return now }
	_, body := get(t, id, id.Header, url.Values{"api-version": {"2019-08-01"}, "resource": {res}})
	token, _ := body["access_token"].(string)
	part := strings.Split(token, ".")
	forged := base64.RawURLEncoding.EncodeToString(
		[]byte(`{"aud":"https://vault.azure.net","nbf":0,"exp":99999999999}`),
	)
	for _, tt := range []struct {
		test, token, audience string
		after                 time.Duration
		want                  error
	}{
		{"valid", token, res, 0, nil},
		{"valid to the last second", token, res, 24*time.Hour - time.Second, nil},
		{"expired", token, res, 24 * time.Hour, identity.ErrExpired},
		{"not yet valid", token, res, -time.Minute, identity.ErrExpired},
		{"slash too many", token, res + "/", 0, identity.ErrAudience},
		{"other claims", part[0] + "." + forged + "." + part[2], res, 0, identity.ErrSignature},
		{"no signature", part[0] + "." + part[1] + ".", res, 0, identity.ErrSignature},
		{"two segments", part[0] + "." + part[1], res, 0, identity.ErrMalformed},
		{"empty", "", res, 0, identity.ErrMalformed},
		{"signature is not base64", part[0] + "." + part[1] + ".!", res, 0, identity.ErrMalformed},
	} {
		t.Run(tt.test, func(t *testing.T) {
			now = now.Add(tt.after)
			defer func() { now = now.Add(-tt.after) }()
			if err := id.Verify(tt.token, tt.audience); !errors.Is(err, tt.want) {
				t.Errorf("Verify(token, %q) = %v, want %v", tt.audience, err, tt.want)
			}
		})
	}
	if err := identity.New().Verify(token, res); !errors.Is(err, identity.ErrSignature) {
		t.Errorf("another server's Verify() = %v, want %v", err, identity.ErrSignature)
	}
}
