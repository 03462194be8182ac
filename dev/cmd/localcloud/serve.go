package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/control"
)

// serve serves the stand-ins to the process that started this one: it prints
// where they are as one line of JSON and ends with its standard input.
func serve(ctx context.Context, o options) (err error) {
	c, err := cloud.Start(ctx, cloud.Options{Dir: o.dir, Storage: o.storage()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	server, err := control.Start(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{
		"Control": server.URL(), "Settings": c.Settings(), "Environ": c.Environ(), "CA": c.CAFile(),
		"AccessKeyID": c.AccessKeyID, "SecretAccessKey": c.SecretAccessKey,
	}); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { io.Copy(io.Discard, os.Stdin); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
	return nil
}
