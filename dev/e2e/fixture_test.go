package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/funchost"
	"guardduty-sentinel/dev/internal/seed"
	"guardduty-sentinel/dev/internal/servers/serverstest"
)

// function is the one function of the app.
const function = "GuardDutyTimer"

// lookback takes in every finding that a test exports.
const lookback = "96h"

// fixture is a local cloud of a test's own and the hosts that ran on it.
type fixture struct {
	*testing.T
	app      string // folder of the app
	cloud    *cloud.Cloud
	settings map[string]string
	environ  []string
	host     *funchost.Host
	output   buffer   // of all hosts and handlers of the test
	secrets  []string // that must not be in output
}

// newFixture starts a cloud. When the test ends it stops the host, and fails
// the test if a secret shows in any output or if anything but the cloud was
// asked for. Log lines of level DEBUG are on, so that those are looked at too.
func newFixture(t *testing.T, storage cloud.Storage) *fixture {
	t.Helper()
	c, err := cloud.Start(t.Context(), cloud.Options{Dir: t.TempDir(), Storage: storage})
	serverstest.Need(t, err)
	f := &fixture{T: t, app: appDir, cloud: c, settings: c.Settings(), environ: c.Environ()}
	f.settings["INITIAL_LOOKBACK"] = lookback
	f.settings["LOG_LEVEL"] = "debug"
	f.secrets = secretsOf(c)
	t.Cleanup(func() {
		f.stop()
		for _, leak := range leaks(f.output.String(), f.secrets) {
			t.Errorf("the output holds a secret: %s", leak)
		}
		if refused := c.Proxy.Refused(); len(refused) > 0 {
			t.Errorf("Proxy.Refused() = %q, want nothing asked for but the cloud", refused)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// with changes settings; an empty value removes one.
func (f *fixture) with(settings map[string]string) {
	for name, value := range settings {
		f.settings[name] = value
		if value == "" {
			delete(f.settings, name)
		}
	}
}

// start starts a host with the present settings, in place of an earlier one.
func (f *fixture) start() {
	f.Helper()
	f.stop()
	host, err := funchost.Start(f.Context(), funchost.Config{
		AppDir: f.app, Settings: maps.Clone(f.settings), Environ: f.environ, Output: &f.output,
	})
	if err != nil {
		f.Fatalf("Start() = %v, want nil", err)
	}
	f.host = host
	if err := host.HandlerError(); err != nil {
		f.Fatalf("HandlerError() = %v, want nil", err)
	}
}

// stop stops the host, if there is one, and keeps its run history as output.
func (f *fixture) stop() {
	f.Helper()
	if f.host == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := f.host.Shutdown(ctx); err != nil {
		f.Errorf("Shutdown() = %v, want nil", err)
	}
	for _, inv := range f.host.History() {
		fmt.Fprintf(&f.output, "%+v\n", inv)
	}
	f.host = nil
}

// invoke makes one run, of whatever outcome.
func (f *fixture) invoke(options ...funchost.Option) funchost.Invocation {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), patience)
	defer cancel()
	inv, err := f.host.Invoke(ctx, function, options...)
	if err != nil {
		f.Fatalf("Invoke(%s) = %v, want nil", function, err)
	}
	return inv
}

// run makes one run that must succeed.
func (f *fixture) run(options ...funchost.Option) funchost.Invocation {
	f.Helper()
	inv := f.invoke(options...)
	if !inv.Succeeded || inv.StatusCode != 200 {
		f.Fatalf("Invoke(%s) = succeeded %t, %d %s %s, want success", function, inv.Succeeded, inv.StatusCode,
			inv.Reason, inv.Exception)
	}
	return inv
}

// background makes one run beside the test; its outcome comes by the channel.
func (f *fixture) background() <-chan funchost.Invocation {
	ended := make(chan funchost.Invocation, 1)
	host := f.host
	go func() {
		inv, err := host.Invoke(context.WithoutCancel(f.Context()), function)
		if err != nil {
			f.Errorf("Invoke(%s) = %v, want nil", function, err)
		}
		ended <- inv
	}()
	return ended
}

// receive waits for a run that background began.
func (f *fixture) receive(ended <-chan funchost.Invocation) funchost.Invocation {
	f.Helper()
	select {
	case inv := <-ended:
		return inv
	case <-time.After(patience):
		f.Fatalf("the run did not end within %v", patience)
		panic("unreachable")
	}
}

// export lays findings out in the bucket.
func (f *fixture) export(findings [][]byte, opts seed.Options) []seed.Object {
	f.Helper()
	opts.Now = time.Now()
	objects, err := f.cloud.Export(findings, opts)
	if err != nil {
		f.Fatal(err)
	}
	return objects
}

// exportNow exports findings one by one, all of this moment: a run that comes
// after another still sees them.
func (f *fixture) exportNow(findings [][]byte) {
	f.Helper()
	f.exportAt(findings, time.Now())
}

// exportAt exports findings one by one, all of the same time.
func (f *fixture) exportAt(findings [][]byte, at time.Time) {
	f.Helper()
	for _, o := range seed.Plan(findings, seed.Options{Now: at, Seed: uint64(at.UnixNano()),
		OneFindingPerObject: true}) {
		if err := f.cloud.S3.Put(o.Key, o.Body, at); err != nil {
			f.Fatal(err)
		}
	}
}

// strike adds a fault to a service.
func (f *fixture) strike(service string, fault faults.Fault) {
	f.Helper()
	if err := f.cloud.Faults[service].Add(fault); err != nil {
		f.Fatal(err)
	}
}

// wait polls until done is true.
func (f *fixture) wait(what string, done func() bool) {
	f.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !done(); <-tick.C {
		if time.Now().After(end) {
			f.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// tells fails the test unless a line of the run's story contains text.
func (f *fixture) tells(inv funchost.Invocation, text string) {
	f.Helper()
	if !slices.ContainsFunc(inv.Logs, func(line string) bool { return strings.Contains(line, text) }) {
		f.Errorf("Logs = %q, want a line with %q", inv.Logs, text)
	}
}

// logLine is one of the handler's own lines.
type logLine struct {
	Level      string `json:"level"`
	Message    string `json:"msg"`
	Invocation string `json:"invocation_id"`
	Stderr     bool   `json:"-"` // as an error, by the host's reading
	Text       string `json:"-"`
}

// logged returns the handler's lines of one run.
func (f *fixture) logged(id string) []logLine {
	f.Helper()
	var lines []logLine
	for _, r := range f.host.Records() {
		if r.Category != funchost.CategoryConsole {
			continue
		}
		line := logLine{Text: r.Message, Stderr: r.Level == funchost.Error}
		if err := json.Unmarshal([]byte(r.Message), &line); err != nil {
			f.Errorf("console line %q is not JSON: %v", r.Message, err)
		}
		if line.Invocation == id {
			lines = append(lines, line)
		}
	}
	return lines
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends p.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns what was written so far.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
