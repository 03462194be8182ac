package config_test

import (
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"
)

const emulator = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;TableEndpoint="

// TestConnectionStrings: every form that the portal and the emulators hand out
// becomes one that the table client reads.
func TestConnectionStrings(t *testing.T) {
	full := "AccountName=acct1;AccountKey=" + storageKey + ";TableEndpoint="
	shared := "AccountName=acct1;SharedAccessSignature=" + signature + ";"
	tests := map[string]struct{ text, want string }{
		"emulator":             {"UseDevelopmentStorage=true", emulator + "http://127.0.0.1:10002/devstoreaccount1;"},
		"emulator, other case": {"usedevelopmentstorage=True;", emulator + "http://127.0.0.1:10002/devstoreaccount1;"},
		"emulator with proxy": {
			"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://localhost",
			emulator + "http://localhost:10002/devstoreaccount1;",
		},
		"emulator, IPv6": {
			"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://[::1]:80",
			emulator + "http://[::1]:10002/devstoreaccount1;",
		},
		"emulator over https": {
			"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=https://azurite",
			emulator + "https://azurite:10002/devstoreaccount1;",
		},
		"account key": {connectionString("acct1"), full + "https://acct1.table.core.windows.net;"},
		"no suffix": {
			"AccountName=acct1;AccountKey=" + storageKey,
			full + "https://acct1.table.core.windows.net;",
		},
		"other cloud": {
			"AccountName=acct1;AccountKey=" + storageKey + ";EndpointSuffix=core.chinacloudapi.cn",
			full + "https://acct1.table.core.chinacloudapi.cn;",
		},
		"spaces and cases": {
			"accountname=acct1 ;; ACCOUNTKEY=" + storageKey + ";",
			full + "https://acct1.table.core.windows.net;",
		},
		"own endpoint": {
			"AccountName=acct1;AccountKey=" + storageKey + ";TableEndpoint=https://tables.example/acct1/",
			full + "https://tables.example/acct1;",
		},
		"loopback endpoint": {
			"DefaultEndpointsProtocol=http;AccountName=acct1;AccountKey=" + storageKey +
				";TableEndpoint=http://127.0.0.1:10002/acct1",
			full + "http://127.0.0.1:10002/acct1;",
		},
		"signature": {"AccountName=acct1;SharedAccessSignature=" + signature, shared},
		"signature, portal": {
			"BlobEndpoint=https://acct1.blob.core.windows.net/;TableEndpoint=https://acct1.table.core.windows.net/;SharedAccessSignature=" + signature,
			shared,
		},
		"signature with mark": {
			"TableEndpoint=https://acct1.table.core.windows.net;SharedAccessSignature=?" + signature,
			shared,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := read("AzureWebJobsStorage", tt.text)
			if err != nil {
				t.Fatalf("FromEnv = %v", err)
			}
			got := c.State.ConnectionString.Reveal()
			if got != tt.want || c.State.TableURL != "" || c.State.ClientID != "" {
				t.Errorf("connection string = %q and %+v, want %q", got, c.State, tt.want)
			}
			if _, err := aztables.NewServiceClientFromConnectionString(got, nil); err != nil {
				t.Errorf("the table client does not read it: %v", err)
			}
		})
	}
}

func TestIdentityConnections(t *testing.T) {
	tests := map[string]struct {
		changes       []string
		url, clientID string
	}{
		"table service": {
			[]string{"AzureWebJobsStorage__tableServiceUri", "https://a.table.core.windows.net/"},
			"https://a.table.core.windows.net",
			"",
		},
		"account name": {
			[]string{"AzureWebJobsStorage__accountName", "acct2"},
			"https://acct2.table.core.windows.net",
			"",
		},
		"own identity": {
			[]string{"AzureWebJobsStorage__accountName", "acct2", "AzureWebJobsStorage__clientId", "id-1"},
			"https://acct2.table.core.windows.net",
			"id-1",
		},
		"both, address first": {
			[]string{
				"AzureWebJobsStorage__accountName",
				"acct2",
				"AzureWebJobsStorage__tableServiceUri",
				"https://x.example",
				"AzureWebJobsStorage__clientId",
				"id-1",
			},
			"https://x.example",
			"id-1",
		},
		"another name": {
			[]string{
				"STATE_CONNECTION",
				"Other",
				"Other__accountName",
				"acct3",
				"AzureWebJobsStorage__accountName",
				"acct2",
			},
			"https://acct3.table.core.windows.net",
			"",
		},
	}
	for name, tt := range tests {
		c, err := read(append(tt.changes, "AzureWebJobsStorage", "")...)
		if err != nil {
			t.Errorf("FromEnv, %s = %v", name, err)
			continue
		}
		if c.State.TableURL != tt.url || c.State.ClientID != tt.clientID || !c.State.ConnectionString.IsZero() {
			t.Errorf("FromEnv, %s = %+v, want %s with %q", name, c.State, tt.url, tt.clientID)
		}
	}
}

func TestConnectionStringOfAnotherName(t *testing.T) {
	c, err := read("STATE_CONNECTION", "StateStorage", "StateStorage", connectionString("acct4"))
	if err != nil || !strings.Contains(c.State.ConnectionString.Reveal(), "AccountName=acct4;") {
		t.Errorf("FromEnv = %v, want the connection called StateStorage", err)
	}
	_, err = read("STATE_CONNECTION", "Missing")
	if err == nil || !strings.HasPrefix(err.Error(), "Missing is required: ") {
		t.Errorf("FromEnv = %v, want Missing is required", err)
	}
}

// TestBadConnections: each is refused without a word of its text.
func TestBadConnections(t *testing.T) {
	const name = "AzureWebJobsStorage"
	plain := name + ": its table endpoint is plain http: use https (http:// only for a loopback host)"
	address := name + ": its table endpoint is not an https address"
	lacks := name + ": [redacted] is not a storage connection string: it lacks AccountName and AccountKey, or " +
		"SharedAccessSignature"
	proxy := name + ": its DevelopmentStorageProxyUri is not http:// and a loopback host, or https:// and a host"
	foreign := name + ": its SharedAccessSignature is not for a table endpoint " +
		"https://ACCOUNT.table.core.windows.net: use AccountKey or an identity there"
	both := name + " is set together with " + name + "__tableServiceUri or " + name + "__accountName: " +
		"keep the connection string or the identity"
	key := ";AccountKey=" + storageKey
	const service = "the https address of a table service, such as https://ACCOUNT.table.core.windows.net"
	tests := map[string]struct {
		text, want string
		more       []string
	}{
		"no pairs": {
			"hello",
			name + ": [redacted] is not a storage connection string (Name=value; pairs) or UseDevelopmentStorage=true",
			nil,
		},
		"only the key": {
			storageKey,
			name + ": [redacted] is not a storage connection string: it has neither AccountName nor TableEndpoint",
			nil,
		},
		"no key":                {"AccountName=acct1", lacks, nil},
		"no account":            {"TableEndpoint=https://a.table.core.windows.net" + key, lacks, nil},
		"emulator switched off": {"UseDevelopmentStorage=false;AccountName=a", lacks, nil},
		"key no base64": {
			"AccountName=acct1;AccountKey=" + awsKey + "!",
			name + ": its AccountKey is not valid base64",
			nil,
		},
		"plain http":            {"DefaultEndpointsProtocol=http;AccountName=acct1" + key, plain, nil},
		"plain http endpoint":   {"AccountName=acct1;TableEndpoint=http://tables.example" + key, plain, nil},
		"plain http in capital": {"DefaultEndpointsProtocol=HTTP;AccountName=acct1" + key, plain, nil},
		"other protocol":        {"DefaultEndpointsProtocol=ftp;AccountName=acct1" + key, address, nil},
		"no address":            {"AccountName=acct1;TableEndpoint=https://%zz" + key, address, nil},
		"no scheme":             {"AccountName=acct1;TableEndpoint=tables.example" + key, address, nil},
		"signature in address":  {"AccountName=acct1;TableEndpoint=https://a.example?" + signature + key, address, nil},
		"proxy not loopback":    {"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite", proxy, nil},
		"proxy of other scheme": {"UseDevelopmentStorage=true;DevelopmentStorageProxyUri=ftp://127.0.0.1", proxy, nil},
		"signature elsewhere": {
			"TableEndpoint=https://a.table.core.chinacloudapi.cn;SharedAccessSignature=" + signature,
			foreign,
			nil,
		},
		"signature of another": {
			"AccountName=b;TableEndpoint=https://a.table.core.windows.net;SharedAccessSignature=" + signature,
			foreign,
			nil,
		},
		"with an address": {
			connectionString("acct1"),
			both,
			[]string{name + "__tableServiceUri", "https://a.table.core.windows.net"},
		},
		"with an account": {connectionString("acct1"), both, []string{name + "__accountName", "acct1"}},
		"account malformed": {
			"",
			name + `__accountName: "Acct_1" is not a storage account's name: 3 to 24 lower-case letters and digits`,
			[]string{name + "__accountName", "Acct_1"},
		},
		"address plain http": {
			"",
			name + `__tableServiceUri: "http://127.0.0.1" is not ` + service,
			[]string{name + "__tableServiceUri", "http://127.0.0.1"},
		},
		"address of a blob SAS": {
			"",
			name + `__tableServiceUri: [redacted] is not ` + service,
			[]string{name + "__tableServiceUri", "https://a.table.core.windows.net/?" + signature},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := read(append(tt.more, "AzureWebJobsStorage", tt.text)...)
			if err == nil || err.Error() != tt.want {
				t.Errorf("FromEnv = %v, want %s", err, tt.want)
			}
		})
	}
}
