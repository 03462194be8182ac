package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// root is the repository, seen from this package.
const root = ".."

func readFile(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// section returns the README's section of that title.
func section(t *testing.T, title string) string {
	t.Helper()
	_, rest, ok := strings.Cut(readFile(t, "README.md"), "\n## "+title+"\n")
	if !ok {
		t.Fatalf("README.md has no section %q", title)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

// TestRepositoryMap holds the README's map to the tree, both ways.
func TestRepositoryMap(t *testing.T) {
	var mapped []string
	for line := range strings.Lines(section(t, "Repository map")) {
		names, _, ok := strings.Cut(line, "   ")
		if !ok {
			continue
		}
		for name := range strings.FieldsSeq(names) {
			mapped = append(mapped, strings.TrimSuffix(name, "/"))
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("README.md maps %s: %v", name, err)
			}
		}
	}
	out, err := exec.Command("git", "-C", root, "ls-files").Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	for file := range strings.Lines(string(out)) {
		top, _, _ := strings.Cut(strings.TrimSpace(file), "/")
		if !slices.Contains(mapped, top) {
			t.Errorf("README.md does not map %s", top)
			mapped = append(mapped, top)
		}
	}
}

// TestDocumentsExist follows the README's references to files.
func TestDocumentsExist(t *testing.T) {
	for _, m := range regexp.MustCompile("`((?:docs|infra|handler|dev)/[a-zA-Z0-9_./-]+)`").FindAllStringSubmatch(readFile(t, "README.md"), -1) {
		if _, err := os.Stat(filepath.Join(root, m[1])); err != nil {
			t.Errorf("README.md names %s: %v", m[1], err)
		}
	}
}
