package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/funchost"
	"guardduty-sentinel/dev/internal/seed"
)

// heldBack is how many findings are exported while the cloud runs, one every
// exportEvery, so that there is something new to see.
const (
	heldBack    = 60
	exportEvery = 30 * time.Second
)

// up runs the cloud and the timer on its schedule until it is interrupted.
func up(ctx context.Context, o options) (err error) {
	c, err := begin(ctx, o, cloud.WithIdentity)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	later, err := exportMost(c, o)
	if err != nil {
		return err
	}
	settings := c.Settings()
	settings["INITIAL_LOOKBACK"] = lookback
	host, err := funchost.Start(ctx, funchost.Config{AppDir: o.root, Settings: settings, Environ: c.Environ(), Output: os.Stdout})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Shutdown(context.WithoutCancel(ctx))) }()
	printPlaces(os.Stdout, o, c)
	go exportLater(ctx, c, later)
	if err := host.RunTimer(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// start runs the cloud under the real host, until that ends.
func start(ctx context.Context, o options) (err error) {
	program, err := exec.LookPath("func")
	if err != nil {
		return errors.New("func, the program of Azure Functions Core Tools, is not installed; make up runs the same under a stand-in host")
	}
	c, err := begin(ctx, o, cloud.AllServices)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	later, err := exportMost(c, o)
	if err != nil {
		return err
	}
	printPlaces(os.Stdout, o, c)
	go exportLater(ctx, c, later)

	// The interrupt reaches func from the terminal, like this process: it ends
	// by itself, and is waited for.
	cmd := exec.Command(program, "start")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = o.root, os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(c.Environ(), "FUNCTIONS_WORKER_RUNTIME=custom", "INITIAL_LOOKBACK="+lookback, "FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT=1")
	for name, value := range c.Settings() {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("func start: %w", err)
	}
	return nil
}

// later gives the object that is exported after others while the cloud runs,
// false when there are no more.
type later func(n int, at time.Time) (seed.Object, bool)

// exportMost exports the story, or all of the user's findings but those that
// are held back, and returns what comes later.
func exportMost(c *cloud.Cloud, o options) (later, error) {
	if o.findings == "" {
		if _, err := export(c, o); err != nil {
			return nil, err
		}
		story, err := c.Story()
		return func(n int, at time.Time) (seed.Object, bool) {
			return story.Next(n, at, seed.Options{Seed: 1}), true
		}, err
	}
	findings, err := ownFindings(c, o)
	if err != nil {
		return nil, err
	}
	cut := max(0, len(findings)-heldBack)
	opts := seed.Options{
		Now: time.Now(), Seed: 1, Days: seedDays, OwnFolders: true, Decoys: true, Damaged: o.damaged,
	}
	_, err = c.Export(findings[:cut], opts)
	held := findings[cut:]
	return func(n int, at time.Time) (seed.Object, bool) {
		if n >= len(held) {
			return seed.Object{}, false
		}
		objects := seed.Plan(held[n:n+1], seed.Options{Now: at, Seed: uint64(n) + 2, OwnFolders: true})
		objects[0].LastModified = at
		return objects[0], true
	}, err
}

// exportLater exports what comes later, one object at a time.
func exportLater(ctx context.Context, c *cloud.Cloud, next later) {
	tick := time.NewTicker(exportEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		object, ok := next(n, time.Now())
		if !ok {
			return
		}
		if err := c.Put([]seed.Object{object}); err != nil {
			fmt.Fprintln(os.Stderr, "localcloud: export:", err)
		}
	}
}

// printPlaces says what runs where.
func printPlaces(w io.Writer, o options, c *cloud.Cloud) {
	settings := c.Settings()
	fmt.Fprintf(w, `
Local cloud
  S3           %s, bucket %s
  tables       %s
  rows         %s
  new findings one every %s
  a query      make query KQL='AWSGuardDuty_CL | count'
Ctrl-C ends it.

`, settings["AWS_ENDPOINT_URL_S3"], c.S3.Bucket(), c.Tables.TableEndpoint, strings.TrimPrefix(c.RowsFile(), o.root+string(filepath.Separator)), exportEvery)
}
