package main_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/servers"
)

// made is where TestMain made a package: the program, the zip and the folder.
var made struct{ root, program, zip, app string }

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	dir, err := os.MkdirTemp("", "package-test-")
	if err == nil {
		defer os.RemoveAll(dir)
		err = makePackage(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func makePackage(dir string) (err error) {
	if made.root, err = servers.Root(); err != nil {
		return err
	}
	made.program = filepath.Join(dir, "package")
	made.zip, made.app = filepath.Join(dir, "a.zip"), filepath.Join(dir, "app")
	if out, err := exec.Command("go", "build", "-o", made.program, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, out)
	}
	if out, err := exec.Command(made.program, "-out", made.zip, "-dir", made.app).CombinedOutput(); err != nil {
		return fmt.Errorf("package: %w: %s", err, out)
	}
	return nil
}

func open(t *testing.T, name string) []*zip.File {
	t.Helper()
	z, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { z.Close() })
	return z.File
}

func body(t *testing.T, name string) []byte {
	t.Helper()
	for _, f := range open(t, made.zip) {
		if f.Name != name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	t.Fatalf("the package has no %s", name)
	return nil
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The package is exactly this, on every machine: no settings, no source, no
// folder entries.
func TestContents(t *testing.T) {
	want := []string{
		"-rw-r--r-- GuardDutyTimer/function.json",
		"-rw-r--r-- LICENSE",
		"-rw-r--r-- THIRD_PARTY_NOTICES",
		"-rwxr-xr-x bin/handler",
		"-rw-r--r-- host.json",
	}
	var got []string
	for _, f := range open(t, made.zip) {
		got = append(got, fmt.Sprintf("%v %s", f.Mode(), f.Name))
		if at := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC); !f.Modified.Equal(at) {
			t.Errorf("%s is of %v, want %v", f.Name, f.Modified, at)
		}
		if f.Name == "THIRD_PARTY_NOTICES" || f.Name == "bin/handler" {
			continue // made, not copied
		}
		if on := filepath.Join(made.root, f.Name); !bytes.Equal(body(t, f.Name), read(t, on)) {
			t.Errorf("%s is not the one of the repository", f.Name)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the package holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// The folder, for tools that zip a folder themselves, has the same files.
func TestFolderIsTheSame(t *testing.T) {
	var got []string
	err := filepath.WalkDir(made.app, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(made.app, name)
		if err != nil {
			return err
		}
		got = append(got, filepath.ToSlash(rel))
		if info, err := d.Info(); err != nil || info.Mode()&0o100 != 0 != (rel == "bin/handler") {
			t.Errorf("%s has mode %v, %v", rel, info.Mode(), err)
		}
		if !bytes.Equal(read(t, name), body(t, filepath.ToSlash(rel))) {
			t.Errorf("%s differs from the one in the zip", rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := len(open(t, made.zip)); len(got) != want {
		t.Errorf("the folder holds %q, want the %d files of the zip", got, want)
	}
}

// Another checkout at another path and time, with another machine's settings,
// gives the same bytes.
func TestSameSourceSameBytes(t *testing.T) {
	other := filepath.Join(t.TempDir(), "another checkout")
	for _, name := range []string{"handler", "GuardDutyTimer", "go.mod", "go.sum", "host.json", "LICENSE"} {
		from := filepath.Join(made.root, name)
		info, err := os.Stat(from)
		if err != nil {
			t.Fatal(err)
		}
		if info.IsDir() {
			err = os.CopyFS(filepath.Join(other, name), os.DirFS(from))
		} else {
			err = os.WriteFile(filepath.Join(other, name), read(t, from), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(made.program, "-root", other, "-out", "out/b.zip")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(),
		"GOFLAGS=-tags=other", "GOAMD64=v2", "CGO_ENABLED=1", "GOOS=windows", "TZ=Asia/Tokyo")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("package: %v: %s", err, out)
	}
	b := filepath.Join(other, "out", "b.zip")
	if !bytes.Equal(read(t, made.zip), read(t, b)) {
		t.Errorf("sums = %s and %s, want the same bytes", read(t, made.zip+".sha256"), read(t, b+".sha256"))
	}
}

// The file of the sum is one line as sha256sum -c reads it.
func TestSumIsThatOfTheZip(t *testing.T) {
	want := fmt.Sprintf("%x  %s\n", sha256.Sum256(read(t, made.zip)), filepath.Base(made.zip))
	if got := string(read(t, made.zip+".sha256")); got != want {
		t.Errorf("%s.sha256 = %q, want %q", made.zip, got, want)
	}
}

// The host's machine has no C library to count on and no Go.
func TestHandlerIsStaticLinuxAMD64(t *testing.T) {
	f, err := elf.NewFile(bytes.NewReader(body(t, "bin/handler")))
	if err != nil {
		t.Fatal(err)
	}
	linux := f.Class == elf.ELFCLASS64 && f.OSABI == elf.ELFOSABI_NONE && f.Type == elf.ET_EXEC
	if f.Machine != elf.EM_X86_64 || !linux {
		t.Errorf("ELF = %v %v %v %v, want an executable for x86-64", f.Machine, f.Class, f.OSABI, f.Type)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("ELF has a %v, want a static executable", p.Type)
		}
	}
	for _, path := range []string{made.root, os.TempDir() + "/"} {
		if path != "/" && bytes.Contains(body(t, "bin/handler"), []byte(path)) {
			t.Errorf("the handler contains %q, want no path of this machine", path)
		}
	}
}

// Every module in the binary is in the notices with its version and a text,
// and no other.
func TestNoticesNameWhatIsLinked(t *testing.T) {
	info, err := buildinfo.Read(bytes.NewReader(body(t, "bin/handler")))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"The Go standard library and runtime, " + info.GoVersion}
	for _, m := range info.Deps {
		want = append(want, m.Path+" "+m.Version)
	}
	if len(want) < 20 {
		t.Fatalf("the handler has %d modules, want the SDKs among them", len(want))
	}
	text := string(body(t, "THIRD_PARTY_NOTICES"))
	sections := strings.Split(text, strings.Repeat("=", 80)+"\n")
	var got []string
	for _, s := range sections[1:] {
		name, rest, _ := strings.Cut(s, "\n")
		got = append(got, name)
		if !regexp.MustCompile(`(?m)^--- LICEN[CS]E`).MatchString(rest) || len(rest) < 500 {
			t.Errorf("the notices of %s hold no licence", name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("notices = %q, want %q", got, want)
	}
	if strings.Contains(text, made.root) || strings.Contains(text, "\r") {
		t.Error("the notices depend on the machine")
	}
}

func TestFolderOfOthersIsNotEmptied(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "mine")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(made.program, "-out", filepath.Join(t.TempDir(), "c.zip"), "-dir", dir).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "is not empty") {
		t.Errorf("package into a folder with files = %v, %s, want a refusal", err, out)
	}
	read(t, file)
}
