// Package cloud puts the local stand-ins together: everything that the handler
// talks to in Azure and AWS, on loopback.
//
// The handler takes the same path as in Azure. Its settings hold the services'
// real names; a proxy leads those names to the stand-ins and refuses every other;
// the stand-ins' certificates come from a private authority, trusted through
// SSL_CERT_FILE. Only the S3 endpoint is set by the setting that the AWS SDK
// has for it.
package cloud

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"guardduty-sentinel/dev/internal/ca"
	"guardduty-sentinel/dev/internal/egress"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/identity"
	"guardduty-sentinel/dev/internal/ingestion"
	"guardduty-sentinel/dev/internal/keyvault"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/servers"
	"guardduty-sentinel/dev/internal/tables"
)

// The names of the local cloud, of the form that Azure gives them.
const (
	VaultHost     = "guardduty-local.vault.azure.net"
	IngestionHost = "guardduty-local-x1y2.westeurope-1.ingest.monitor.azure.com"
	RuleID        = "dcr-0123456789abcdef0123456789abcdef"
	Region        = "eu-west-1"
	Stream        = "Custom-AWSGuardDuty_CL"

	AccessKeyIDSecret     = "aws-access-key-id"
	SecretAccessKeySecret = "aws-secret-access-key"
)

// Options say what the cloud is like.
type Options struct {
	Dir     string // files of this run: certificates, logs, rows
	Rows    string // the file of accepted rows; empty for rows.ndjson in Dir
	Storage Storage
	// Count, when set, is given the bodies that Logs Ingestion accepts, in place
	// of the checks and of the file of rows (ingestion.Config).
	Count func(body []byte) (rows int, err error)
	// PageSize is s3server.Options.PageSize.
	PageSize int
}

// Storage says how the state table is reached.
type Storage int

const (
	// WithIdentity is a table service over TLS that takes Entra tokens, as in
	// a deployment without keys.
	WithIdentity Storage = iota
	// WithKey is a table service with a connection string.
	WithKey
	// AllServices is WithKey with blobs and queues, which the Functions host
	// itself needs.
	AllServices
	// InMemory is WithKey on a table service of this process, which needs no
	// other program and whose writes cost the same however many rows there are.
	InMemory
	// InMemoryWithIdentity is WithIdentity on that service.
	InMemoryWithIdentity
)

// identity reports whether the handler reaches the tables with tokens.
func (s Storage) identity() bool { return s == WithIdentity || s == InMemoryWithIdentity }

// Cloud is the running stand-ins.
type Cloud struct {
	S3        *s3server.Server
	Identity  *identity.Server
	Vault     *keyvault.Server
	Ingestion *ingestion.Server
	Proxy     *egress.Proxy
	Tables    *servers.Azurite // nil with the tables in memory
	Memory    *tables.Server   // the tables in memory, or nil

	// Faults are scripted by service: s3, identity, vault, ingestion, and tables
	// where these are in memory.
	Faults map[string]*faults.Script

	// AccessKeyID and SecretAccessKey are the key pair in the vault.
	AccessKeyID, SecretAccessKey string

	opts       Options
	ca         *ca.Authority
	root       string
	s3URL      string
	idURL      string
	proxyURL   string
	tablesURI  string // of the tables, for an identity
	connection string // of the tables, with the account's key
	closers    []func() error
}

// RowsFile is where the accepted rows are, one JSON object a line.
func (c *Cloud) RowsFile() string { return c.opts.Rows }

// Start starts the cloud. The caller must Close it.
func Start(ctx context.Context, opts Options) (*Cloud, error) {
	if opts.Rows == "" {
		opts.Rows = filepath.Join(opts.Dir, "rows.ndjson")
	}
	c := &Cloud{opts: opts, Faults: map[string]*faults.Script{}}
	if err := c.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("local cloud: %w", err), c.Close())
	}
	return c, nil
}

func (c *Cloud) start(ctx context.Context) (err error) {
	if c.root, err = servers.Root(); err != nil {
		return err
	}
	if err := os.MkdirAll(c.opts.Dir, 0o755); err != nil {
		return err
	}
	if c.ca, err = ca.New(c.opts.Dir); err != nil {
		return err
	}
	if err := c.startS3(); err != nil {
		return err
	}
	if err := c.startAzure(); err != nil {
		return err
	}
	return c.startTables(ctx)
}

// startS3 makes the key pair too: the server knows only its id.
func (c *Cloud) startS3() error {
	c.AccessKeyID = "AKIA" + strings.ToUpper(rand.Text()[:16])
	c.SecretAccessKey = rand.Text() + rand.Text()[:14]
	server, err := s3server.New(s3server.Options{AccessKeyIDs: []string{c.AccessKeyID}, PageSize: c.opts.PageSize})
	if err != nil {
		return err
	}
	c.S3 = server
	addr, err := c.serve(c.faulty("s3", server), false)
	c.s3URL = "http://" + addr
	return err
}

// startAzure starts the stand-ins for Azure and the proxy that leads to them.
func (c *Cloud) startAzure() error {
	c.Identity = identity.New()
	c.Vault = keyvault.New(c.Identity.TenantID, c.Identity.Verify)
	c.Vault.Set(AccessKeyIDSecret, c.AccessKeyID)
	c.Vault.Set(SecretAccessKeySecret, c.SecretAccessKey)
	schema, err := ingestion.LoadSchema(filepath.Join(c.root, "infra", "schema", "guardduty.columns.json"))
	if err != nil {
		return err
	}
	if err := os.Remove(c.RowsFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	c.Ingestion, err = ingestion.New(
		ingestion.Config{
			Rule:   RuleID,
			Schema: schema,
			Verify: c.Identity.Verify,
			File:   c.RowsFile(),
			Count:  c.opts.Count,
		},
	)
	if err != nil {
		return err
	}
	c.closers = append(c.closers, c.Ingestion.Close)

	idAddr, err := c.serve(c.faulty("identity", c.Identity.Handler()), true, "127.0.0.1")
	if err != nil {
		return err
	}
	c.idURL = "https://" + idAddr + identity.Path
	vaultAddr, err := c.serve(c.faulty("vault", c.Vault.Handler()), true, VaultHost)
	if err != nil {
		return err
	}
	ingestionAddr, err := c.serve(c.faulty("ingestion", c.Ingestion.Handler()), true, IngestionHost)
	if err != nil {
		return err
	}
	c.Proxy, err = egress.New(map[string]string{VaultHost + ":443": vaultAddr, IngestionHost + ":443": ingestionAddr})
	if err != nil {
		return err
	}
	c.closers = append(c.closers, c.Proxy.Close)
	proxyAddr, err := c.serve(c.Proxy, false)
	c.proxyURL = "http://" + proxyAddr
	return err
}

// faulty puts a fault script in front of a service.
func (c *Cloud) faulty(name string, h http.Handler) http.Handler {
	c.Faults[name] = &faults.Script{}
	return c.Faults[name].Wrap(h)
}

// serve serves h on a free loopback port, over TLS for the given names, and
// returns the address.
func (c *Cloud) serve(h http.Handler, tls bool, names ...string) (string, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	c.closers = append(c.closers, server.Close)
	if !tls {
		go server.Serve(ln) // ends with Close
		return ln.Addr().String(), nil
	}
	if server.TLSConfig, err = c.ca.ServerTLS(names...); err != nil {
		return "", errors.Join(err, ln.Close())
	}
	go server.ServeTLS(ln, "", "") // ends with Close
	return ln.Addr().String(), nil
}

// Close stops everything that Start started.
func (c *Cloud) Close() error {
	var errs []error
	for i := len(c.closers) - 1; i >= 0; i-- {
		errs = append(errs, c.closers[i]())
	}
	c.closers = nil
	return errors.Join(errs...)
}
