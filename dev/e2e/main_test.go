package e2e_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/servers"
)

// patience bounds every wait for something that does happen. None comes near
// it unless something hangs.
const patience = 20 * time.Minute

// appDir is the app folder of all hosts, with a handler built for these tests:
// they never run a stale one.
var appDir string

// clouds is how many tests run at once, each with a cloud of its own. Many do
// nothing but wait, whatever the number of processors.
const clouds = "3"

// large makes some tests as long as they can be:
// go test -C dev ./e2e -large -timeout 2h
var large = flag.Bool("large", false, "the objects and pairs of a large organization")

// ifLarge is the first number with -large, else the second.
func ifLarge(most, usual int) int {
	if *large {
		return most
	}
	return usual
}

func TestMain(m *testing.M) {
	if os.Getenv(hostEnv) != "" {
		os.Exit(hostProcess())
	}
	os.Exit(runAll(m))
}

func runAll(m *testing.M) int {
	flag.Parse()
	err := flag.Set("test.parallel", clouds)
	dir, dirErr := os.MkdirTemp("", "e2e-app-")
	root, rootErr := servers.Root()
	if err = errors.Join(err, dirErr, rootErr); err == nil {
		defer os.RemoveAll(dir)
		appDir, earlierDir = filepath.Join(dir, "app"), filepath.Join(dir, "earlier")
		err = buildApp(appDir, root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	return m.Run()
}

// buildApp makes an app folder as it is deployed: host.json, the function and
// the handler, built as for a release from the sources in root.
func buildApp(dir, root string) error {
	for _, name := range []string{"host.json", filepath.Join(function, "function.json")} {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	handler := filepath.Join(dir, "bin", "handler")
	build := exec.Command("go", "build", "-C", root, "-trimpath", "-ldflags=-s -w", "-o", handler, "./handler")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the handler: %w: %s", err, out)
	}
	return nil
}

func handlerFile() string { return filepath.Join(appDir, "bin", "handler") }
