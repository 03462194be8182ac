package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// settings fix what would otherwise come from the machine and show in the
// binary. Only the Go release is the machine's.
var settings = []string{
	"GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "CGO_ENABLED=0",
	"GOFLAGS=", "GOEXPERIMENT=", "GOFIPS140=off", "GOWORK=off",
}

// build returns the handler for linux/amd64: static, without paths of this
// machine, and without the state of its checkout.
func build(root string) (binary []byte, err error) {
	dir, err := os.MkdirTemp("", "package-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := filepath.Join(dir, "handler")
	flags := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid=", "-o", file, "./handler"}
	if _, err := goTool(root, flags...); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// goTool runs a go command in the repository and returns what it prints.
func goTool(root string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), settings...)
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", args[0], err, bytes.TrimSpace(problems.Bytes()))
	}
	return out, nil
}
