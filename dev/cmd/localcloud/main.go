// Localcloud runs the connector on this machine, with stand-ins for all it
// talks to in Azure and AWS and a stand-in for the Functions host.
//
//	localcloud run     runs the timer twice and shows what arrived
//	localcloud up      keeps the cloud and the timer's schedule running
//	localcloud start   keeps the cloud running under the real host, func start
//	localcloud serve   serves the stand-ins to a test that started it
//
// It is run from the repository by make, after bin/handler was built. The
// first three take the variables FINDINGS, DAMAGED, TABLES, CLOUD and EVERY from
// the environment where no flag says otherwise, so that no shell has to quote them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/servers"
)

// options are the flags that all commands share.
type options struct {
	root     string // of the repository
	dir      string // of this run's files
	findings string // files and folders as seed.Read takes them; empty for the built-in story
	damaged  bool   // adds objects that are not whole
	azurite  bool   // the state table is Azurite's, not one of this process
	identity bool   // serve: the state table takes tokens in place of a key

	every time.Duration // between two findings that are exported while the cloud runs
}

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "localcloud:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	commands := map[string]func(context.Context, options) error{"run": twice, "up": up, "start": start, "serve": serve}
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New("one of run, up, start and serve is required")
	}
	root, err := servers.Root()
	if err != nil {
		return err
	}
	o, err := parse(root, args[0], args[1:])
	if err != nil {
		return err
	}
	return commands[args[0]](ctx, o)
}

// parse reads the flags of a command. Those of serve come from a test, whose
// environment has no say.
func parse(root, command string, args []string) (options, error) {
	o := options{root: root}
	env, tables := os.Getenv, "embedded"
	if command == "serve" {
		env, tables = func(string) string { return "" }, "azurite"
	}
	flags := flag.NewFlagSet("localcloud "+command, flag.ContinueOnError)
	flags.StringVar(&o.findings, "findings", env("FINDINGS"),
		"`files or folders` of findings, separated by commas; none for the built-in story")
	flags.BoolVar(&o.damaged, "damaged", env("DAMAGED") != "",
		"add a truncated object, a line that is not JSON, an object that is not an export file")
	flags.StringVar(&tables, "tables", or(env("TABLES"), tables), "`embedded or azurite`: where the state table is")
	flags.BoolVar(&o.identity, "identity", false,
		"serve: a state table over TLS that takes Entra tokens in place of an account key")
	flags.StringVar(&o.dir, "dir", or(env("CLOUD"), filepath.Join(".local", "cloud")), "`folder` for the run's files")
	every := flags.String("every", or(env("EVERY"), "30s"), "`time` between two findings that are exported later")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.every, err = time.ParseDuration(*every); err != nil || o.every <= 0 {
		return o, fmt.Errorf("EVERY=%s: a time such as 30s is expected", *every)
	}
	if tables != "embedded" && tables != "azurite" {
		return o, fmt.Errorf("TABLES=%s: embedded or azurite is expected", tables)
	}
	o.azurite = tables == "azurite"
	o.dir = o.path(o.dir)
	return o, nil
}

// path is a path as the user means it: ~ is the home folder, which no shell
// expands in the middle of a word, and a relative path begins in the repository.
func (o options) path(text string) string {
	if rest, ok := strings.CutPrefix(text, "~"); ok && (rest == "" || rest[0] == '/' || rest[0] == filepath.Separator) {
		if home, err := os.UserHomeDir(); err == nil {
			text = home + rest
		}
	}
	if text == "" || filepath.IsAbs(text) {
		return text
	}
	return filepath.Join(o.root, text)
}

// file is the path of a file of this run.
func (o options) file(name string) string { return filepath.Join(o.dir, name) }

// show is a path as it is shown: seen from the repository where it lies below.
func (o options) show(path string) string {
	if r, err := filepath.Rel(o.root, path); err == nil && filepath.IsLocal(r) {
		return r
	}
	return path
}

// storage is the state table for the stand-in host.
func (o options) storage() cloud.Storage {
	switch {
	case o.azurite && !o.identity:
		return cloud.WithKey
	case o.azurite:
		return cloud.WithIdentity
	case o.identity:
		return cloud.InMemoryWithIdentity
	default:
		return cloud.InMemory
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
