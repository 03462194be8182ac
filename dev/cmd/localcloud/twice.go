package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/rows"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/text"
)

// twice exports findings, runs the timer twice and shows what arrived. It fails
// when a finding is missing or the second run sends anything. Only rows of a
// good pair of runs take the place of those that an earlier one left.
func twice(ctx context.Context, o options) error {
	bucket, err := plan(o, false)
	if err != nil {
		return err
	}
	held, err := take(o, "make run")
	if err != nil {
		return err
	}
	defer held.Release()
	fresh := o.file("rows.new.ndjson")
	quarantined, err := deliver(ctx, o, bucket, fresh)
	if err != nil {
		showQuarantine(quarantined)
		return fmt.Errorf("%w\nThe host's console: %s", err, o.show(o.file("host.log")))
	}
	if err := os.Rename(fresh, o.file("rows.ndjson")); err != nil {
		return err
	}
	return showRows(ctx, o, o.file("rows.ndjson"), quarantined)
}

// deliver makes the two runs on a cloud of their own, whose rows go to a file,
// and returns what was quarantined.
func deliver(ctx context.Context, o options, bucket content, file string) (bad []cloud.Quarantined, err error) {
	o.identity = true
	c, err := begin(ctx, o, o.storage(), file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if err := c.Put(bucket.objects); err != nil {
		return nil, err
	}
	fmt.Printf("Exported %s in %s to s3://%s, beside %s.\n",
		text.Plural(bucket.findings, "finding"), text.Plural(bucket.exports, "object"), c.S3.Bucket(),
		text.Plural(len(bucket.objects)-bucket.exports, "other object"))
	host, err := startHost(ctx, o, c, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, host.stop(ctx)) }()
	first, err := oneRun(ctx, c, host, 1)
	if err != nil {
		return nil, err
	}
	second, err := oneRun(ctx, c, host, 2)
	if err != nil {
		return nil, err
	}
	if bad, err = c.Quarantine(ctx); err != nil {
		return nil, err
	}
	return bad, bucket.check(first, second)
}

// oneRun runs the timer, prints its entry of the run history and what the local
// cloud saw of it, and returns the run's own account of itself.
func oneRun(ctx context.Context, c *cloud.Cloud, host *appHost, number int) (runEnded, error) {
	c.S3.ResetRequests()
	before := c.Ingestion.Stats()
	inv, err := host.Invoke(ctx, function)
	if err != nil {
		return runEnded{}, err
	}
	after := c.Ingestion.Stats()
	outcome := styled(green, "Succeeded")
	if !inv.Succeeded {
		outcome = styled(red, "Failed")
	}
	fmt.Printf("\n%s  %s in %d ms (invocation %s)\n",
		styled(bold, fmt.Sprintf("Run %d", number)), outcome, inv.Duration.Milliseconds(), inv.ID)
	for _, entry := range inv.Logs {
		fmt.Println("  " + strings.Join(text.Wrap(entry, width()-4), "\n    "))
	}
	if !inv.Succeeded {
		return runEnded{}, fmt.Errorf("run %d failed: %s", number, or(inv.Reason, rows.Line(inv.Exception)))
	}
	sent := after.Rows - before.Rows
	fmt.Printf("  The local cloud counted %s in %s, %s and %s.\n", text.Plural(sent, "row"),
		text.Plural(after.Calls-before.Calls, "upload"),
		text.Plural(c.S3.Count(s3server.ListObjectsV2), "S3 LIST call"),
		text.Plural(c.S3.Count(s3server.GetObject), "S3 GET call"))
	end, ok := ended(host.Host, inv.ID)
	if !ok {
		return end, fmt.Errorf("run %d wrote no line \"run ended\"", number)
	}
	if end.Findings != sent {
		return end, fmt.Errorf("run %d reports %s, but %s arrived",
			number, text.Plural(end.Findings, "finding"), text.Plural(sent, "row"))
	}
	return end, nil
}

// check holds the two runs against what was exported. Findings of the user's
// own may be repeats of each other or lines without a finding; of the built-in
// ones each must be accounted for.
func (b content) check(first, second runEnded) error {
	if first.Left+first.Pending == 0 && second.Findings > 0 {
		return fmt.Errorf("run 2 sent %s again that run 1 had sent: please report this",
			text.Plural(second.Findings, "finding"))
	}
	sent := first.Findings + second.Findings
	known := sent + first.Repeated + first.Dropped + first.Quarantined
	switch {
	case !b.own && known < b.findings:
		return fmt.Errorf("of %d findings that were exported %d are not accounted for: please report this", b.findings,
			b.findings-known)
	case sent == 0:
		return errors.New("no finding could be delivered, so there are no rows to show; the reasons stand above")
	}
	return nil
}
