// Package ca is the certificate authority of the local cloud.
//
// It lets the stand-ins answer under the real Azure names while the product
// keeps certificate verification on: the product trusts the root through
// SSL_CERT_FILE and needs no switch of its own. The root's key exists only in
// memory, so a root that somebody trusts for longer than a run signs nothing
// new once the run has ended.
package ca

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"time"
)

// lifetime bounds the root and every certificate under it. A run lasts
// minutes; the rest is room for one that is left standing over a weekend.
const lifetime = 4 * 24 * time.Hour

// Authority is a root and its key. It is safe for concurrent use.
type Authority struct {
	file string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// New makes a root and writes its certificate, and only that, to ca.pem in dir.
func New(dir string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("root key: %w", err)
	}
	tmpl := template("guardduty-sentinel local cloud")
	tmpl.IsCA = true
	tmpl.BasicConstraintsValid = true
	tmpl.MaxPathLenZero = true // it signs servers and no further authority
	tmpl.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("root certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("root certificate: %w", err)
	}
	a := &Authority{file: filepath.Join(dir, "ca.pem"), cert: cert, key: key}
	if err := writePEM(a.file, "CERTIFICATE", der, 0o644); err != nil {
		return nil, fmt.Errorf("root certificate: %w", err)
	}
	return a, nil
}

// File returns the path of the root certificate, for SSL_CERT_FILE.
func (a *Authority) File() string { return a.file }

// Pool returns a new pool that holds the root and nothing else.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// ServerTLS returns the configuration of a server that answers under names,
// each a DNS name or an IP address.
func (a *Authority) ServerTLS(names ...string) (*tls.Config, error) {
	der, key, err := a.issue(names)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
	}, nil
}

// WriteServerPair writes a certificate for names and its key to server.pem
// and server-key.pem in dir, for a server in a process of its own. Only the
// owner may read the key.
func (a *Authority) WriteServerPair(dir string, names ...string) (certFile, keyFile string, err error) {
	der, key, err := a.issue(names)
	if err != nil {
		return "", "", err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", fmt.Errorf("server key: %w", err)
	}
	certFile = filepath.Join(dir, "server.pem")
	keyFile = filepath.Join(dir, "server-key.pem")
	if err := writePEM(keyFile, "PRIVATE KEY", keyDER, 0o600); err != nil {
		return "", "", fmt.Errorf("server key: %w", err)
	}
	if err := writePEM(certFile, "CERTIFICATE", der, 0o644); err != nil {
		return "", "", fmt.Errorf("server certificate: %w", err)
	}
	return certFile, keyFile, nil
}

// issue signs a certificate for names and a key of its own.
func (a *Authority) issue(names []string) ([]byte, *ecdsa.PrivateKey, error) {
	if len(names) == 0 {
		return nil, nil, errors.New("server certificate: no name given")
	}
	tmpl := template(names[0])
	tmpl.KeyUsage = x509.KeyUsageDigitalSignature
	tmpl.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	for _, name := range names {
		if ip, err := netip.ParseAddr(name); err == nil {
			tmpl.IPAddresses = append(tmpl.IPAddresses, ip.AsSlice())
		} else {
			tmpl.DNSNames = append(tmpl.DNSNames, name)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("server key: %w", err)
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("server certificate for %q: %w", names[0], err)
	}
	return der, key, nil
}

// template leaves the serial number out: the x509 package draws a random one.
func template(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		Subject:   pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), // clocks differ between a host and its guests
		NotAfter:  now.Add(lifetime),
	}
}

// writePEM replaces what stands at path, so that the mode is always the one
// given here and never that of an older file.
func writePEM(path, kind string, der []byte, mode os.FileMode) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	return errors.Join(pem.Encode(f, &pem.Block{Type: kind, Bytes: der}), f.Close())
}
