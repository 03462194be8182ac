// Package azclient is what all clients of Azure services share.
package azclient

import (
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Options are those of a client that sends through client and tries again as
// retry says. An error of a call names the host and what the last attempt came
// to (outbound.Error).
func Options(client *http.Client, retry policy.RetryOptions) azcore.ClientOptions {
	return azcore.ClientOptions{
		Transport:        client,
		Retry:            retry,
		Telemetry:        policy.TelemetryOptions{ApplicationID: "guardduty-sentinel"},
		PerCallPolicies:  []policy.Policy{explain{}},
		PerRetryPolicies: []policy.Policy{note{}, awaitBody{}},
	}
}
