package servers_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/data/aztables"

	"guardduty-sentinel/dev/internal/servers"
	"guardduty-sentinel/dev/internal/servers/serverstest"
)

func TestAzuriteTables(t *testing.T) {
	var log buffer
	a := serverstest.Azurite(t, servers.AzuriteOptions{Log: &log})
	service, err := aztables.NewServiceClientFromConnectionString(a.ConnectionString, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.CreateTable(t.Context(), "State", nil); err != nil {
		t.Fatal(err)
	}
	table := service.NewClient("State")
	if _, err := table.AddEntity(t.Context(), []byte(`{"PartitionKey":"p","RowKey":"r","Text":"kept"}`),
		nil); err != nil {
		t.Fatal(err)
	}
	got, err := table.GetEntity(t.Context(), "p", "r", nil)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(got.Value), `"Text":"kept"`) {
		t.Errorf("GetEntity(p, r) = %s, want the text that was added", got.Value)
	}
	if a.BlobEndpoint != "" || a.QueueEndpoint != "" {
		t.Errorf("BlobEndpoint, QueueEndpoint = %q, %q, want none", a.BlobEndpoint, a.QueueEndpoint)
	}
	if !strings.Contains(log.String(), "Azurite Table service") {
		t.Errorf("log = %q, want what Azurite prints", log.String())
	}
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	if dial(t, a.TableEndpoint) {
		t.Errorf("something listens at %s after Stop, want nothing", a.TableEndpoint)
	}
	if err := a.Stop(); err != nil {
		t.Errorf("Stop() again = %v, want nil", err)
	}
}

func TestAzuriteAllServicesOverTLS(t *testing.T) {
	cert, key := certificate(t)
	a := serverstest.Azurite(t, servers.AzuriteOptions{
		AllServices: true, CertFile: cert, KeyFile: key, OAuth: true, Location: t.TempDir(),
	})
	for _, endpoint := range []string{a.TableEndpoint, a.BlobEndpoint, a.QueueEndpoint} {
		if !strings.HasPrefix(endpoint, "https://127.0.0.1:") || !strings.HasSuffix(endpoint, "/"+servers.Account) ||
			!dial(t, endpoint) {
			t.Errorf("endpoint = %q, want https on a port that listens", endpoint)
		}
		if !strings.Contains(a.ConnectionString, "Endpoint="+endpoint+";") {
			t.Errorf("ConnectionString lacks %s", endpoint)
		}
	}
	res, err := http.Get(a.TableEndpoint)
	if err == nil {
		res.Body.Close()
		t.Error("a client that does not trust the certificate = nil, want an error")
	}
	for audience, want := range map[string]string{"https://storage.azure.com": "ok",
		"https://vault.azure.net": "AuthenticationFailed"} {
		service, err := aztables.NewServiceClient(a.TableEndpoint, token(audience), &aztables.ClientOptions{
			ClientOptions: azcore.ClientOptions{
				Transport: trusting(t, cert),
				Retry:     policy.RetryOptions{MaxRetries: -1},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = service.CreateTable(t.Context(), "State", nil)
		got := "ok"
		if re := new(azcore.ResponseError); errors.As(err, &re) {
			got = re.ErrorCode
		} else if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("CreateTable() with a token for %s = %s, want %s", audience, got, want)
		}
	}
}

// token is a credential whose tokens are for an audience, without a signature.
type token string

func (aud token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	now := time.Now()
	claims, err := json.Marshal(map[string]any{
		"aud": aud, "iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000001/",
		"iat": now.Add(-time.Minute).Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(time.Hour).Unix(),
	})
	encode := base64.RawURLEncoding.EncodeToString
	jwt := encode([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + encode(claims) + "." + encode([]byte("none"))
	return azcore.AccessToken{Token: jwt, ExpiresOn: now.Add(time.Hour)}, err
}

func trusting(t *testing.T, certFile string) *http.Client {
	t.Helper()
	text, err := os.ReadFile(certFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true},
	}
}

func TestAzuriteOptionsThatContradict(t *testing.T) {
	for _, opts := range []servers.AzuriteOptions{{OAuth: true}, {CertFile: "cert.pem"}, {KeyFile: "key.pem"}} {
		if _, err := servers.StartAzurite(t.Context(), opts); err == nil || !strings.Contains(err.Error(), "CertFile") {
			t.Errorf("StartAzurite(%+v) = %v, want an error that names CertFile", opts, err)
		}
	}
}

// certificate writes a certificate for 127.0.0.1 and its key.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(
			1,
		), Subject: pkix.Name{CommonName: "127.0.0.1"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().
			Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", pkcs8)
}
