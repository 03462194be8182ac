// Package makes the deployment package of the function app.
//
// The zip holds what the Functions host needs and nothing else: host.json, the
// function's folder, the handler for linux/amd64, the project's licence and
// those of all that is linked into the handler. The same commit and the same Go
// release make the same bytes, on whatever machine: times, order and modes are
// fixed, and the build sees no path and no setting of the machine.
//
// Beside it goes NAME.zip.sha256, as sha256sum -c reads it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"guardduty-sentinel/dev/internal/servers"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			os.Exit(0)
		}
		fmt.Fprintln(os.Stderr, "package:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("package", flag.ContinueOnError)
	root := flags.String("root", "", "the repository; found from the working folder when empty")
	out := flags.String("out", "dist/guardduty-sentinel.zip", "the zip to write; relative to the repository")
	dir := flags.String("dir", "", "a folder to write the same files to; it is emptied first")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *root == "" {
		found, err := servers.Root()
		if err != nil {
			return err
		}
		*root = found
	}
	entries, err := collect(*root)
	if err != nil {
		return err
	}
	if *dir != "" {
		if err := writeFolder(below(*root, *dir), entries); err != nil {
			return err
		}
	}
	name := below(*root, *out)
	sum, size, err := writeZip(name, entries)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d files, %.1f MB, SHA-256 %s\n", *out, len(entries), float64(size)/1e6, sum)
	return nil
}

// below is name, or name in the repository when it is relative.
func below(root, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(root, name)
}
