package egress_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/ingestion/azlogs"
	"github.com/Azure/azure-sdk-for-go/sdk/security/keyvault/azsecrets"

	"guardduty-sentinel/dev/internal/egress/egresstest"
	"guardduty-sentinel/dev/internal/identity"
	"guardduty-sentinel/dev/internal/ingestion"
	"guardduty-sentinel/dev/internal/keyvault"
)

// TestMain lets the test binary be the program that runs in the local cloud:
// the environment is read once in a process, so it takes a process of its own.
func TestMain(m *testing.M) {
	switch os.Getenv("EGRESS_TEST_CHILD") {
	case "":
		os.Exit(m.Run())
	case "upload":
		answer(upload(context.Background()))
	case "get":
		answer(get(os.Getenv("EGRESS_TEST_URL")))
	}
}

func answer(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println("ok")
}

// upload reads a secret and uploads it as a row. It is written as for Azure:
// no option is set on any client.
func upload(ctx context.Context) error {
	cred, err := azidentity.NewDefaultAzureCredential(nil)
	if err != nil {
		return err
	}
	vault, err := azsecrets.NewClient("https://"+egresstest.Vault, cred, nil)
	if err != nil {
		return err
	}
	secret, err := vault.GetSecret(ctx, "aws", "", nil)
	if err != nil {
		return err
	}
	logs, err := azlogs.NewClient("https://"+egresstest.Ingestion, cred, nil)
	if err != nil {
		return err
	}
	row := fmt.Sprintf(`[{"TimeGenerated":"2026-11-21T10:00:00Z","title_s":%q}]`, *secret.Value)
	_, err = logs.Upload(ctx, "dcr-1", "Custom-Test_CL", []byte(row), nil)
	return err
}

func get(url string) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// child runs this binary with env and nothing else, and returns its output.
func child(t *testing.T, env ...string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("child = %v, want it to run", err)
	}
	return strings.TrimSpace(string(out))
}

// cloud starts the stand-ins and returns what a program in it has set.
func cloud(t *testing.T) (*egresstest.Net, *ingestion.Server, []string) {
	t.Helper()
	id := identity.New()
	kv := keyvault.New(id.TenantID, id.Verify)
	kv.Set("aws", "the secret")
	logs, err := ingestion.New(ingestion.Config{
		Rule: "dcr-1",
		Schema: &ingestion.Schema{
			Stream:  "Custom-Test_CL",
			Columns: map[string]string{"TimeGenerated": "datetime", "title_s": "string"},
		},
		Verify: id.Verify,
	})
	if err != nil {
		t.Fatalf("ingestion.New() = %v, want no error", err)
	}
	n := egresstest.Start(t, map[string]http.Handler{
		egresstest.Identity:  id.Handler(),
		egresstest.Vault:     kv.Handler(),
		egresstest.Ingestion: logs.Handler(),
	})
	return n, logs, []string{
		"HTTPS_PROXY=" + n.ProxyURL.String(),
		"HTTP_PROXY=" + n.ProxyURL.String(),
		"IDENTITY_ENDPOINT=" + n.IdentityURL(),
		"IDENTITY_HEADER=" + id.Header,
		"AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential",
	}
}

func TestProgramNeedsNoSwitch(t *testing.T) {
	n, logs, env := cloud(t)
	env = append(env, "SSL_CERT_FILE="+n.CA.File(), "EGRESS_TEST_CHILD=upload")
	if got := child(t, env...); got != "ok" {
		t.Errorf("child = %q, want ok", got)
	}
	rows := logs.Rows()
	if len(rows) != 1 || !strings.Contains(string(rows[0]), "the secret") {
		t.Errorf("Rows() = %q, want the one the child sent", rows)
	}
	if got := n.Proxy.Refused(); len(got) != 0 {
		t.Errorf("Refused() = %q, want none", got)
	}
}

func TestProgramCanNotGoElsewhere(t *testing.T) {
	n, _, env := cloud(t)
	trust := "SSL_CERT_FILE=" + n.CA.File()
	for _, tt := range []struct{ test, url, trust, want string }{
		{"routed and trusted", "https://" + egresstest.Vault, trust, "ok"},
		{"not trusted", "https://" + egresstest.Vault, "SSL_CERT_FILE=" + os.DevNull, "certificate"},
		{"not routed", "https://login.microsoftonline.com/", trust, "Forbidden"},
		{"plain HTTP is answered by the proxy itself", "http://169.254.169.254/metadata", trust, "ok"},
	} {
		t.Run(tt.test, func(t *testing.T) {
			got := child(t, append(slices.Clone(env), tt.trust, "EGRESS_TEST_CHILD=get", "EGRESS_TEST_URL="+tt.url)...)
			if !strings.Contains(got, tt.want) {
				t.Errorf("child's GET %s = %q, want %q", tt.url, got, tt.want)
			}
		})
	}
	want := []string{"login.microsoftonline.com:443", "169.254.169.254:80"}
	if got := n.Proxy.Refused(); !slices.Equal(got, want) {
		t.Errorf("Refused() = %q, want %q", got, want)
	}
}
