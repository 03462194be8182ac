package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"

	"guardduty-sentinel/dev/internal/cloud"
)

// start runs the cloud under the real host, until that ends. The host's own
// storage needs blobs and queues, so the tables are Azurite's here.
func start(ctx context.Context, o options) (err error) {
	program, err := exec.LookPath("func")
	if err != nil {
		return errors.New("func, the program of Azure Functions Core Tools, is not installed; " +
			"make up runs the same under a stand-in host")
	}
	bucket, err := plan(o, true)
	if err != nil {
		return err
	}
	held, err := take(o, "make start")
	if err != nil {
		return err
	}
	defer held.Release()
	c, err := begin(ctx, o, cloud.AllServices, o.file("rows.ndjson"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.Put(bucket.objects); err != nil {
		return err
	}
	app := o.file("app")
	if err := makeApp(o.root, app, settings(c)); err != nil {
		return fmt.Errorf("app folder: %w", err)
	}
	printPlaces(os.Stdout, o, c, "")
	go exportLater(ctx, c, o.every, bucket.later)

	// The interrupt reaches func from the terminal, like this process: it ends
	// of its own accord, and is waited for.
	cmd := exec.Command(program, "start")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = app, os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(c.Environ(), "FUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT=1")
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("func start: %w", err)
	}
	fmt.Printf("\nStopped; the rows stay in %s.\n", o.show(c.RowsFile()))
	return nil
}

// makeApp makes the folder that func runs: the files of the app and the
// settings of the local cloud. In the repository func would read the
// local.settings.json that leads to the user's own bucket and workspace.
//
// CLOUD may be a folder of the user's, so only an app that was made here is
// replaced.
func makeApp(root, app string, settings map[string]string) error {
	_, missing := os.Lstat(app)
	_, other := os.Lstat(filepath.Join(app, function, "function.json"))
	if missing == nil && other != nil {
		return fmt.Errorf("%s is not one that make start made: remove it, or give another folder with CLOUD=", app)
	}
	if err := os.RemoveAll(app); err != nil {
		return err
	}
	for _, name := range []string{"host.json", function + "/function.json", "bin/handler"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		to := filepath.Join(app, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, data, 0o755); err != nil {
			return err
		}
	}
	values := maps.Clone(settings)
	values["FUNCTIONS_WORKER_RUNTIME"] = "custom"
	text, err := json.MarshalIndent(map[string]any{"IsEncrypted": false, "Values": values}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(app, "local.settings.json"), append(text, '\n'), 0o600)
}
