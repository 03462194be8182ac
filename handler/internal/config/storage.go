package config

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"guardduty-sentinel/handler/internal/secret"
)

// The account of every Azure storage emulator, published in "Use the Azurite
// emulator for local Azure Storage development". It opens nothing in Azure.
const (
	emulatorAccount = "devstoreaccount1"
	emulatorKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// hostConnection is the storage connection of the Functions host.
const hostConnection = "AzureWebJobsStorage"

// connectionParts is what the connector reads of a connection with an identity,
// behind its name.
var connectionParts = []string{"__tableServiceUri", "__accountName", "__clientId"}

// connection is the name of the storage connection.
func (r *reader) connection() string {
	if name := r.vars["STATE_CONNECTION"]; name != "" && !r.bad["STATE_CONNECTION"] {
		return name
	}
	return hostConnection
}

// connectionNames is the settings of the storage connection that are set.
func (r *reader) connectionNames() []string {
	name := r.connection()
	var names []string
	for _, other := range slices.Sorted(maps.Keys(r.vars)) {
		if other == name || strings.HasPrefix(other, name+"__") {
			names = append(names, other)
		}
	}
	return names
}

// storage reads the storage connection as the Functions host does: a
// connection string under its name, or name__tableServiceUri or
// name__accountName with an identity, name__clientId.
func (r *reader) storage() Storage {
	if r.bad["STATE_CONNECTION"] || slices.ContainsFunc(r.connectionNames(), func(n string) bool { return r.bad[n] }) {
		return Storage{}
	}
	name := r.connection()
	storage, err := readStorage(name, r.vars)
	if errors.Is(err, errNoConnection) {
		if why := r.instead(name, name+"__tableServiceUri", name+"__accountName"); why != "" {
			err = fmt.Errorf("%s is required: %s", name, why)
		}
	}
	if err != nil {
		r.faults = append(r.faults, err)
	}
	return storage
}

var errNoConnection = errors.New("is required: a storage connection string")

func readStorage(name string, vars map[string]string) (Storage, error) {
	text, uri, account := vars[name], vars[name+"__tableServiceUri"], vars[name+"__accountName"]
	clientID := vars[name+"__clientId"]
	switch {
	case text != "" && (uri != "" || account != ""):
		return Storage{}, fmt.Errorf("%s is set together with %s__tableServiceUri or %[1]s__accountName: "+
			"keep the connection string or the identity", name, name)
	case text != "":
		return fromConnectionString(name, text)
	case uri != "":
		u, err := url.Parse(uri)
		if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return Storage{}, fault(name+"__tableServiceUri", uri,
				"the https address of a table service, such as https://ACCOUNT.table.core.windows.net")
		}
		return Storage{TableURL: strings.TrimSuffix(uri, "/"), ClientID: clientID}, nil
	case account != "":
		if !regexp.MustCompile(`^[a-z0-9]{3,24}$`).MatchString(account) {
			return Storage{}, fault(name+"__accountName", account,
				"a storage account's name: 3 to 24 lower-case letters and digits")
		}
		return Storage{TableURL: "https://" + account + ".table.core.windows.net", ClientID: clientID}, nil
	default:
		return Storage{}, fmt.Errorf("%s %w, or %[1]s__tableServiceUri or %[1]s__accountName for an identity",
			name, errNoConnection)
	}
}

// fromConnectionString checks text without ever showing it: it holds a key.
// The result is put together again, since the table client wants every name in
// one case and, with a signature, knows the address only by AccountName.
func fromConnectionString(name, text string) (Storage, error) {
	parts := make(map[string]string)
	for part := range strings.SplitSeq(strings.TrimSpace(text), ";") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return Storage{}, fmt.Errorf("%s: [redacted] is not a storage connection string (Name=value; pairs) or "+
				"UseDevelopmentStorage=true", name)
		}
		parts[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
	}
	made, err := tableConnection(parts)
	if err != nil {
		return Storage{}, fmt.Errorf("%s: %w", name, err)
	}
	return Storage{ConnectionString: secret.New(made)}, nil
}

// tableConnection writes the connection string that the table client reads.
func tableConnection(parts map[string]string) (string, error) {
	account, key, signature := parts["accountname"], parts["accountkey"], parts["sharedaccesssignature"]
	if strings.EqualFold(parts["usedevelopmentstorage"], "true") {
		host, err := emulatorHost(parts["developmentstorageproxyuri"])
		return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;TableEndpoint=%s:10002/%[1]s;", emulatorAccount, emulatorKey, host), err
	}
	endpoint, err := tableEndpoint(parts)
	switch {
	case err != nil:
		return "", err
	case account != "" && key != "":
		if _, err := base64.StdEncoding.DecodeString(key); err != nil {
			return "", errors.New("its AccountKey is not valid base64") // the error would show a part
		}
		return fmt.Sprintf("AccountName=%s;AccountKey=%s;TableEndpoint=%s;", account, key, endpoint), nil
	case signature == "":
		return "", errors.New("[redacted] is not a storage connection string: it lacks AccountName and AccountKey, " +
			"or SharedAccessSignature")
	}
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", errNoEndpoint
	}
	owner, public := strings.CutSuffix(u.Host, ".table.core.windows.net")
	if !public || account != "" && account != owner {
		return "", errors.New("its SharedAccessSignature is not for a table endpoint " +
			"https://ACCOUNT.table.core.windows.net: use AccountKey or an identity there")
	}
	return fmt.Sprintf("AccountName=%s;SharedAccessSignature=%s;", owner, strings.TrimPrefix(signature, "?")), nil
}

var (
	errNoEndpoint = errors.New("its table endpoint is not an https address")
	errPlainHTTP  = errors.New("its table endpoint is plain http: use https (http:// only for a loopback host)")
)

// tableEndpoint is the address that a connection string gives its account's
// tables, without a slash at its end.
func tableEndpoint(parts map[string]string) (string, error) {
	text := parts["tableendpoint"]
	if text == "" {
		if parts["accountname"] == "" {
			return "", errors.New("[redacted] is not a storage connection string: it has neither AccountName nor " +
				"TableEndpoint")
		}
		protocol := cmp.Or(parts["defaultendpointsprotocol"], "https")
		suffix := cmp.Or(parts["endpointsuffix"], "core.windows.net")
		text = strings.ToLower(protocol) + "://" + parts["accountname"] + ".table." + suffix
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "",
		u.Scheme != "https" && u.Scheme != "http":
		return "", errNoEndpoint
	case u.Scheme == "http" && !loopback(u):
		return "", errPlainHTTP
	}
	return strings.TrimSuffix(text, "/"), nil
}

// emulatorHost is http://127.0.0.1, or the scheme and host of proxy.
func emulatorHost(proxy string) (string, error) {
	if proxy == "" {
		return "http://127.0.0.1", nil
	}
	u, err := url.Parse(proxy)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u)) {
		return "", errors.New("its DevelopmentStorageProxyUri is not http:// and a loopback host, or https:// and " +
			"a host")
	}
	return u.Scheme + "://" + strings.TrimSuffix(u.Host, ":"+u.Port()), nil
}
