package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/lock"
)

// take takes the folder of a run's files for this process, so that two clouds
// never share one.
func take(o options, command string) (*lock.Lock, error) {
	pid := os.Getpid()
	now := time.Now().Format("2006-01-02 15:04:05")
	held, err := lock.Take(o.dir, fmt.Sprintf("%s, process %d, since %s", command, pid, now))
	if busy, ok := errors.AsType[*lock.HeldError](err); ok {
		return nil, fmt.Errorf("a local cloud is running in %s (%s).\n"+
			"End it with Ctrl-C in its terminal, or with kill and its number, or give this one a folder of its own:\n"+
			"  %s CLOUD=.local/second", o.show(o.dir), busy.Holder, command)
	}
	return held, err
}

// begin starts a cloud whose rows go to a file, in place of an earlier one's.
func begin(ctx context.Context, o options, storage cloud.Storage, file string) (*cloud.Cloud, error) {
	fmt.Println("Starting the local cloud: S3, Table Storage, Key Vault, identity, Logs Ingestion ...")
	return cloud.Start(ctx, cloud.Options{Dir: o.dir, Storage: storage, Rows: file})
}
