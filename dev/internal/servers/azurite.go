package servers

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Account and AccountKey are the development account that Azurite, like the
// emulators before it, is documented to have. They are public.
const (
	Account    = "devstoreaccount1"
	AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// AzuriteOptions say how Azurite runs. The zero value is tables only, in
// memory, over http, with the development account's key.
type AzuriteOptions struct {
	// Dir holds node_modules; "" is dev/node in the repository.
	Dir string
	// AllServices adds blobs and queues.
	AllServices bool
	// CertFile and KeyFile (PEM) make it speak https. Both or neither.
	CertFile, KeyFile string
	// OAuth also accepts Entra tokens, by their shape: audience, issuer and
	// times are checked, the signature is not. It needs CertFile.
	OAuth bool
	// Location is a folder to keep the data in; "" is memory.
	Location string
	// Log gets what Azurite prints; nil is nowhere. To keep it in a file, open
	// one: the writer must last until Stop returns.
	Log io.Writer
}

// Azurite is a running Azurite.
type Azurite struct {
	// TableEndpoint ends in the account's name, without a slash, as do the
	// others, which are empty unless AllServices was asked for.
	TableEndpoint, BlobEndpoint, QueueEndpoint string
	// ConnectionString has the account, its key and the endpoints.
	ConnectionString string

	process *process
}

// StartAzurite starts Azurite on free ports and waits until it answers.
// When it is not installed, the error wraps ErrMissing. The caller must Stop it.
func StartAzurite(ctx context.Context, opts AzuriteOptions) (*Azurite, error) {
	if (opts.CertFile == "") != (opts.KeyFile == "") || opts.OAuth && opts.CertFile == "" {
		return nil, errors.New("azurite: CertFile and KeyFile go together, and OAuth needs them")
	}
	if opts.Dir == "" {
		root, err := Root()
		if err != nil {
			return nil, err
		}
		opts.Dir = filepath.Join(root, "dev", "node")
	}
	name := "azurite-table"
	if opts.AllServices {
		name = "azurite"
	}
	program, err := installed(filepath.Join(opts.Dir, "node_modules", ".bin", name),
		"npm ci --ignore-scripts in "+opts.Dir)
	if err != nil {
		return nil, err
	}
	client, err := trusting(opts.CertFile)
	if err != nil {
		return nil, fmt.Errorf("azurite: %w", err)
	}
	return retried(func() (*Azurite, error) { return startAzurite(ctx, program, client, opts) })
}

func startAzurite(ctx context.Context, program string, client *http.Client, opts AzuriteOptions) (*Azurite, error) {
	services := []string{"table"}
	if opts.AllServices {
		services = []string{"table", "blob", "queue"}
	}
	ports, err := freePorts(len(services))
	if err != nil {
		return nil, err
	}
	scheme := "http"
	args := []string{"-s", "--disableTelemetry", "--skipApiVersionCheck"}
	if opts.Location == "" {
		args = append(args, "--inMemoryPersistence")
	} else {
		args = append(args, "--location", opts.Location)
	}
	if opts.CertFile != "" {
		scheme = "https"
		args = append(args, "--cert", opts.CertFile, "--key", opts.KeyFile)
	}
	if opts.OAuth {
		args = append(args, "--oauth", "basic")
	}
	var endpoints []string
	for i, service := range services {
		args = append(args, "--"+service+"Host", "127.0.0.1", "--"+service+"Port", strconv.Itoa(ports[i]))
		endpoints = append(endpoints, fmt.Sprintf("%s://127.0.0.1:%d/%s", scheme, ports[i], Account))
	}
	p, err := launch(opts.Log, program, args...)
	if err != nil {
		return nil, err
	}
	if err := p.ready(ctx, client, endpoints...); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	a := &Azurite{TableEndpoint: endpoints[0], process: p}
	if opts.AllServices {
		a.BlobEndpoint, a.QueueEndpoint = endpoints[1], endpoints[2]
	}
	a.ConnectionString = connectionString(scheme, services, endpoints)
	return a, nil
}

// Stop ends Azurite; a second call does nothing.
func (a *Azurite) Stop() error { return a.process.stop() }

func connectionString(scheme string, services, endpoints []string) string {
	parts := []string{"DefaultEndpointsProtocol=" + scheme, "AccountName=" + Account, "AccountKey=" + AccountKey}
	for i, service := range services {
		parts = append(parts, strings.ToUpper(service[:1])+service[1:]+"Endpoint="+endpoints[i])
	}
	return strings.Join(parts, ";") + ";"
}

// trusting is a client that trusts the certificates of a PEM file ("" is none
// but the system's), and uses each connection once.
func trusting(certFile string) (*http.Client, error) {
	transport := &http.Transport{DisableKeepAlives: true}
	if certFile != "" {
		pem, err := os.ReadFile(certFile)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("certificate: none in %s", certFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	return &http.Client{Transport: transport}, nil
}
