package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/rows"
	"guardduty-sentinel/dev/internal/text"
)

// guideQuery is the query that users of this table know.
const guideQuery = `AWSGuardDuty_CL
| where Severity > 2
| project TimeGenerated, Severity, type_s, title_s, resource_resourceType_s, service_resourceRole_s
| order by TimeGenerated desc
| limit 20`

// minNode is the oldest release of Node that the query program runs on.
const minNode = 20

// showRows shows what arrived: the guide's query, what the analytics rules
// would have alerted on, and what to do next. Without Node it shows less.
func showRows(ctx context.Context, o options, file string, quarantined []cloud.Quarantined) error {
	list, err := rows.Read(file)
	if err != nil {
		return err
	}
	missing := o.nodeMissing(ctx)
	fmt.Printf("\n%s\n\n", styled(bold, guideQuery))
	if missing == "" {
		err = o.node(ctx, filepath.Join("content", "query.mjs"), "--rows", file, guideQuery)
		if err != nil {
			return fmt.Errorf("query: %w", err)
		}
	} else {
		rows.Guide(os.Stdout, list, width())
		fmt.Printf("Shown by a plain reader: %s.\n", missing)
	}
	showAlerts(ctx, o, file, list, missing == "")
	showQuarantine(quarantined)
	o.showNext(file, len(list))
	return nil
}

// showAlerts shows which analytics rules would have raised an alert, or, where
// that program cannot run, the findings that call for attention.
func showAlerts(ctx context.Context, o options, file string, list []rows.Row, node bool) {
	if node {
		const head = "What the analytics rules would have raised (takes some seconds; Ctrl-C leaves it out):"
		fmt.Printf("\n%s\n", styled(bold, head))
		if err := o.node(ctx, filepath.Join("content", "fired.mjs"), "--rows", file); err == nil {
			return
		}
		if ctx.Err() == nil {
			fmt.Println("The rules could not be run over these rows.")
		}
	}
	fmt.Printf("\n%s\n\n", styled(bold, "Findings of High and Critical severity by account, without samples:"))
	rows.Alarming(os.Stdout, list, width())
}

// showNext says where the files are and what else there is to try.
func (o options) showNext(file string, n int) {
	fmt.Printf(`
%s of AWSGuardDuty_CL: %s
The host's console: %s

Next:
  make query%s KQL='AWSGuardDuty_CL | summarize count() by type_s'
  make run FINDINGS=path/to/folder   with findings of your own
  make run DAMAGED=1                 with damaged objects among the good ones
  make up                            keeps the local cloud running
`, text.Plural(n, "row"), o.show(file), o.show(o.file("host.log")), o.cloudWord())
}

// cloudWord is what make needs to be given to find this run's folder.
func (o options) cloudWord() string {
	if o.dir == filepath.Join(o.root, ".local", "cloud") {
		return ""
	}
	return " CLOUD=" + shellWord(o.show(o.dir))
}

// shellWord is text as one word of a shell's command line.
func shellWord(text string) string {
	if !strings.ContainsAny(text, " \t\n'\"\\$`*?[]{}()<>|&;#!~") {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// node runs a program of dev/node.
func (o options) node(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join(o.root, "dev", "node", program)}, args...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// nodeMissing says what is missing for the programs of dev/node; it is empty
// when nothing is.
func (o options) nodeMissing(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "node", "--version").Output()
	if err != nil {
		return fmt.Sprintf("Node %d is needed for `make query` (found none)", minNode)
	}
	version := strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < minNode {
		return fmt.Sprintf("Node %d is needed for `make query` (found %s)", minNode, version)
	}
	if _, err := os.Stat(filepath.Join(o.root, "dev", "node", "node_modules", ".package-lock.json")); err != nil {
		return "`make query` fetches, once, the packages that queries and analytics rules need"
	}
	return ""
}
