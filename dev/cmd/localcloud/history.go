package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/funchost"
	"guardduty-sentinel/dev/internal/rows"
)

// function is the one function of the app.
const function = "GuardDutyTimer"

// runEnded is the line that the handler logs at the end of each run.
type runEnded struct {
	Message     string    `json:"msg"`
	Invocation  string    `json:"invocation_id"`
	Outcome     string    `json:"outcome"`
	Objects     int       `json:"objects"`
	Findings    int       `json:"findings"`
	Dropped     int       `json:"dropped"`
	Repeated    int       `json:"repeated"`
	Quarantined int       `json:"quarantined"` // lines and objects
	Pending     int       `json:"pending"`
	Left        int       `json:"left"`
	Watermark   time.Time `json:"watermark"`
}

// ended finds the end of a run in the host's console.
func ended(host *funchost.Host, invocation string) (runEnded, bool) {
	for _, r := range slices.Backward(host.Records()) {
		if r.Category != funchost.CategoryConsole || !strings.Contains(r.Message, "run ended") {
			continue
		}
		var e runEnded
		if json.Unmarshal([]byte(r.Message), &e) == nil && e.Message == "run ended" && e.Invocation == invocation {
			return e, true
		}
	}
	return runEnded{}, false
}

// startHost starts the stand-in host with the built handler. Its console goes
// to a file.
func startHost(ctx context.Context, o options, c *cloud.Cloud, report func(funchost.Invocation)) (*appHost, error) {
	if _, err := os.Stat(filepath.Join(o.root, "bin", "handler")); err != nil {
		return nil, fmt.Errorf("the handler is not built (make build): %w", err)
	}
	log, err := os.Create(o.file("host.log"))
	if err != nil {
		return nil, err
	}
	host, err := funchost.Start(ctx, funchost.Config{
		AppDir:   o.root,
		Settings: settings(c),
		Environ:  c.Environ(),
		Output:   log,
		Ended:    report,
	})
	if err == nil && host.HandlerError() != nil { // or each run would wait for functionTimeout
		err = errors.Join(host.HandlerError(), host.Shutdown(ctx))
	}
	if err != nil {
		_ = log.Close() // the error of the start says more
		return nil, fmt.Errorf("%w; the host's console is in %s", err, o.show(log.Name()))
	}
	return &appHost{host, log}, nil
}

// settings are the app settings of the local cloud.
func settings(c *cloud.Cloud) map[string]string {
	s := c.Settings()
	s["INITIAL_LOOKBACK"] = lookback
	return s
}

// appHost is a running host and the file of its console.
type appHost struct {
	*funchost.Host
	log *os.File
}

// stop ends the host also when ctx is done already.
func (h *appHost) stop(ctx context.Context) error {
	err := h.Shutdown(context.WithoutCancel(ctx))
	if closeErr := h.log.Close(); err == nil {
		err = closeErr
	}
	return err
}

// showQuarantine prints what the handler has quarantined.
func showQuarantine(list []cloud.Quarantined) {
	if len(list) == 0 {
		return
	}
	noun := "entries"
	if len(list) == 1 {
		noun = "entry"
	}
	fmt.Printf("\n%s (not sent; everything else was delivered):\n",
		styled(bold, fmt.Sprintf("Quarantined: %d %s", len(list), noun)))
	for _, q := range list {
		where := "whole object"
		if q.Line > 0 {
			where = fmt.Sprintf("line %d", q.Line)
		}
		fmt.Printf("  %s\n    %s: %s\n", rows.Line(q.Object), where, rows.Line(q.Reason))
	}
}
