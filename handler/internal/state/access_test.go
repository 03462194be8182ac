package state_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"guardduty-sentinel/handler/internal/azclient"
	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/secret"
	"guardduty-sentinel/handler/internal/state"
)

// anyToken is a credential that always has a token.
type anyToken struct{}

// GetToken implements azcore.TokenCredential.
func (anyToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// refusing is a table service that refuses all with one code. Every address
// leads to it.
func refusing(t *testing.T, status int, code string) azcore.ClientOptions {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("x-ms-error-code", code)
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	client := server.Client()
	transport := client.Transport.(*http.Transport)
	transport.TLSClientConfig.InsecureSkipVerify = true // the name is that of Azure
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
	return azclient.Options(client, localtest.Retry())
}

const (
	key       = "AccountName=acct1;AccountKey=c2VjcmV0;TableEndpoint=https://acct1.table.core.windows.net;"
	signature = "AccountName=acct1;SharedAccessSignature=sv=2022-11-02&sig=c2VjcmV0;"

	toIdentity = "replace Own by Own__accountName (or Own__tableServiceUri) and give the app's identity the role " +
		"Storage Table Data Contributor on the account"
)

// TestRefusalsNameTheirFix: what helps differs by what the account answered and
// by how the connection opens it.
func TestRefusalsNameTheirFix(t *testing.T) {
	for _, c := range []struct {
		status int
		code   string
		form   string // of the connection
		fix    string
	}{
		{403, "KeyBasedAuthenticationNotPermitted", "key", "the account takes no keys: " + toIdentity},
		{403, "KeyBasedAuthenticationNotPermitted", "signature", "nor signatures made with them: " + toIdentity},
		{403, "AuthorizationFailure", "key", "; if it has none, correct the key in Own"},
		{403, "AuthorizationFailure", "signature", "let the app's network through the firewall"},
		{403, "AuthorizationFailure", "identity", "let the app's network through the firewall"},
		{403, "AuthorizationPermissionMismatch", "identity", "give the identity the role Storage Table"},
		{403, "AuthorizationPermissionMismatch", "signature", "the SharedAccessSignature of Own lacks a permission"},
		{403, "AuthorizationServiceMismatch", "signature", "is not for tables over https: make one"},
		{403, "AuthorizationSourceIPMismatch", "signature", "is for other addresses than the app's: make one"},
		{403, "AuthenticationFailed", "key", "correct the key in Own: the account does not have it"},
		{403, "AuthenticationFailed", "signature", "has expired, or the key that made it was rotated: make one"},
		{403, "AuthenticationFailed", "identity", "use an identity of the tenant"},
		{401, "InvalidAuthenticationInfo", "identity", "use an identity of the tenant"},
		{403, "AccountIsDisabled", "key", "enable the storage account"},
		{403, "SomethingNew", "identity", "role Storage Table Data Contributor on the account, or"},
		{401, "", "key", "or correct the key of the connection string, and check the account's firewall"},
	} {
		t.Run(c.code+" by "+c.form, func(t *testing.T) {
			cfg := state.Config{Table: "T", Setting: "Own", Options: refusing(t, c.status, c.code)}
			switch c.form {
			case "key":
				cfg.ConnectionString = secret.New(key)
			case "signature":
				cfg.ConnectionString = secret.New(signature)
			default:
				cfg.URL, cfg.Credential = "https://acct1.table.core.windows.net", anyToken{}
			}
			_, err := newStore(t, cfg).Load(t.Context())
			wantFault(t, err, fault.StateRefused, c.fix)
			wantFault(t, err, fault.StateRefused, c.code)
			if strings.Contains(err.Error(), "c2VjcmV0") {
				t.Errorf("error = %v, which shows the secret", err)
			}
		})
	}
}

// TestConnectionIsCalledAzureWebJobsStorage where no name is given.
func TestConnectionIsCalledAzureWebJobsStorage(t *testing.T) {
	cfg := state.Config{
		ConnectionString: secret.New(key), Table: "T",
		Options: refusing(t, http.StatusForbidden, "KeyBasedAuthenticationNotPermitted"),
	}
	_, err := newStore(t, cfg).Load(t.Context())
	wantFault(t, err, fault.StateRefused, "replace AzureWebJobsStorage by AzureWebJobsStorage__accountName")
}

// TestUnreachableNamesTheEndpoint, also when the time ends between two attempts.
func TestUnreachableNamesTheEndpoint(t *testing.T) {
	host := localtest.NoListener(t)
	localtest.VirtualTime(t, func(t *testing.T) {
		options := azclient.Options(&http.Client{}, localtest.Retry())
		s := newStore(t, state.Config{
			Table: "T", Options: options,
			ConnectionString: secret.New("AccountName=a;AccountKey=c2VjcmV0;TableEndpoint=http://" + host + ";"),
		})
		refused := "cannot reach the state table T: dial tcp " + host + ": connect: connection refused"
		_, err := s.Load(t.Context())
		wantFault(t, err, fault.StateUnreachable, refused+"; ")

		ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond) // less than the client waits
		defer cancel()
		_, err = s.Load(ctx)
		wantFault(t, err, fault.StateUnreachable, refused+" (then the time ran out); ")
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Load = %v, want %v in it", err, context.DeadlineExceeded)
		}
	})
}
