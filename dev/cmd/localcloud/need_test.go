package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tools are what the script itself uses.
var tools = []string{"bash", "dirname", "grep", "head", "sed"}

// need runs dev/need.sh with stubs of programs, each by its script.
func need(t *testing.T, what string, stubs map[string]string) (output string, failed bool) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range tools {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, script := range stubs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(filepath.Join(dir, "bash"), filepath.Join(root, "dev", "need.sh"), "run", what)
	cmd.Env = []string{"PATH=" + dir, "HOME=" + t.TempDir()}
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err != nil
}

// goStub is a go of a release, with a setting of GOTOOLCHAIN.
func goStub(release, toolchain string) map[string]string {
	return map[string]string{"go": fmt.Sprintf(
		`[ "$1" = env ] && echo %s || echo "go version go%s linux/amd64"`, toolchain, release)}
}

func TestNeed(t *testing.T) {
	node := func(release string) map[string]string {
		return map[string]string{"node": "echo v" + release, "npm": "echo 10.0.0"}
	}
	for _, c := range []struct {
		what  string
		stubs map[string]string
		want  string // printed; a refusal begins with make
	}{
		{"go", nil, "make run needs Go 1.26 (found none): https://go.dev/dl"},
		{"go", goStub("1.19.13", "auto"), "make run needs Go 1.26 (found 1.19): https://go.dev/dl"},
		{"go", goStub("1.25.4", "local"), "make run needs Go 1.26 (found 1.25): https://go.dev/dl"},
		{"go", goStub("1.25.4", "auto"), "Go 1.25 is installed; it fetches Go 1.26 first, once."},
		{"go", goStub("1.26.8", "local"), ""},
		{"go", goStub("1.30rc1", "local"), ""},
		{"go", goStub("2.0", "local"), ""},
		{"node", nil, "make run needs Node 20 with npm (found none): https://nodejs.org"},
		{"node", node("18.20.4"), "make run needs Node 20 with npm (found 18.20): https://nodejs.org"},
		{"node", map[string]string{"node": "echo v20.1.0"},
			"make run needs Node 20 with npm (found Node 20.1 without npm): https://nodejs.org"},
		{"node", node("20.1.0"), ""},
		{"node", node("24.0.0"), ""},
		{"func", nil, "make run needs Azure Functions Core Tools 4 (found none): " +
			"https://learn.microsoft.com/azure/azure-functions/functions-run-local; " +
			"make up runs the same without them"},
		{"func", map[string]string{"func": ""}, ""},
	} {
		out, failed := need(t, c.what, c.stubs)
		if out != c.want || failed != strings.HasPrefix(c.want, "make ") {
			t.Errorf("need %s with %v: failed = %t, %q, want %q", c.what, c.stubs, failed, out, c.want)
		}
	}
}

// Every target that calls go says so where there is none.
func TestTargetsNeedGo(t *testing.T) {
	dir := t.TempDir()
	for _, name := range append([]string{"find", "make"}, tools...) {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	targets := "run up build package test check cross docs lint-extra bench"
	for _, target := range strings.Fields(targets) {
		cmd := exec.Command(filepath.Join(dir, "make"), target)
		cmd.Dir = root
		cmd.Env = []string{"PATH=" + dir, "HOME=" + t.TempDir()}
		out, err := cmd.CombinedOutput()
		want := fmt.Sprintf("make %s needs Go 1.26 (found none): https://go.dev/dl\n", target)
		if err == nil || !strings.HasPrefix(string(out), want) {
			t.Errorf("make %s: error = %v, want %q first:\n%s", target, err, want, out)
		}
	}
}
