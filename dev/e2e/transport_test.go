package e2e_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/ca"
	"guardduty-sentinel/dev/internal/cloud"
)

// A run that meets a certificate or a version of TLS that it does not take says
// so, and which host has it: a deadline would send people to their network, or
// looking for a switch that turns the checks off.
func TestWhatIsWrongWithTLSIsNamed(t *testing.T) {
	t.Parallel()
	other, err := ca.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	serve := func(change func(*tls.Config), names ...string) string {
		config, err := other.ServerTLS(names...)
		if err != nil {
			t.Fatal(err)
		}
		change(config)
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.TLS, server.Config.ErrorLog = config, log.New(io.Discard, "", 0)
		server.StartTLS()
		t.Cleanup(server.Close)
		return server.URL
	}
	same := func(*tls.Config) {}
	old := func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }
	for name, tt := range map[string]struct {
		s3   string // its address; empty for the local cloud's
		file string // of the authorities that are trusted; empty for the local cloud's
		want []string
	}{
		"S3 of another authority": {
			s3:   serve(same, "127.0.0.1"),
			want: []string{"GD1307", "127.0.0.1", "certificate signed by unknown authority"},
		},
		"S3 with an old version": {
			s3:   serve(old, "127.0.0.1"),
			want: []string{"GD1307", "127.0.0.1", "tls: protocol version not supported"},
		},
		"vault of another authority": {
			file: other.File(), want: []string{"GD1", "vault", "certificate signed by unknown authority"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, cloud.InMemory)
			f.with(map[string]string{"RUN_BUDGET": "30s"})
			if tt.s3 != "" {
				f.with(map[string]string{"AWS_ENDPOINT_URL_S3": tt.s3})
			}
			if tt.file != "" {
				f.environ = slices.DeleteFunc(slices.Clone(f.environ), func(v string) bool {
					return strings.HasPrefix(v, "SSL_CERT_FILE=")
				})
				f.environ = append(f.environ, "SSL_CERT_FILE="+tt.file)
			}
			f.start()
			inv := f.invoke()
			if inv.Succeeded {
				t.Fatal("the run succeeded")
			}
			for _, want := range tt.want {
				if !strings.Contains(inv.Reason, want) {
					t.Errorf("the reason is %q, want %q in it", inv.Reason, want)
				}
			}
		})
	}
}
