package tables_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/dev/internal/servers"
	"guardduty-sentinel/dev/internal/tables"
)

// bearer is a credential that has one token for whatever is asked.
type bearer string

func (b bearer) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(b), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestTokens(t *testing.T) {
	verify := func(token, audience string) error {
		if token != "good" || audience != "https://storage.azure.com" {
			return errors.New("another token")
		}
		return nil
	}
	server := httptest.NewTLSServer(tables.WithTokens(tables.New(), verify))
	defer server.Close()
	options := &aztables.ClientOptions{ClientOptions: azcore.ClientOptions{
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Transport: server.Client(),
	}}
	url := server.URL + "/" + servers.Account
	for token, want := range map[bearer]string{"good": "ok", "bad": "InvalidAuthenticationInfo"} {
		service, err := aztables.NewServiceClient(url, token, options)
		if err != nil {
			t.Fatal(err)
		}
		_, err = service.CreateTable(t.Context(), "State", nil)
		wantCode(t, "CreateTable with the token "+string(token), err, want)
	}
	service, err := aztables.NewServiceClientWithNoCredential(url, options)
	if err != nil {
		t.Fatal(err)
	}
	_, err = service.CreateTable(t.Context(), "Other", nil)
	wantCode(t, "CreateTable without a token", err, "NoAuthenticationInformation")
}
