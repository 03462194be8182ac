package logsingestion

import (
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
)

// cloudOf is the cloud that an endpoint belongs to, by the end of its name. The
// client asks for a token of its audience: a token of another cloud is refused.
// An endpoint of no known cloud counts as one of the public cloud.
func cloudOf(endpoint string) cloud.Configuration {
	u, err := url.Parse(endpoint)
	if err != nil {
		return cloud.AzurePublic
	}
	switch host := strings.ToLower(u.Hostname()); {
	case strings.HasSuffix(host, ".monitor.azure.us"):
		return cloud.AzureGovernment
	case strings.HasSuffix(host, ".monitor.azure.cn"):
		return cloud.AzureChina
	default:
		return cloud.AzurePublic
	}
}
