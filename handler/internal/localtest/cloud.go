package localtest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"guardduty-sentinel/handler/internal/azclient"
)

// Cloud is a running local cloud: S3, Key Vault, identity, Table Storage and
// Logs Ingestion, arranged and looked at over its control.
type Cloud struct {
	Control         string            // URL of the control
	Settings        map[string]string // app settings that lead to the cloud
	Environ         []string          // environment of a handler that uses it
	CA              string            // file with its certificate authority
	AccessKeyID     string            // the key pair in the vault
	SecretAccessKey string

	child  *exec.Cmd
	stdin  io.Closer
	stderr bytes.Buffer
	dir    string
	roots  *x509.CertPool
}

// Shared is one cloud for the tests of a package, started by the first that
// asks. TestMain is Main, which ends it after the tests.
type Shared struct {
	flags []string
	once  sync.Once
	cloud *Cloud
	err   error
}

// NewShared returns a cloud to be started with further flags of localcloud
// serve.
func NewShared(flags ...string) *Shared { return &Shared{flags: flags} }

// Cloud returns the running cloud. It skips the test when the local cloud is
// not built.
func (s *Shared) Cloud(t testing.TB) *Cloud {
	t.Helper()
	binary := program(t, "make builds it", "dev", "bin", "localcloud")
	if _, err := os.Stat(filepath.Join(Root(t), "dev", "node", "node_modules")); err != nil {
		missing(t, "dev/node/node_modules is not there: npm ci --ignore-scripts in dev/node")
	}
	s.once.Do(func() { s.cloud, s.err = start(binary, Root(t), s.flags) })
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.cloud
}

// Main runs the tests of a package, ends the clouds and exits.
func Main(m *testing.M, clouds ...*Shared) {
	code := m.Run()
	for _, s := range clouds {
		s.stop()
	}
	os.Exit(code)
}

// stop ends the cloud, if it runs.
func (s *Shared) stop() {
	if s.cloud == nil {
		return
	}
	if err := s.cloud.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "local cloud:", err)
	}
}

// start starts the cloud and waits for the line that says where it is.
func start(binary, root string, flags []string) (_ *Cloud, err error) {
	c := &Cloud{}
	if c.dir, err = os.MkdirTemp("", "localcloud-"); err != nil {
		return nil, err
	}
	c.child = exec.Command(binary, append([]string{"serve", "-dir", c.dir}, flags...)...)
	c.child.Dir, c.child.Stderr = root, &c.stderr
	if c.stdin, err = c.child.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := c.child.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.child.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, c)
	}
	if err == nil {
		err = c.trust()
	}
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("local cloud: %w: %s%s", err, line, &c.stderr)
	}
	return c, nil
}

func (c *Cloud) trust() error {
	pem, err := os.ReadFile(c.CA)
	if err != nil {
		return err
	}
	c.roots = x509.NewCertPool()
	if !c.roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("no certificate in %s", c.CA)
	}
	return nil
}

// stopWithin is when a cloud that does not end is killed.
const stopWithin = 5 * time.Minute

// stop ends the cloud by closing its standard input, and removes its files.
func (c *Cloud) stop() error {
	c.stdin.Close()
	late := time.AfterFunc(stopWithin, func() { c.child.Process.Kill() })
	defer late.Stop()
	err := c.child.Wait()
	os.RemoveAll(c.dir)
	return err
}

// Env returns a variable of the handler's environment.
func (c *Cloud) Env(name string) string {
	for _, v := range c.Environ {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// UseIdentity gives the process the cloud's identity endpoint for this test,
// and nothing else that a credential could come from.
func (c *Cloud) UseIdentity(t testing.TB) {
	t.Helper()
	for _, name := range []string{"IDENTITY_ENDPOINT", "IDENTITY_HEADER"} {
		t.Setenv(name, c.Env(name))
	}
	t.Setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
	t.Setenv("AZURE_CLIENT_ID", "") // to be restored; an empty one is not the same as none
	os.Unsetenv("AZURE_CLIENT_ID")
}

// Client returns an HTTP client that trusts the cloud and goes through its
// proxy, except to loopback addresses.
func (c *Cloud) Client(t testing.TB) *http.Client {
	t.Helper()
	proxy, err := url.Parse(c.Env("HTTPS_PROXY"))
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		Proxy: func(r *http.Request) (*url.URL, error) {
			if r.URL.Hostname() == "127.0.0.1" {
				return nil, nil
			}
			return proxy, nil
		},
		TLSClientConfig:     &tls.Config{RootCAs: c.roots},
		MaxIdleConnsPerHost: 64,
		DisableCompression:  true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// Options are those of an Azure client of the cloud that does not wait long
// between its attempts.
func (c *Cloud) Options(t testing.TB) azcore.ClientOptions {
	t.Helper()
	return azclient.Options(c.Client(t), Retry())
}

// Retry is what the Azure clients do as a rule, with short waits.
func Retry() policy.RetryOptions {
	return policy.RetryOptions{MaxRetries: 3, RetryDelay: time.Millisecond, MaxRetryDelay: 5 * time.Second}
}
