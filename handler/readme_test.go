package main_test

import (
	"os"
	"os/exec"
	"path"
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

// section returns the page's section of that title.
func section(t *testing.T, page, title string) string {
	t.Helper()
	_, rest, ok := strings.Cut(readFile(t, page), "\n## "+title+"\n")
	if !ok {
		t.Fatalf("%s has no section %q", page, title)
	}
	body, _, _ := strings.Cut(rest, "\n## ")
	return body
}

// TestRepositoryMap holds the README's map to the tree, both ways.
func TestRepositoryMap(t *testing.T) {
	const page = "docs/development.md"
	var mapped []string
	for line := range strings.Lines(section(t, page, "Repository map")) {
		names, _, ok := strings.Cut(line, "   ")
		if !ok {
			continue
		}
		for name := range strings.FieldsSeq(names) {
			mapped = append(mapped, strings.TrimSuffix(name, "/"))
			if _, err := os.Stat(filepath.Join(root, name)); err != nil {
				t.Errorf("%s maps %s: %v", page, name, err)
			}
		}
	}
	for _, file := range tracked(t, ".") {
		top, _, _ := strings.Cut(file, "/")
		if !slices.Contains(mapped, top) {
			t.Errorf("%s does not map %s", page, top)
			mapped = append(mapped, top)
		}
	}
}

// TestRoomsOfDev holds the table of dev/README.md to the folders of dev/, both
// ways.
func TestRoomsOfDev(t *testing.T) {
	var want, got []string
	row := regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)` \\|")
	for _, m := range row.FindAllStringSubmatch(section(t, "dev/README.md", "Rooms"), -1) {
		got = append(got, m[1])
	}
	for _, file := range tracked(t, "dev") {
		parts := strings.Split(file, "/")
		depth := 1
		if parts[0] == "cmd" || parts[0] == "internal" || parts[0] == "node" {
			depth = 2
		}
		if len(parts) > depth {
			want = append(want, path.Join(parts[:depth]...))
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	for _, room := range want {
		if !slices.Contains(got, room) {
			t.Errorf("dev/README.md lacks dev/%s", room)
		}
	}
	for _, room := range got {
		if !slices.Contains(want, room) {
			t.Errorf("dev/README.md lists dev/%s, which has no files", room)
		}
	}
}

// TestDocumentsExist follows the pages' references to files: paths from the
// root in code, and links from where the page lies.
func TestDocumentsExist(t *testing.T) {
	named := regexp.MustCompile("`((?:docs|infra|handler|dev)/[a-zA-Z0-9_./-]+)`")
	linked := regexp.MustCompile(`\]\(([a-zA-Z0-9_./-]+\.[a-z]+)(?:#[a-z-]+)?\)`)
	for _, page := range tracked(t, ".") {
		if path.Ext(page) != ".md" {
			continue
		}
		var files []string
		text := readFile(t, page)
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			files = append(files, m[1])
		}
		for _, m := range linked.FindAllStringSubmatch(text, -1) {
			files = append(files, path.Join(path.Dir(page), m[1]))
		}
		for _, file := range files {
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s names %s: %v", page, file, err)
			}
		}
	}
}

// tracked returns the files below a folder of the repository that git knows.
func tracked(t *testing.T, folder string) []string {
	t.Helper()
	out, err := exec.Command("git", "-C", filepath.Join(root, folder), "ls-files").Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

// TestTargetsExist holds the pages to the targets of the Makefile.
func TestTargetsExist(t *testing.T) {
	var targets []string
	for _, m := range regexp.MustCompile(`(?m)^\.PHONY: (.+)$`).FindAllStringSubmatch(readFile(t, "Makefile"), -1) {
		targets = append(targets, strings.Fields(m[1])...)
	}
	inText, inBlock := regexp.MustCompile("`make ([a-z][a-z-]*)"), regexp.MustCompile("(?m)^ *make ([a-z][a-z-]*)")
	for _, page := range tracked(t, ".") {
		if path.Ext(page) != ".md" {
			continue
		}
		for i, part := range strings.Split(readFile(t, page), "```") {
			named := inText
			if i%2 == 1 {
				named = inBlock
			}
			for _, m := range named.FindAllStringSubmatch(part, -1) {
				if !slices.Contains(targets, m[1]) {
					t.Errorf("%s names make %s, which the Makefile does not have", page, m[1])
				}
			}
		}
	}
}
