package cloud

import (
	"maps"
	"os"
	"slices"
)

// loopback names this machine in the variables that exempt from a proxy.
const loopback = "127.0.0.1,localhost"

// Settings are the app settings with which the handler finds the cloud. They
// are those of a deployment; only the last two are there for the local S3.
func (c *Cloud) Settings() map[string]string {
	s := map[string]string{
		"GUARDDUTY_SCHEDULE":           "0 * * * * *",
		"S3_BUCKET":                    c.S3.Bucket(),
		"AWS_REGION":                   Region,
		"KEY_VAULT_URI":                "https://" + VaultHost,
		"AWS_ACCESS_KEY_ID_SECRET":     AccessKeyIDSecret,
		"AWS_SECRET_ACCESS_KEY_SECRET": SecretAccessKeySecret,
		"LOGS_INGESTION_ENDPOINT":      "https://" + IngestionHost,
		"DCR_IMMUTABLE_ID":             RuleID,
		"DCR_STREAM":                   Stream,
		"AZURE_TOKEN_CREDENTIALS":      "ManagedIdentityCredential",
		"AZURE_CLIENT_ID":              "", // as a template leaves it for a system-assigned identity
		"AWS_ENDPOINT_URL_S3":          c.s3URL,
		"S3_PATH_STYLE":                "true",
	}
	if c.opts.Storage.identity() {
		s["AzureWebJobsStorage__tableServiceUri"] = c.tablesURI
	} else {
		s["AzureWebJobsStorage"] = c.connection
	}
	return s
}

// Environ is the environment that the platform gives the Functions host, which
// the handler inherits: an identity endpoint, and the way to everything else.
// Nothing of this process's own environment is in it but the search path and
// the folders for homes and temporary files. Loopback is exempted from the
// proxy by name: the Functions host is a .NET program and would otherwise send
// its calls of the handler and of its storage to the proxy, which refuses them.
func (c *Cloud) Environ() []string {
	env := map[string]string{
		"IDENTITY_ENDPOINT": c.idURL,
		"IDENTITY_HEADER":   c.Identity.Header,
		"SSL_CERT_FILE":     c.ca.File(),
		"HTTPS_PROXY":       c.proxyURL,
		"HTTP_PROXY":        c.proxyURL,
		"NO_PROXY":          loopback,
		"no_proxy":          loopback,
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if v, ok := os.LookupEnv(name); ok {
			env[name] = v
		}
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

// CAFile is the certificate of the private authority.
func (c *Cloud) CAFile() string { return c.ca.File() }
