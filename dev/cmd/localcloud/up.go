package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/funchost"
	"guardduty-sentinel/dev/internal/rows"
	"guardduty-sentinel/dev/internal/text"
)

// adminAddress is where func start serves the host's admin API.
const adminAddress = "127.0.0.1:7071"

// up runs the cloud and the timer on its schedule until it is interrupted.
func up(ctx context.Context, o options) (err error) {
	bucket, err := plan(o, true)
	if err != nil {
		return err
	}
	held, err := take(o, "make up")
	if err != nil {
		return err
	}
	defer held.Release()
	o.identity = true
	c, err := begin(ctx, o, o.storage(), o.file("rows.ndjson"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.Put(bucket.objects); err != nil {
		return err
	}
	t := ticker{ctx: context.WithoutCancel(ctx), cloud: c, shown: map[cloud.Quarantined]bool{}}
	runs := make(chan funchost.Invocation)
	host, err := startHost(ctx, o, c, func(inv funchost.Invocation) { runs <- inv })
	if err != nil {
		return err
	}
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		for inv := range runs {
			t.print(host.Host, inv)
		}
	}()
	defer func() {
		err = errors.Join(err, host.stop(ctx))
		close(runs)
		<-printed
		if err == nil {
			fmt.Printf("\nStopped; the rows stay in %s.\n", o.show(c.RowsFile()))
		}
	}()
	admin, err := serveAdmin(host.Host)
	if err != nil {
		return err
	}
	defer admin.Close()
	printPlaces(os.Stdout, o, c, "http://"+admin.Addr+"/admin/functions/"+function)
	go exportLater(ctx, c, o.every, bucket.later)
	if _, err := host.Invoke(ctx, function); err != nil && ctx.Err() == nil {
		return err
	}
	if err := host.RunTimer(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// serveAdmin serves the host's admin API where func start does, or on another
// port when that one is in use.
func serveAdmin(host *funchost.Host) (*http.Server, error) {
	ln, err := net.Listen("tcp4", adminAddress)
	if err != nil {
		ln, err = net.Listen("tcp4", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("admin endpoint: %w", err)
	}
	server := &http.Server{Addr: ln.Addr().String(), Handler: host.Admin(), ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(ln) // ends with Close
	return server, nil
}

// ticker prints a line a run.
type ticker struct {
	ctx   context.Context // outlives the interrupt
	cloud *cloud.Cloud
	shown map[cloud.Quarantined]bool
}

func (t *ticker) print(host *funchost.Host, inv funchost.Invocation) {
	at := inv.Fired.Local().Format(time.TimeOnly)
	end, ok := ended(host, inv.ID)
	switch {
	case !inv.Succeeded:
		fmt.Printf("%s  %s: %s\n", at, styled(red, "failed"), or(inv.Reason, rows.Line(inv.Exception)))
	case ok:
		fmt.Printf("%s  %s\n", at, end)
	case len(inv.Logs) > 0: // another run is in progress
		fmt.Printf("%s  %s\n", at, inv.Logs[0])
	}
	if end.Quarantined > 0 {
		t.quarantine()
	}
}

// quarantine prints what has been quarantined since it was called last.
func (t *ticker) quarantine() {
	list, err := t.cloud.Quarantine(t.ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "localcloud:", err)
		return
	}
	list = slices.DeleteFunc(list, func(q cloud.Quarantined) bool { return t.shown[q] })
	for _, q := range list {
		t.shown[q] = true
	}
	showQuarantine(list)
	fmt.Println()
}

// String is a run in one line.
func (e runEnded) String() string {
	line := "no new findings"
	if e.Objects > 0 {
		line = fmt.Sprintf("posted %s from %s", text.Plural(e.Findings, "finding"), text.Plural(e.Objects, "object"))
	}
	for _, part := range []struct {
		n    int
		text string
	}{
		{e.Repeated, "duplicates skipped"},
		{e.Dropped, "dropped by filters"},
		{e.Quarantined, "quarantined"},
		{e.Pending, "to be read again"},
		{e.Left, "objects left for the next run"},
	} {
		if part.n > 0 {
			line += fmt.Sprintf("; %d %s", part.n, part.text)
		}
	}
	if !e.Watermark.IsZero() {
		at := e.Watermark.Local()
		form := time.TimeOnly
		if time.Since(at) > 12*time.Hour {
			form = time.DateTime
		}
		line += "; watermark " + at.Format(form)
	}
	return line
}

// printPlaces says what runs where.
func printPlaces(w io.Writer, o options, c *cloud.Cloud, admin string) {
	s := c.Settings()
	rowsFile := o.show(c.RowsFile())
	fmt.Fprintf(w, `
%s
  S3            %s, bucket %s, Region %s
                AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s
  state table   %s in
                %s
  rows          %s
`, styled(bold, "Local cloud"), s["AWS_ENDPOINT_URL_S3"], c.S3.Bucket(), cloud.Region,
		c.AccessKeyID, c.SecretAccessKey, cloud.StateTable, c.Connection(), rowsFile)
	fmt.Fprintf(w, `  a query       make query%s KQL='AWSGuardDuty_CL | count'
  new findings  one every %s
`, o.cloudWord(), o.every)
	if admin != "" {
		fmt.Fprintf(w, `  host          a run every minute; its console is in %s
  a run now     curl -X POST -H 'Content-Type: application/json' -d '{"input":""}' %s
`, o.show(o.file("host.log")), admin)
	}
	fmt.Fprint(w, "Ctrl-C ends it.\n\n")
}
