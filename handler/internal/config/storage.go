package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"guardduty-sentinel/handler/internal/secret"
)

// The account of every Azure storage emulator, published in "Use the Azurite
// emulator for local Azure Storage development". It opens nothing in Azure.
const (
	emulatorAccount = "devstoreaccount1"
	emulatorKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// readStorage reads the storage connection called name as the Functions host
// does: a connection string under the name itself, or name__tableServiceUri or
// name__accountName with an identity, name__clientId.
func readStorage(name string, vars map[string]string) (Storage, error) {
	text, uri, account := vars[name], vars[name+"__tableServiceUri"], vars[name+"__accountName"]
	switch {
	case text != "" && (uri != "" || account != ""):
		return Storage{}, fmt.Errorf("%s is set together with %s__tableServiceUri or %[1]s__accountName: keep the connection string or the identity", name, name)
	case text != "":
		return fromConnectionString(name, text)
	case uri != "":
		u, err := url.Parse(uri)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.User != nil {
			return Storage{}, fault(name+"__tableServiceUri", uri, "the https address of a table service, such as https://ACCOUNT.table.core.windows.net")
		}
		return Storage{TableURL: uri, ClientID: vars[name+"__clientId"]}, nil
	case account != "":
		if !regexp.MustCompile(`^[a-z0-9]{3,24}$`).MatchString(account) {
			return Storage{}, fault(name+"__accountName", account, "a storage account's name: 3 to 24 lower-case letters and digits")
		}
		return Storage{TableURL: "https://" + account + ".table.core.windows.net", ClientID: vars[name+"__clientId"]}, nil
	default:
		return Storage{}, fmt.Errorf("%s is not set: it wants a storage connection string, or %s__tableServiceUri or %[1]s__accountName for an identity", name, name)
	}
}

// fromConnectionString checks text without ever showing it: it holds a key.
func fromConnectionString(name, text string) (Storage, error) {
	parts := make(map[string]string)
	for part := range strings.SplitSeq(strings.Trim(text, "; "), ";") {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return Storage{}, fmt.Errorf("%s: [redacted] is not a storage connection string (Name=value; pairs) or UseDevelopmentStorage=true", name)
		}
		parts[strings.ToLower(key)] = value
	}
	if strings.EqualFold(parts["usedevelopmentstorage"], "true") {
		host, err := emulatorHost(parts["developmentstorageproxyuri"])
		if err != nil {
			return Storage{}, fmt.Errorf("%s: DevelopmentStorageProxyUri: %w", name, err)
		}
		return Storage{ConnectionString: secret.New(fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;TableEndpoint=%s:10002/%[1]s;", emulatorAccount, emulatorKey, host))}, nil
	}
	endpoint, err := url.Parse(parts["tableendpoint"])
	plain := strings.EqualFold(parts["defaultendpointsprotocol"], "http") && parts["tableendpoint"] == "" || err == nil && endpoint.Scheme == "http"
	switch {
	case err != nil:
		return Storage{}, fmt.Errorf("%s: its TableEndpoint is not an address", name)
	case plain && !loopback(endpoint):
		return Storage{}, fmt.Errorf("%s: its table endpoint is plain http: use https (http:// only for a loopback host)", name)
	case parts["sharedaccesssignature"] == "" && (parts["accountname"] == "" || parts["accountkey"] == ""):
		return Storage{}, fmt.Errorf("%s: [redacted] is not a storage connection string: it lacks AccountName and AccountKey, or SharedAccessSignature", name)
	}
	return Storage{ConnectionString: secret.New(text)}, nil
}

// emulatorHost is http://127.0.0.1, or the scheme and host of proxy.
func emulatorHost(proxy string) (string, error) {
	if proxy == "" {
		return "http://127.0.0.1", nil
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Hostname() == "" || u.Scheme == "http" && !loopback(u) {
		return "", errors.New("want http:// and a loopback host")
	}
	return u.Scheme + "://" + u.Hostname(), nil
}
