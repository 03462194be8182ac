package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// now is the time of every test: ten past one in the morning, so that
// yesterday's folder matters.
var now = time.Date(2026, 11, 22, 1, 10, 0, 0, time.UTC)

const pairA = "AWSLogs/111122223333/GuardDuty/eu-west-1/"

// cloud is all ports in memory. It fails the test when the engine uses them
// against their contracts: when it records what the table has not accepted, or
// advances the watermark past what is not recorded.
type cloud struct {
	t *testing.T

	mu       sync.Mutex
	now      time.Time
	calls    int  // of all ports
	dieAt    int  // the call at which the process is killed; 0 for never
	dieAfter bool // the call takes effect first
	stopAt   int  // the call at which stop is called; 0 for never
	stop     func()
	faults   map[string]string // by the call's name
	called   map[string]int
	objects  map[string]stored
	pageSize int
	lists    int
	opens    int

	accepted map[string]int // finding id -> times
	batches  int
	inFlight int // batches handed to Deliver
	maxBatch int
	maxRows  int

	lookback time.Duration
	*source
	leases      int      // writes of leases
	marks       int      // writes of watermarks
	holds       int      // writes of held folders
	quarantined []string // "key:line"

	quarantinedAt map[string]time.Time
	maxPair       int64           // bytes of rows that a run sends of a pair
	maxTasks      int             // objects that one listing takes; zero for as many as there are
	refuses       map[string]bool // findings that the table never takes
	foreign       map[string]bool // findings whose last row was marked so
	overtaken     bool            // a run at work has been overtaken: what it knows may be out of date
	leftovers     bool            // there was one: it may have left pending rows beside those that say done

	// Faults. A nil one is none.
	listFault    func(prefix string) error
	openFault    func(key string) error
	bodyFault    func(key string, body io.Reader) io.Reader
	rowFault     func(id string) error
	deliverFault func(ids []string) (apply bool, refused []string, err error)
	recordFault  func() (apply bool, err error)
	advanceFault func() (apply bool, err error)
	deliverHook  func(context.Context)
}

// source is the state of one prefix of the bucket.
type source struct {
	prefix    string
	mark      ingest.Mark
	lease     *ingest.Lease
	recorded  map[ingest.ID]ingest.Entry // the last of each object
	done      map[ingest.ID]ingest.Entry
	sent      map[ingest.Update]ingest.Object // where each was read
	pending   map[ingest.ID]ingest.Pending
	held      map[string]ingest.Held
	summaries []ingest.Summary
}

func newSource(prefix string) *source {
	return &source{
		prefix: prefix, recorded: map[ingest.ID]ingest.Entry{}, done: map[ingest.ID]ingest.Entry{},
		sent: map[ingest.Update]ingest.Object{}, pending: map[ingest.ID]ingest.Pending{},
		held: map[string]ingest.Held{},
	}
}

type stored struct {
	ingest.Object
	body []byte
	ids  []string // of its findings
}

func newCloud(t *testing.T) *cloud {
	return &cloud{
		t: t, now: now, faults: map[string]string{}, called: map[string]int{}, objects: map[string]stored{},
		pageSize: 1000, maxPair: unbounded, accepted: map[string]int{}, maxRows: 2000, lookback: 24 * time.Hour,
		source: newSource(""), refuses: map[string]bool{}, foreign: map[string]bool{},
		quarantinedAt: map[string]time.Time{},
	}
}

// unbounded is a ceiling that nothing reaches.
const unbounded = 1 << 40

// job returns a job over the cloud; each call is a new process.
func (c *cloud) job() *ingest.Job {
	return ingest.Tune(&ingest.Job{
		Archive: archive{c}, Table: table{c}, State: state{c}, Leases: leases{c},
		Owner: "one", OwnerGone: func(string) bool { return false },
		Bucket: "findings", Prefix: c.prefix, InitialLookback: c.lookback, Overlap: time.Hour, Budget: time.Hour,
		MaxPairBytes: c.maxPair,
		Fetchers:     8, Uploaders: 2, Now: func() time.Time { return c.now },
		Log: slog.New(slog.NewTextHandler(c.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}, c.maxTasks)
}

func (c *cloud) run() ingest.Summary {
	c.t.Helper()
	s, err := c.job().Run(c.t.Context())
	if err != nil {
		c.t.Fatalf("Run = %v", err)
	}
	return s
}

// key names an object of pair A whose folder is that of day.
func key(day time.Time, name string) string {
	return pairA + day.Format("2006/01/02/") + name + ".jsonl.gz"
}

// put stores an object with one finding a line, the findings named by ids.
func (c *cloud) put(key string, modified time.Time, ids ...string) {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, "{\"id\":%q,\"type\":\"Recon:EC2/Portscan\",\"severity\":5}\n", id)
	}
	c.putBody(key, modified, zipped(b.String()), ids...)
}

func (c *cloud) putBody(key string, modified time.Time, body []byte, ids ...string) {
	etag := fmt.Sprintf("%x", body[max(0, len(body)-8):])
	c.mu.Lock()
	defer c.mu.Unlock()
	c.objects[key] = stored{
		ingest.Object{Key: key, ETag: etag, Size: int64(len(body)), LastModified: modified}, body, ids,
	}
}

// zippers are used again: each has some hundred kilobytes.
var zippers = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

func zipped(content string) []byte {
	var b bytes.Buffer
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(&b)
	io.WriteString(z, content)
	z.Close()
	return b.Bytes()
}

// expect checks that every finding of every object was accepted, each times
// times.
func (c *cloud) expect(times int) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	want := map[string]bool{}
	for _, o := range c.objects {
		for _, id := range o.ids {
			want[id] = true
			if c.accepted[id] != times {
				c.t.Errorf("finding %s of %s was accepted %d times, want %d", id, o.Key, c.accepted[id], times)
			}
		}
	}
	for id := range c.accepted {
		if !want[id] {
			c.t.Errorf("finding %s was accepted and is in no object", id)
		}
	}
}

// inPart is a fault of Record, whose transactions may be written in part.
const inPart = "in part"

var errBoom = errors.New("boom")

// errDead is what every call of a killed process comes back with.
var errDead = errors.New("killed")

// call counts a call of a port. It returns whether the call takes effect and
// the error it comes back with: from the call at which the process is killed on
// nothing takes effect any more, as if there were no process. It is called with
// the lock held, which it gives up while the call hangs.
func (c *cloud) call(ctx context.Context, name string) (bool, error) {
	c.calls++
	c.called[name]++
	if c.stopAt > 0 && c.calls >= c.stopAt && c.stop != nil {
		c.stop()
	}
	if err := ctx.Err(); err != nil {
		return false, err // nothing is asked of anybody
	}
	switch c.faults[name] {
	case "refused":
		return false, errBoom
	case "answer lost", inPart:
		return true, errBoom
	case "hangs", "hangs, took effect":
		c.mu.Unlock()
		<-ctx.Done()
		c.mu.Lock()
		return c.faults[name] == "hangs, took effect", ctx.Err()
	}
	switch {
	case c.dieAt == 0 || c.calls < c.dieAt:
		return true, nil
	case c.calls == c.dieAt:
		return c.dieAfter, errDead
	default:
		return false, errDead
	}
}

// enter takes the lock for a call of a process, and returns what gives it back.
// A process that is frozen waits before it, or after it.
func (c *cloud) enter(ctx context.Context) (leave func()) {
	g, _ := ctx.Value(gateKey{}).(*gate)
	g.in()
	c.mu.Lock()
	return func() {
		c.mu.Unlock()
		g.out()
	}
}

// logInto writes the lines of a log.
func logInto(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
