// Package servers starts real servers as child processes, for local runs and
// tests: Azurite (Azure Storage) and versitygw (S3).
//
// Each listens on a free loopback port and is ready when its Start function
// returns. Stop ends the process that was started and no other. On Linux a
// server also ends when its starter does, however that ends.
package servers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrMissing says that a program is not installed: the packages of dev/node
// were not fetched, or versitygw is not there.
var ErrMissing = errors.New("program not installed")

// Root finds the repository's root from the working directory upward: the
// folder with host.json, or with the go.mod of module guardduty-sentinel.
func Root() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("repository root: %w", err)
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		if isRoot(dir) {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("repository root: neither host.json nor go.mod of guardduty-sentinel in %s or above",
				start)
		}
	}
}

func isRoot(dir string) bool {
	if info, err := os.Stat(filepath.Join(dir, "host.json")); err == nil && info.Mode().IsRegular() {
		return true
	}
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if strings.TrimSpace(line) == "module guardduty-sentinel" {
			return true
		}
	}
	return false
}

// installed is path when there is a file; else the error wraps ErrMissing and
// says how to get it.
func installed(path, how string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return "", fmt.Errorf("%s: %w (%s)", path, ErrMissing, how)
	}
	return path, nil
}
