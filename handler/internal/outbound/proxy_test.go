package outbound_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"guardduty-sentinel/handler/internal/outbound"
)

// get asks for url and returns the status of the answer.
func get(t *testing.T, client *http.Client, url string) int {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatalf("GET %s = %v", url, err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestProxyIsLeftOutForWhatIsNear(t *testing.T) {
	s := newService(t, map[string]string{
		"IDENTITY_ENDPOINT": "http://Identity.platform:8081/msi/token", "MSI_ENDPOINT": "http://10.1.2.3/old",
	})
	for _, url := range []string{
		"http://identity.platform:8081/msi/token?resource=r", "http://identity.platform/", "http://10.1.2.3/old",
		"http://169.254.129.2:8081/msi/token", "http://169.254.169.254/metadata", "http://[::ffff:169.254.1.1]/",
		"http://[fe80::1]/", "http://[fe80::1%25eth0]:8081/", "http://localhost:1/", "http://LOCALHOST./",
		"http://azurite.localhost/", "http://127.0.0.1:1/", "http://127.8.8.8/", "http://[::1]/",
		"http://s3.example/", "http://10.1.2.4/",
	} {
		if status := get(t, s.Client, url); status != http.StatusOK {
			t.Errorf("GET %s = %d, want the service's own answer", url, status)
		}
		if seen := theProxy.took(); len(seen) > 0 {
			t.Errorf("GET %s: the proxy saw %q, want nothing", url, seen)
		}
	}
}

// TestProxyOfEncryptedRequests asks only which proxy a request goes through.
func TestProxyOfEncryptedRequests(t *testing.T) {
	env := map[string]string{"IDENTITY_ENDPOINT": "https://Identity.platform:8081/msi/token"}
	proxy := outbound.Proxy(func(name string) string { return env[name] })
	for host, want := range map[string]bool{
		"other.platform": true, "10.1.2.3": true, "169.253.1.1": true, "notlocalhost": true, "s3.amazonaws.com": true,
		"identity.platform:8081": false, "identity.platform": false, "169.254.169.254": false, "[fe80::1]": false,
		"localhost:1": false, "LOCALHOST.": false, "azurite.localhost": false, "127.8.8.8": false, "[::1]": false,
	} {
		r, err := http.NewRequest(http.MethodGet, "https://"+host+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if through, err := proxy(r); err != nil || (through != nil) != want {
			t.Errorf("the proxy for https://%s = %v, %v, want one: %v", host, through, err, want)
		}
	}
}

// TestIdentitysSecretStaysOnThePlatform asks for a token as Azure's own library
// does.
func TestIdentitysSecretStaysOnThePlatform(t *testing.T) {
	const endpoint = "http://169.254.129.2:8081/msi/token"
	t.Setenv("IDENTITY_ENDPOINT", endpoint)
	t.Setenv("IDENTITY_HEADER", "hidden")
	s := newService(t, map[string]string{"IDENTITY_ENDPOINT": endpoint})
	s.body = fmt.Sprintf(`{"access_token":"token","expires_on":"%d","resource":"r","token_type":"Bearer"}`,
		time.Now().Add(time.Hour).Unix())
	credential, err := azidentity.NewManagedIdentityCredential(&azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: azcore.ClientOptions{Transport: s.Client},
	})
	if err != nil {
		t.Fatal(err)
	}
	scope := policy.TokenRequestOptions{Scopes: []string{"https://outbound.example/.default"}}
	if _, err := credential.GetToken(t.Context(), scope); err != nil {
		t.Fatal(err)
	}
	if seen := theProxy.took(); len(seen) > 0 {
		t.Errorf("the proxy saw %q, want nothing", seen)
	}
	if len(s.heads) != 1 || s.heads[0].Get("X-IDENTITY-HEADER") != "hidden" {
		t.Errorf("the identity endpoint got %d requests, want one with the secret", len(s.heads))
	}
}

func TestProxyThatRefusesATunnelIsNamed(t *testing.T) {
	s := newService(t, nil)
	_, err := s.Client.Get("https://vault.example/secrets/x")
	want := "the proxy " + theProxy.Listener.Addr().String() + " answered 403 Forbidden"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("GET = %v, want %s", err, want)
	}
	if seen := theProxy.took(); !slices.Equal(seen, []string{"CONNECT vault.example:443"}) {
		t.Errorf("the proxy saw %q, want one tunnel", seen)
	}
}
