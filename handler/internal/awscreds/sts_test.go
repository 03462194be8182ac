package awscreds_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"guardduty-sentinel/handler/internal/awscreds"
)

const roleARN = "arn:aws:iam::111122223333:role/guardduty-reader"

// sts stands in for AWS STS. It gives other credentials each time, and keeps
// what it was asked. Its clients keep no connection: one that waits for its next
// request would hold the virtual time in which the SDK waits between attempts.
type sts struct {
	*httptest.Server
	refuse func(n int, keyID string) (status int, code string) // of the nth request, from 1; nil accepts

	mu       sync.Mutex
	lifetime time.Duration
	asked    []url.Values
	keyIDs   []string // of the signatures; "" for none
}

func newSTS(t *testing.T) *sts {
	t.Helper()
	s := &sts{lifetime: time.Hour}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(s.serve))
	s.Client().Transport.(*http.Transport).DisableKeepAlives = true
	t.Cleanup(s.Close)
	return s
}

func (s *sts) config() awscreds.RoleConfig {
	return awscreds.RoleConfig{
		RoleARN:    roleARN,
		ExternalID: "external-1",
		Region:     "eu-west-1",
		Endpoint:   s.URL,
		HTTPClient: s.Client(),
	}
}

func (s *sts) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := r.ParseForm(); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	keyID := ""
	if _, rest, ok := strings.Cut(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential="); ok {
		keyID, _, _ = strings.Cut(rest, "/")
	}
	s.asked, s.keyIDs = append(s.asked, r.PostForm), append(s.keyIDs, keyID)
	n := len(s.asked)
	if s.refuse != nil {
		if status, code := s.refuse(n, keyID); status != 0 {
			w.WriteHeader(status)
			fmt.Fprintf(w, `<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code>`+
				`<Message>what happened</Message></Error></ErrorResponse>`, code)
			return
		}
	}
	action := r.PostForm.Get("Action")
	fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials>`+
		`<AccessKeyId>ASIA%[2]d</AccessKeyId><SecretAccessKey>hidden%[2]d</SecretAccessKey>`+
		`<SessionToken>hidden-session%[2]d</SessionToken><Expiration>%[3]s</Expiration>`+
		`</Credentials></%[1]sResult></%[1]sResponse>`,
		action, n, time.Now().Add(s.lifetime).UTC().Format(time.RFC3339))
}

// requests returns what was asked so far.
func (s *sts) requests() ([]url.Values, []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked, s.keyIDs
}

func (s *sts) live(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifetime = d
}

// wantRole retrieves the credentials and wants those of the nth answer.
func wantRole(t *testing.T, role *awscreds.Role, n int) {
	t.Helper()
	got, err := role.Retrieve(t.Context())
	if err != nil || got.AccessKeyID != fmt.Sprintf("ASIA%d", n) || got.SecretAccessKey != fmt.Sprintf("hidden%d", n) ||
		got.SessionToken != fmt.Sprintf("hidden-session%d", n) {
		t.Errorf("Retrieve = %+v, %v, want the credentials of answer %d", got, err, n)
	}
}

// audience reads a token's audience.
func audience(t *testing.T, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("token of %d parts, want 3", len(parts))
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims struct{ Aud string }
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatal(err)
	}
	return claims.Aud
}

// fixedToken is a credential that always has a token.
type fixedToken struct{}

func (fixedToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "hidden-token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}
