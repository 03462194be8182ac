// Bench measures the connector from outside: the built handler, a process of
// its own, against the local cloud, whose stand-ins run in this process.
//
// It prints one table, of what was reached and what is wanted. Nothing is
// asserted of a figure; a run that fails, or a finding that is not delivered
// exactly once, ends the program with 1. The stand-ins work on the same
// processors as the handler, so a duration is an upper bound.
//
// A scenario is named by a letter:
//
//	A   500 objects of 10 findings, 20 ms on every S3 call and every upload
//	B   the same without latency
//	B2  20,000 objects of 5 findings
//	C   nothing new in one pair of account and region with 100,000 old objects
//	C2  nothing new in up to 17,000 pairs, 20 ms on every S3 call
//	L   40 objects of 10,000 findings
//	E   the row pipeline on one core beside its floor
//	F   starting, resting, and the size of the program
//	D   a backlog of 1,000,000 objects, in runs of a budget; not by default
//
// It is run from the repository by make, after the handler was built.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"guardduty-sentinel/dev/internal/servers"
)

// limit bounds the whole program; a backlog's own is below it.
const limit = 80 * time.Minute

// bench is what all scenarios share.
type bench struct {
	root    string // of the repository
	handler string // the program that is measured
	dir     string // files of the runs
	runs    int    // of each timed scenario, each on fresh state
	profile bool   // the handler was built to write profiles
	backlog backlog
	budget  time.Duration // RUN_BUDGET of the backlog's runs
	lines   *lines
}

// scenario measures something and returns its rows of the table.
type scenario func(context.Context, *bench) ([]figure, error)

var scenarios = map[string]scenario{
	"A": latency, "B": plain, "B2": many, "L": large, "C": oldObjects, "C2": manyPairs, "D": drain, "E": pipeline,
	"F": standing,
}

const usual = "A,B,B2,C,C2,L,E,F"

func main() {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	b, names, err := options(args)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	// The stand-ins' garbage is collected less often: it is the handler that
	// the processors are for.
	debug.SetGCPercent(400)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var all []figure
	for _, name := range names {
		began := time.Now()
		fmt.Fprintf(os.Stderr, "%s ...", name)
		figures, err := scenarios[name](ctx, b)
		fmt.Fprintf(os.Stderr, " %.0f s\n", time.Since(began).Seconds())
		all = append(all, figures...)
		if err != nil {
			return errors.Join(fmt.Errorf("scenario %s: %w", name, err), writeTable(os.Stdout, all))
		}
		runtime.GC()
	}
	return writeTable(os.Stdout, all)
}

func options(args []string) (*bench, []string, error) {
	root, err := servers.Root()
	if err != nil {
		return nil, nil, err
	}
	b := &bench{root: root, backlog: backlog{objects: 1_000_000, days: 60}}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	chosen := flags.String("scenarios", usual, "`names` of the scenarios, with commas between them")
	flags.IntVar(&b.runs, "runs", 3, "how `often` each timed scenario is run")
	flags.Var(&b.backlog, "backlog", "size of scenario D, `objects,days`")
	flags.DurationVar(&b.budget, "budget", 90*time.Second, "RUN_BUDGET of scenario D")
	flags.StringVar(&b.handler, "handler", filepath.Join(root, "bin", "handler"), "`program` to measure")
	flags.StringVar(&b.dir, "dir", filepath.Join(root, ".local", "bench"), "`folder` for files and profiles")
	flags.BoolVar(&b.profile, "profile", false, "keep profiles of a handler that was built with the tag profile")
	if err := flags.Parse(args); err != nil {
		return nil, nil, err
	}
	names := strings.Split(*chosen, ",")
	if i := slices.IndexFunc(names, func(name string) bool { return scenarios[name] == nil }); i >= 0 {
		return nil, nil, fmt.Errorf("there is no scenario %q", names[i])
	}
	if runtime.GOOS != "linux" {
		return nil, nil, errors.New("memory and processor time are read from /proc, which is Linux's")
	}
	if b.runs < 1 {
		return nil, nil, fmt.Errorf("-runs %d is not at least 1", b.runs)
	}
	if _, err := os.Stat(b.handler); err != nil {
		return nil, nil, fmt.Errorf("the handler is not built (make build): %w", err)
	}
	b.lines, err = readLines(root)
	return b, names, err
}
