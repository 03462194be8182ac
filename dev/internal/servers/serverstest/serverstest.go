// Package serverstest starts the servers of package servers for a test, and
// stops them when it ends.
//
// A server that is not installed skips the test, unless MUST_RUN is set: then
// it fails, so that no skip goes unseen where all must run.
package serverstest

import (
	"errors"
	"os"
	"testing"

	"guardduty-sentinel/dev/internal/servers"
)

// Azurite is servers.StartAzurite for a test.
func Azurite(t testing.TB, opts servers.AzuriteOptions) *servers.Azurite {
	t.Helper()
	a, err := servers.StartAzurite(t.Context(), opts)
	Need(t, err)
	t.Cleanup(func() { stop(t, a.Stop) })
	return a
}

// Versity is servers.StartVersity for a test.
func Versity(t testing.TB, opts servers.VersityOptions) *servers.Versity {
	t.Helper()
	v, err := servers.StartVersity(t.Context(), opts)
	Need(t, err)
	t.Cleanup(func() { stop(t, v.Stop) })
	return v
}

// Need returns when err is nil. An error that wraps servers.ErrMissing skips
// the test unless MUST_RUN is set; any other fails it.
func Need(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, servers.ErrMissing) && os.Getenv("MUST_RUN") == "":
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

func stop(t testing.TB, stop func() error) {
	t.Helper()
	if err := stop(); err != nil {
		t.Error(err)
	}
}
