// Package localtest starts real servers for the tests of the adapters: the
// local cloud of dev/ as a child process, which starts versitygw on demand. Only
// tests import it.
//
// A program that is not installed skips the test, unless MUST_RUN is set: then
// it fails, so that no skip goes unseen where all must run.
package localtest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Root returns the repository's root: the folder with host.json, found from
// the working directory upward.
func Root(t testing.TB) string {
	t.Helper()
	start, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "host.json")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatalf("no host.json in %s or above", start)
		}
	}
}

// program returns the path of an installed program below the root.
func program(t testing.TB, how string, elem ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{Root(t)}, elem...)...)
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	if info, err := os.Stat(path); err != nil || info.IsDir() {
		missing(t, fmt.Sprintf("%s is not installed: %s", filepath.Join(elem...), how))
	}
	return path
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("MUST_RUN") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// NoListener returns a loopback address without a listener. It is the near end
// of a connection, so that no server can be given it before the test ends.
func NoListener(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	conn, err := net.Dial("tcp4", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.LocalAddr().String()
}
