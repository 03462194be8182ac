package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/servers"
)

// earlier is the commit of the version that people upgrade from and go back to:
// the last one before held folders, whose state has fewer kinds of rows.
const earlier = "a9a3669e9c1a3413f36415ac1697faf9cad22a80"

// earlierDir is where that version is built.
var earlierDir string

// earlierApp returns the app folder of the earlier version, built from the
// repository's history. A checkout without it, such as a shallow one, skips the
// test.
func earlierApp(t *testing.T) string {
	t.Helper()
	root, err := servers.Root()
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("git", "-C", root, "cat-file", "-e", earlier).Run(); err != nil {
		t.Skipf("the history of this checkout has no commit %s", earlier)
	}
	app, err := buildEarlier(root)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

var (
	earlierOnce sync.Once
	earlierErr  error
)

func buildEarlier(root string) (string, error) {
	app := filepath.Join(earlierDir, "app")
	earlierOnce.Do(func() {
		sources := filepath.Join(earlierDir, "sources")
		if earlierErr = os.MkdirAll(sources, 0o755); earlierErr == nil {
			earlierErr = checkOut(root, sources)
		}
		if earlierErr == nil {
			earlierErr = buildApp(app, sources)
		}
	})
	return app, earlierErr
}

// checkOut writes the earlier version's sources of the app to a folder.
func checkOut(root, to string) error {
	archive := filepath.Join(to, "sources.tar")
	for _, command := range [][]string{
		{"git", "-C", root, "archive", "--output", archive, earlier,
			"go.mod", "go.sum", "handler", "host.json", function},
		{"tar", "-xf", archive, "-C", to},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("check out the earlier version: %s: %w: %s", command[0], err, out)
		}
	}
	return nil
}

// versions is a fixture on which handlers of two versions take turns.
type versions struct {
	*fixture
	apps map[string]string
}

// The versions by what tests call them.
const (
	before = "earlier"
	now    = "present"
)

func newVersions(t *testing.T) *versions {
	t.Helper()
	apps := map[string]string{before: earlierApp(t), now: appDir}
	return &versions{newFixture(t, cloud.InMemory), apps}
}

// startVersion starts a host of the version in place of the one there is.
func (v *versions) startVersion(name string) {
	v.Helper()
	v.stop()
	v.app = v.apps[name]
	v.start()
}
