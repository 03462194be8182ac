package egresstest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"guardduty-sentinel/dev/internal/identity"
)

// Names the stand-ins have in Azure. Identity has none there: it is reached
// by its address.
const (
	Vault     = "guardduty-local.vault.azure.net"
	Ingestion = "guardduty-local.westeurope-1.ingest.monitor.azure.com"
	Identity  = "identity"
)

// Options are those of an SDK client that goes through n and does not wait
// long before it tries again.
func (n *Net) Options(t testing.TB) azcore.ClientOptions {
	return azcore.ClientOptions{
		Transport: n.Client(t),
		Retry:     policy.RetryOptions{RetryDelay: time.Millisecond},
	}
}

// Credential returns a credential of a new user-assigned identity of id,
// which n serves as Identity. The identity is new because azidentity keeps
// tokens for the process: an older one may have a token of another test.
func (n *Net) Credential(t *testing.T, id *identity.Server) azcore.TokenCredential {
	t.Helper()
	client := NewClientID(t, id)
	n.SetIdentity(t, id)
	cred, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: n.Options(t),
		ID:            azidentity.ClientID(client),
	})
	if err != nil {
		t.Fatalf("NewManagedIdentityCredential() = %v, want no error", err)
	}
	return cred
}

// SetIdentity sets the environment as App Service does for an app with an
// identity.
func (n *Net) SetIdentity(t *testing.T, id *identity.Server) {
	t.Helper()
	t.Setenv("IDENTITY_ENDPOINT", n.IdentityURL())
	t.Setenv("IDENTITY_HEADER", id.Header)
}

// IdentityURL is the identity endpoint's URL.
func (n *Net) IdentityURL() string { return "https://" + n.Addr(Identity) + identity.Path }

// NewClientID gives id one more user-assigned identity, before its first
// request, and returns the client id.
func NewClientID(t testing.TB, id *identity.Server) string {
	t.Helper()
	client := identity.New().ObjectID // any new GUID will do
	if id.UserAssigned == nil {
		id.UserAssigned = make(map[string]string)
	}
	id.UserAssigned[client] = identity.New().ObjectID
	return client
}

// Recorder notes the requests a handler gets.
type Recorder struct {
	http.Handler
	seen chan string
}

// Record returns a recorder in front of next, with room for 100 requests.
func Record(next http.Handler) *Recorder {
	return &Recorder{Handler: next, seen: make(chan string, 100)}
}

// ServeHTTP notes method, URL and whether a token came along.
func (rec *Recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, token := r.Header["Authorization"]
	rec.seen <- fmt.Sprintf("%s https://%s%s token=%t", r.Method, r.Host, r.URL.RequestURI(), token)
	rec.Handler.ServeHTTP(w, r)
}

// Take returns what was noted since the last Take, one request a line.
func (rec *Recorder) Take() string {
	var b strings.Builder
	for len(rec.seen) > 0 {
		b.WriteString(<-rec.seen + "\n")
	}
	return b.String()
}
