// Localcloud runs the connector on this machine, with stand-ins for all it
// talks to in Azure and AWS and a stand-in for the Functions host.
//
//	localcloud run     runs the timer twice and shows what arrived
//	localcloud up      keeps the cloud and the timer's schedule running
//	localcloud start   keeps the cloud running under the real host, func start
//	localcloud serve   serves the stand-ins to a test that started it
//
// It is run from the repository by make, after bin/handler was built.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/servers"
)

// options are the flags that all commands share.
type options struct {
	root     string // of the repository
	dir      string // of this run's files
	findings string // files and folders as seed.Read takes them; empty for the built-in story
	damaged  bool   // adds objects that are not whole
	identity bool   // serve: the state table takes tokens in place of a key
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
		return fmt.Errorf("want one of run, up, start and serve")
	}
	root, err := servers.Root()
	if err != nil {
		return err
	}
	o := options{root: root}
	flags := flag.NewFlagSet("localcloud "+args[0], flag.ContinueOnError)
	flags.StringVar(&o.findings, "findings", "", "`files or folders` of findings, separated by commas; none for the built-in story")
	flags.BoolVar(&o.damaged, "damaged", false, "add a truncated object, a line that is not JSON, an object that is no export file")
	flags.BoolVar(&o.identity, "identity", false, "serve: a state table over TLS that takes Entra tokens in place of an account key")
	flags.StringVar(&o.dir, "dir", filepath.Join(root, ".local", "cloud"), "`folder` for the run's files")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	return commands[args[0]](ctx, o)
}

// begin starts a cloud.
func begin(ctx context.Context, o options, storage cloud.Storage) (*cloud.Cloud, error) {
	fmt.Println("Starting the local cloud: S3, Table Storage, Key Vault, identity, Logs Ingestion ...")
	return cloud.Start(ctx, cloud.Options{Dir: o.dir, Storage: storage})
}
