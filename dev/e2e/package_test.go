package e2e_test

import (
	"archive/zip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/seed"
	"guardduty-sentinel/dev/internal/servers"
)

// The deployment package, unpacked into an empty folder, is a whole app: with
// its own host.json and function.json it delivers, and each finding once.
func TestPackageRuns(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the package is for linux/amd64")
	}
	t.Parallel()
	f := newFixture(t, cloud.WithIdentity)
	f.app = unpacked(t)
	findings := f.builtIn()
	objects := f.export(findings, seed.Options{Seed: 21, Days: 2})
	f.start()
	f.run()
	f.arrivedOnce(findings, objects)
	f.run()
	f.arrivedOnce(findings, objects)
}

// unpacked makes the package and unpacks it as the platform does, with the
// modes that the zip has.
func unpacked(t *testing.T) string {
	t.Helper()
	root, err := servers.Root()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "app.zip")
	if out, err := exec.Command("go", "run", "-C", filepath.Join(root, "dev"), "./cmd/package", "-out",
		file).CombinedOutput(); err != nil {
		t.Fatalf("package: %v: %s", err, out)
	}
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	dir := t.TempDir()
	for _, entry := range z.File {
		unpack(t, dir, entry)
	}
	return dir
}

func unpack(t *testing.T, dir string, entry *zip.File) {
	t.Helper()
	from, err := entry.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	body, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, filepath.FromSlash(entry.Name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, body, entry.Mode()); err != nil {
		t.Fatal(err)
	}
}
