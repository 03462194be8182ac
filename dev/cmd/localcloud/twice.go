package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/funchost"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/seed"
)

// seedDays is how many days findings of the user's own are spread over;
// lookback takes them all in, and the thirty days of the built-in story.
const (
	seedDays = 3
	lookback = "744h"
)

// guideQuery is the query that users of this table know.
const guideQuery = `AWSGuardDuty_CL
| where Severity > 2
| project TimeGenerated, Severity, type_s, title_s, resource_resourceType_s, service_resourceRole_s
| limit 20`

// twice exports findings, runs the timer twice and shows what arrived. It fails
// when a finding is missing or the second run sends anything.
func twice(ctx context.Context, o options) (err error) {
	c, err := begin(ctx, o, cloud.WithIdentity)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	objects, err := export(c, o)
	if err != nil {
		return err
	}
	findings := 0
	for _, object := range objects {
		findings += object.Findings
	}
	fmt.Printf("Exported %d findings to s3://%s in %d objects, other services' objects beside them.\n",
		findings, c.S3.Bucket(), len(objects))

	host, log, err := startHost(ctx, o, c, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Shutdown(context.WithoutCancel(ctx)), log.Close()) }()
	for run, want := range []int{findings, 0} {
		if err := oneRun(ctx, c, host, run+1, want); err != nil {
			return err
		}
	}
	return showRows(ctx, o, c)
}

// export puts the findings that the options name into the bucket: the built-in
// story, or those of the user.
func export(c *cloud.Cloud, o options) ([]seed.Object, error) {
	opts := seed.Options{Now: time.Now(), Seed: 1, Days: seedDays, Decoys: true, Damaged: o.damaged}
	if o.findings != "" {
		findings, err := ownFindings(c, o)
		if err != nil {
			return nil, err
		}
		opts.OwnFolders = true
		return c.Export(findings, opts)
	}
	story, err := c.Story()
	if err != nil {
		return nil, err
	}
	objects := story.Plan(opts)
	return objects, c.Put(objects)
}

// ownFindings reads the user's findings and says what was converted or skipped.
func ownFindings(c *cloud.Cloud, o options) ([][]byte, error) {
	in, err := c.Findings(o.findings)
	for _, note := range in.Notes {
		fmt.Println("  " + note)
	}
	return in.Findings, err
}

// startHost starts the stand-in host with the built handler; its console goes
// to a file.
func startHost(ctx context.Context, o options, c *cloud.Cloud, extra map[string]string) (*funchost.Host, *os.File, error) {
	if _, err := os.Stat(filepath.Join(o.root, "bin", "handler")); err != nil {
		return nil, nil, fmt.Errorf("the handler is not built (make build): %w", err)
	}
	log, err := os.Create(filepath.Join(o.dir, "host.log"))
	if err != nil {
		return nil, nil, err
	}
	settings := c.Settings()
	settings["INITIAL_LOOKBACK"] = lookback
	for name, value := range extra {
		settings[name] = value
	}
	host, err := funchost.Start(ctx, funchost.Config{AppDir: o.root, Settings: settings, Environ: c.Environ(), Output: log})
	if err != nil {
		return nil, nil, errors.Join(err, log.Close())
	}
	return host, log, nil
}

// oneRun runs the timer and prints its entry of the run history.
func oneRun(ctx context.Context, c *cloud.Cloud, host *funchost.Host, number, want int) error {
	c.S3.ResetRequests()
	before := c.Ingestion.Stats()
	inv, err := host.Invoke(ctx, "GuardDutyTimer")
	if err != nil {
		return err
	}
	after := c.Ingestion.Stats()
	fmt.Printf("\nRun %d  %s  %s  %d ms\n", number, inv.ID, outcome(inv), inv.Duration.Milliseconds())
	for _, line := range inv.Logs {
		fmt.Println("  " + line)
	}
	if inv.Reason != "" && !inv.Succeeded {
		fmt.Println("  " + inv.Reason)
	}
	sent := after.Rows - before.Rows
	fmt.Printf("  (seen from outside: %d rows in %d Logs Ingestion calls; S3 calls: %d LIST, %d GET)\n", sent, after.Calls-before.Calls, c.S3.Count(s3server.ListObjectsV2), c.S3.Count(s3server.GetObject))
	if !inv.Succeeded {
		return fmt.Errorf("run %d failed; the host's console is in %s", number, "host.log")
	}
	if sent != want {
		return fmt.Errorf("run %d sent %d rows, want %d", number, sent, want)
	}
	return nil
}

func outcome(inv funchost.Invocation) string {
	if inv.Succeeded {
		return "Succeeded"
	}
	return "Failed"
}

// showRows runs the guide's query over the rows that arrived.
func showRows(ctx context.Context, o options, c *cloud.Cloud) error {
	fmt.Printf("\n%s\n\n", guideQuery)
	if err := query(ctx, o, c, guideQuery); err != nil {
		return err
	}
	n, err := countLines(c.RowsFile())
	if err != nil {
		return err
	}
	rel := func(path string) string {
		if r, err := filepath.Rel(o.root, path); err == nil && !strings.HasPrefix(r, "..") {
			return r
		}
		return path
	}
	fmt.Printf("\nAll %d rows: %s\nThe host's console: %s\nAnother query: make query KQL='AWSGuardDuty_CL | summarize count() by type_s'\n",
		n, rel(c.RowsFile()), rel(filepath.Join(o.dir, "host.log")))
	return nil
}

// query runs KQL over the rows, as make query does.
func query(ctx context.Context, o options, c *cloud.Cloud, kql string) error {
	program := filepath.Join(o.root, "dev", "node", "content", "query.mjs")
	cmd := exec.CommandContext(ctx, "node", program, "--rows", c.RowsFile(), kql)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("query: %w", err)
	}
	return nil
}

func countLines(path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n := 0
	lines := bufio.NewReader(f)
	for {
		_, prefix, err := lines.ReadLine()
		if err != nil {
			return n, nil // the end of the file
		}
		if !prefix {
			n++
		}
	}
}
