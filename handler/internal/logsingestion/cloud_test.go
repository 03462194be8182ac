package logsingestion_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"guardduty-sentinel/handler/internal/logsingestion"
)

// asked keeps the scopes that a token was asked for.
type asked struct{ scopes []string }

// GetToken implements azcore.TokenCredential.
func (a *asked) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	a.scopes = append(a.scopes, o.Scopes...)
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// accepts is a service that accepts all rows.
type accepts struct{}

func (accepts) Do(r *http.Request) (*http.Response, error) {
	r.Body.Close()
	return &http.Response{StatusCode: http.StatusNoContent, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// TestTokenIsForTheEndpointsCloud: the scope is the audience of Logs Ingestion
// in that cloud, with its own slash, and /.default (Microsoft, "Logs Ingestion
// API in Azure Monitor").
func TestTokenIsForTheEndpointsCloud(t *testing.T) {
	const public = "https://monitor.azure.com//.default"
	for endpoint, want := range map[string]string{
		"https://d-1.westeurope-1.ingest.monitor.azure.com":        public,
		"https://d-1.usgovvirginia-1.ingest.monitor.azure.us":      "https://monitor.azure.us//.default",
		"https://D-1.USGOVVIRGINIA-1.INGEST.MONITOR.AZURE.US:443":  "https://monitor.azure.us//.default",
		"https://d-1.chinanorth3-1.ingest.monitor.azure.cn":        "https://monitor.azure.cn//.default",
		"https://monitor.azure.us.example":                         public,
		"https://d-1.westeurope-1.privatelink.monitor.azure.local": public,
	} {
		credential := &asked{}
		table, err := logsingestion.New(logsingestion.Config{
			Endpoint: endpoint, RuleID: "dcr", Stream: "s", Credential: credential,
			Options: azcore.ClientOptions{Transport: accepts{}},
		})
		if err != nil {
			t.Fatal(err)
		}
		deliver(t, table, batch(rows(t, 1)...))
		if !slices.Equal(credential.scopes, []string{want}) {
			t.Errorf("%s: a token for %q, want %s", endpoint, credential.scopes, want)
		}
	}
}
