package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/seed"
)

// What the handler may hold at most, in bytes: whatever it is given, at a
// backlog of small objects, and when it rests.
const (
	maxMemory     = 128 << 20
	backlogMemory = 80 << 20
	idleMemory    = 40 << 20
)

// inFront puts a service before the state table, of a cloud without an identity
// for it.
func (f *fixture) inFront(serve func(w http.ResponseWriter, r *http.Request, tables http.Handler)) {
	f.Helper()
	const connection = "AzureWebJobsStorage"
	_, endpoint, _ := strings.Cut(f.settings[connection], "TableEndpoint=")
	tables, err := url.Parse(strings.TrimSuffix(endpoint, ";"))
	if err != nil {
		f.Fatal(err)
	}
	next := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: tables.Scheme, Host: tables.Host})
	// Azurite closes connections that rest for five seconds, just as one might
	// be used again.
	next.Transport = &http.Transport{DisableKeepAlives: true}
	next.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
		f.Logf("before the table: %s %s: %v", r.Method, r.URL.Path, err)
		w.WriteHeader(http.StatusBadGateway)
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Otherwise the server closes the request's body when the answer begins, and
		// a transport that has not seen its end yet breaks the answer off.
		if err := http.NewResponseController(w).EnableFullDuplex(); err != nil {
			f.Errorf("in front of the table: %v", err)
		}
		serve(w, r, next)
	}))
	f.Cleanup(front.Close)
	f.with(
		map[string]string{
			connection: strings.ReplaceAll(f.settings[connection], tables.Scheme+"://"+tables.Host, front.URL),
		},
	)
}

// Memory does not grow with the backlog.
func TestMemoryOfABacklogIsBounded(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc on " + runtime.GOOS)
	}
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	n := ifLarge(20_000, 5_000)
	// Older than the overlap: the next run does not look at them again.
	f.exportAt(f.many([][]byte{[]byte(small)}, n), time.Now().Add(-20*time.Hour))
	f.with(map[string]string{"LOG_LEVEL": "info"})
	f.start()
	pid := f.host.HandlerPID()
	before := f.status(pid, "VmRSS")
	inv := f.run()
	f.deliveredOnce(n)
	peak := f.status(pid, "VmHWM")
	if peak > backlogMemory {
		t.Errorf("VmHWM after a backlog of %d objects = %d MB, want at most %d", n, peak>>20, backlogMemory>>20)
	}
	f.run()
	if got := f.cloud.Ingestion.Stats().Rows; got != n {
		t.Errorf("rows after an idle run = %d, want %d as before", got, n)
	}
	t.Logf("%d objects in %v; resident before %d MB, at most %d MB, after an idle run %d MB",
		n, inv.Duration.Round(time.Millisecond), before>>20, peak>>20, f.status(pid, "VmRSS")>>20)
}

// A run that had little to do leaves the handler small.
func TestMemoryOfAnIdleHandler(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc on " + runtime.GOOS)
	}
	t.Parallel()
	f := newFixture(t, cloud.WithIdentity)
	findings := f.builtIn()
	f.export(findings, seed.Options{Seed: 14})
	f.start()
	f.run()
	f.run()
	f.deliveredOnce(len(findings))
	pid := f.host.HandlerPID()
	if rss := f.status(pid, "VmRSS"); rss > idleMemory {
		t.Errorf("VmRSS of an idle handler = %d MB, want at most %d", rss>>20, idleMemory>>20)
	}
	t.Logf("resident, idle after a run of %d findings: %.1f MB, at most %.1f MB", len(findings),
		float64(f.status(pid, "VmRSS"))/(1<<20), float64(f.status(pid, "VmHWM"))/(1<<20))
}

// small is a finding with little in it: it is the number of objects that is to
// show, and their delivery is to take no longer than it must.
const small = `{"schemaVersion":"2.0","accountId":"111122223333","region":"eu-west-1","partition":"aws",` +
	`"id":"00000000000000000000000000000000","type":"Recon:EC2/PortProbeUnprotectedPort","severity":2.0,` +
	`"title":"A port is probed.",` +
	`"createdAt":"2026-08-16T02:24:20.934Z","updatedAt":"2026-08-16T02:24:20.934Z","resource":{"resourceType":"Instance",` +
	`"instanceDetails":{"instanceId":"i-0123456789abcdef0"}},"service":{"serviceName":"guardduty","resourceRole":"TARGET","count":1}}`

// status reads a figure of a process, in bytes.
func (f *fixture) status(pid int, name string) int {
	f.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if rest, ok := strings.CutPrefix(string(line), name+":"); ok {
			kb := 0
			if _, err := fmt.Sscan(rest, &kb); err != nil {
				f.Fatal(err)
			}
			return kb << 10
		}
	}
	f.Fatalf("status of %d has no %s", pid, name)
	return 0
}

// A run that cannot do all within its budget ends, says what is left, and the
// next one does the rest.
func TestRunEndsWithinItsBudget(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	const (
		n       = 40
		prompt  = 10 // objects that S3 gives at once; the others take too long for any run
		tooLong = 24 * time.Hour
	)
	f.with(map[string]string{"RUN_BUDGET": "30s", "FETCH_CONCURRENCY": "2"})
	f.export(f.many(f.builtIn(), n), seed.Options{Seed: 13, OneFindingPerObject: true})
	f.strike("s3", faults.Fault{
		Method: "GET", Path: "/" + f.cloud.S3.Bucket() + "/AWSLogs/", Skip: prompt, Times: -1, Delay: tooLong,
	})
	f.start()
	inv := f.run()
	done := len(f.deliveries())
	if done == 0 || done > prompt {
		t.Fatalf("rows of the first run = %d, want 1 to %d", done, prompt)
	}
	f.tells(inv, fmt.Sprintf("; %d objects left for the next run", n-done))
	t.Logf("the run with a budget of %s took %v", f.settings["RUN_BUDGET"], inv.Duration.Round(time.Millisecond))
	f.cloud.Faults["s3"].Reset()
	f.with(map[string]string{"RUN_BUDGET": ""})
	f.start()
	f.run()
	f.deliveredOnce(n)
}
