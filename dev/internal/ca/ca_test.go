package ca_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/ca"
)

const vault = "guardduty-local.vault.azure.net"

func newAuthority(t *testing.T) (*ca.Authority, string) {
	t.Helper()
	dir := t.TempDir()
	a, err := ca.New(dir)
	if err != nil {
		t.Fatalf("New(dir) = %v, want no error", err)
	}
	return a, dir
}

// handshake dials a server of cfg as a client that trusts pool and asks for name.
func handshake(t *testing.T, cfg *tls.Config, pool *x509.CertPool, name string) error {
	t.Helper()
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of every refused handshake
	srv.TLS = cfg
	srv.StartTLS()
	defer srv.Close()
	conn, err := tls.Dial("tcp", srv.Listener.Addr().String(), &tls.Config{RootCAs: pool, ServerName: name})
	if err != nil {
		return err
	}
	return conn.Close()
}

func TestServerIsTrustedUnderItsNamesOnly(t *testing.T) {
	a, _ := newAuthority(t)
	other, _ := newAuthority(t)
	for _, tt := range []struct {
		test string
		pool *x509.CertPool
		name string
		ok   bool
	}{
		{"DNS name", a.Pool(), vault, true},
		{"IPv4 address", a.Pool(), "127.0.0.1", true},
		{"IPv6 address", a.Pool(), "::1", true},
		{"another name", a.Pool(), "other.vault.azure.net", false},
		{"another address", a.Pool(), "127.0.0.2", false},
		{"another root", other.Pool(), vault, false},
	} {
		t.Run(tt.test, func(t *testing.T) {
			cfg, err := a.ServerTLS(vault, "127.0.0.1", "::1")
			if err != nil {
				t.Fatalf("ServerTLS() = %v, want no error", err)
			}
			if err := handshake(t, cfg, tt.pool, tt.name); (err == nil) != tt.ok {
				t.Errorf("handshake(%q) = %v, want success %t", tt.name, err, tt.ok)
			}
		})
	}
}

func TestRootFileHoldsOnlyTheCertificate(t *testing.T) {
	a, dir := newAuthority(t)
	if want := filepath.Join(dir, "ca.pem"); a.File() != want {
		t.Errorf("File() = %q, want %q", a.File(), want)
	}
	text, err := os.ReadFile(a.File())
	if err != nil {
		t.Fatalf("ReadFile(File()) = %v, want no error", err)
	}
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" || len(rest) != 0 {
		t.Fatalf("ca.pem = %q, want one certificate", text)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatalf("ParseCertificate(ca.pem) = %v, want no error", err)
	}
	if left := time.Until(cert.NotAfter); left < 24*time.Hour || left > 7*24*time.Hour {
		t.Errorf("root is valid for %v, want a few days", left)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 {
		t.Errorf("ReadDir(dir) = %d files, %v, want only ca.pem", len(files), err)
	}
}

func TestServerPairServesAnotherProcess(t *testing.T) {
	a, dir := newAuthority(t)
	// A readable file of an earlier run must not lend its mode to the new key.
	if err := os.WriteFile(filepath.Join(dir, "server-key.pem"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	cert, key, err := a.WriteServerPair(dir, "127.0.0.1")
	if err != nil {
		t.Fatalf("WriteServerPair() = %v, want no error", err)
	}
	info, err := os.Stat(key)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("Stat(key) = %v, %v, want mode 0600", info.Mode(), err)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatalf("LoadX509KeyPair() = %v, want no error", err)
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{pair}}
	if err := handshake(t, cfg, a.Pool(), "127.0.0.1"); err != nil {
		t.Errorf("handshake() = %v, want no error", err)
	}
}

func TestFaultsAreNamed(t *testing.T) {
	a, dir := newAuthority(t)
	if _, err := a.ServerTLS(); err == nil || !strings.Contains(err.Error(), "no name") {
		t.Errorf("ServerTLS() = %v, want an error about the missing name", err)
	}
	missing := filepath.Join(dir, "missing")
	if _, err := ca.New(missing); err == nil || !strings.Contains(err.Error(), "ca.pem") {
		t.Errorf("New(missing) = %v, want an error that names the file", err)
	}
	if _, _, err := a.WriteServerPair(missing, "::1"); err == nil || !strings.Contains(err.Error(), "server-key.pem") {
		t.Errorf("WriteServerPair(missing) = %v, want an error that names the file", err)
	}
}
