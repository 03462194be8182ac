package ingest_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

// now is the time of every test: ten past one in the morning, so that
// yesterday's folder matters.
var now = time.Date(2026, 11, 22, 1, 10, 0, 0, time.UTC)

const pairA = "AWSLogs/111122223333/GuardDuty/eu-west-1/"

// world is the three ports in memory. It fails the test when the engine uses
// them against their contracts: when it records what the table has not
// accepted, or advances the watermark past what is not recorded.
type world struct {
	t *testing.T

	mu       sync.Mutex
	now      time.Time
	calls    int               // of all ports
	dieAt    int               // the call at which the process is killed; 0 for never
	dieAfter bool              // the call takes effect first
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
	mark     ingest.Mark
	lease    *ingest.Lease
	done     map[ingest.ID]ingest.Entry
	sent     map[ingest.Update]time.Time // by the object's LastModified
	pending  map[ingest.ID]ingest.Pending
	aside    []string // "key:line"

	// Faults. A nil one is none.
	openFault    func(key string) error
	bodyFault    func(key string, body io.Reader) io.Reader
	rowFault     func(id string) error
	deliverFault func(ids []string) (apply bool, refused []string, err error)
	recordFault  func() (apply bool, err error)
	advanceFault func() (apply bool, err error)
	deliverHook  func(context.Context)
}

type stored struct {
	ingest.Object
	body []byte
	ids  []string // of its findings
}

func newWorld(t *testing.T) *world {
	return &world{t: t, now: now, faults: map[string]string{}, called: map[string]int{}, objects: map[string]stored{}, pageSize: 1000, accepted: map[string]int{}, maxRows: 2000, lookback: 24 * time.Hour, done: map[ingest.ID]ingest.Entry{}, pending: map[ingest.ID]ingest.Pending{}, sent: map[ingest.Update]time.Time{}}
}

// job returns a job over the world; each call is a new process.
func (w *world) job() *ingest.Job {
	return &ingest.Job{
		Archive: archive{w}, Table: table{w}, State: state{w}, Leases: leases{w},
		Owner: "one", OwnerGone: func(string) bool { return false },
		Bucket: "findings", InitialLookback: w.lookback, Overlap: time.Hour, Budget: time.Minute,
		Fetchers: 8, Uploaders: 2, Now: func() time.Time { return w.now },
		Log: slog.New(slog.NewTextHandler(w.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

func (w *world) run() ingest.Summary {
	w.t.Helper()
	s, err := w.job().Run(w.t.Context())
	if err != nil {
		w.t.Fatalf("Run = %v", err)
	}
	return s
}

// key names an object of pair A whose folder is that of day.
func key(day time.Time, name string) string {
	return pairA + day.Format("2006/01/02/") + name + ".jsonl.gz"
}

// put stores an object with one finding a line, the findings named by ids.
func (w *world) put(key string, modified time.Time, ids ...string) {
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, "{\"id\":%q,\"type\":\"Recon:EC2/Portscan\",\"severity\":5}\n", id)
	}
	w.putBody(key, modified, zipped(b.String()), ids...)
}

func (w *world) putBody(key string, modified time.Time, body []byte, ids ...string) {
	etag := fmt.Sprintf("%x", body[max(0, len(body)-8):])
	w.mu.Lock()
	defer w.mu.Unlock()
	w.objects[key] = stored{ingest.Object{Key: key, ETag: etag, Size: int64(len(body)), LastModified: modified}, body, ids}
}

func zipped(content string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, content)
	z.Close()
	return b.Bytes()
}

// expect checks that every finding of every object was accepted, each times
// times.
func (w *world) expect(times int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	want := map[string]bool{}
	for _, o := range w.objects {
		for _, id := range o.ids {
			want[id] = true
			if w.accepted[id] != times {
				w.t.Errorf("finding %s of %s was accepted %d times, want %d", id, o.Key, w.accepted[id], times)
			}
		}
	}
	for id := range w.accepted {
		if !want[id] {
			w.t.Errorf("finding %s was accepted and is in no object", id)
		}
	}
}

type archive struct{ w *world }

func (a archive) sorted(prefix string) []stored {
	var out []stored
	for key, o := range a.w.objects {
		if strings.HasPrefix(key, prefix) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(x, y stored) int { return cmp.Compare(x.Key, y.Key) })
	return out
}

func (a archive) Folders(ctx context.Context, prefix string) ([]string, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.w.lists++
	if _, err := a.w.call(ctx, "Folders"); err != nil {
		return nil, err
	}
	var folders []string
	for _, o := range a.sorted(prefix) {
		if name, _, ok := strings.Cut(o.Key[len(prefix):], "/"); ok {
			folders = append(folders, prefix+name+"/")
		}
	}
	return slices.Compact(folders), nil
}

func (a archive) List(ctx context.Context, prefix, after string) (ingest.Page, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.w.lists++
	if _, err := a.w.call(ctx, "List"); err != nil {
		return ingest.Page{}, err
	}
	page := ingest.Page{Time: a.w.now}
	for _, o := range a.sorted(prefix) {
		if o.Key <= after {
			continue
		}
		if len(page.Objects) == a.w.pageSize {
			page.More = true
			break
		}
		page.Objects = append(page.Objects, o.Object)
	}
	return page, nil
}

func (a archive) Open(ctx context.Context, o ingest.Object) (io.ReadCloser, error) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	a.w.opens++
	if _, err := a.w.call(ctx, "Open"); err != nil {
		return nil, err
	}
	if a.w.openFault != nil {
		if err := a.w.openFault(o.Key); err != nil {
			return nil, err
		}
	}
	got, ok := a.w.objects[o.Key]
	if !ok {
		return nil, ingest.ErrGone
	}
	if o.ETag != "" && got.ETag != o.ETag {
		return nil, ingest.ErrReplaced
	}
	var body io.Reader = bytes.NewReader(got.body)
	if a.w.bodyFault != nil {
		body = a.w.bodyFault(o.Key, body)
	}
	return io.NopCloser(body), nil
}

type table struct{ w *world }

func (tb table) MaxBatch() int { return tb.w.maxRows }

func (tb table) Row(dst []byte, f *guardduty.Finding, src ingest.Source) ([]byte, error) {
	if tb.w.rowFault != nil {
		if err := tb.w.rowFault(f.ID); err != nil {
			return dst, err
		}
	}
	if src.Bucket != "findings" || src.Object.Key == "" {
		tb.w.t.Errorf("Row of %s has source %+v", f.ID, src)
	}
	return fmt.Appendf(dst, `{"id":%q}`, f.ID), nil
}

func (tb table) Deliver(ctx context.Context, b ingest.Batch) ([]ingest.Refusal, error) {
	w := tb.w
	if len(b.Rows) > w.maxRows || b.Len() == 0 {
		w.t.Errorf("Deliver of %d rows in %d bytes, want 1 row and up, and at most %d bytes", b.Len(), len(b.Rows), w.maxRows)
	}
	var ids []string
	for i := range b.Len() {
		var row struct{ ID string }
		if err := json.Unmarshal(b.Slice(i, i+1), &row); err != nil {
			w.t.Errorf("row %d of a batch is %q: %v", i, b.Slice(i, i+1), err)
		}
		ids = append(ids, row.ID)
	}
	if !json.Valid(slices.Concat([]byte("["), b.Slice(0, b.Len()), []byte("]"))) {
		w.t.Errorf("a batch is not rows with commas: %q", b.Rows)
	}
	w.mu.Lock()
	w.inFlight++
	w.maxBatch = max(w.maxBatch, w.inFlight)
	w.mu.Unlock()
	if w.deliverHook != nil {
		w.deliverHook(ctx)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.inFlight--
	w.batches++
	refused := []string(nil)
	apply, err := w.call(ctx, "Deliver")
	switch {
	case w.deliverFault == nil:
	case err == nil:
		apply, refused, err = w.deliverFault(ids)
	case apply: // killed after the call took effect
		_, refused, _ = w.deliverFault(ids)
	}
	var refusals []ingest.Refusal
	for i, id := range ids {
		if slices.Contains(refused, id) {
			refusals = append(refusals, ingest.Refusal{Row: i, Reason: "refused"})
		} else if apply {
			w.accepted[id]++
		}
	}
	return refusals, err
}

type state struct{ w *world }

func (s state) Load(ctx context.Context) (ingest.Snapshot, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if _, err := s.w.call(ctx, "Load"); err != nil {
		return ingest.Snapshot{}, err
	}
	snap := ingest.Snapshot{Mark: s.w.mark, Done: map[ingest.ID]struct{}{}, Sent: map[ingest.Update]struct{}{}}
	for u := range s.w.sent {
		snap.Sent[u] = struct{}{}
	}
	for id := range s.w.done {
		snap.Done[id] = struct{}{}
	}
	for _, p := range s.w.pending {
		snap.Pending = append(snap.Pending, p)
	}
	return snap, nil
}

func (s state) Record(ctx context.Context, entries []ingest.Entry) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if len(entries) == 0 {
		s.w.t.Error("Record of nothing")
	}
	apply, err := s.w.call(ctx, "Record")
	if err == nil && s.w.recordFault != nil {
		apply, err = s.w.recordFault()
	}
	for _, e := range entries {
		s.police(e)
		if !apply {
			continue
		}
		id := e.Object.ID()
		for _, u := range e.Sent {
			s.w.sent[u] = e.Object.LastModified
		}
		delete(s.w.pending, id)
		if e.Pending != nil {
			s.w.pending[id] = *e.Pending
		} else {
			s.w.done[id] = e
		}
		for _, q := range e.Quarantine {
			s.w.aside = append(s.w.aside, fmt.Sprintf("%s:%d", e.Object.Key, q.Line))
		}
	}
	return err
}

// police checks that what is recorded as done was accepted or set aside.
func (s state) police(e ingest.Entry) {
	_, was := s.w.pending[e.Object.ID()]
	if was != e.WasPending {
		s.w.t.Errorf("Record(%s).WasPending = %v, want %v", e.Object.Key, e.WasPending, was)
	}
	if e.Pending != nil || len(e.Quarantine) > 0 {
		return
	}
	for _, id := range s.w.objects[e.Object.Key].ids {
		if s.w.accepted[id] == 0 {
			s.w.t.Errorf("%s was recorded before its finding %s was accepted", e.Object.Key, id)
		}
	}
}

func (s state) Advance(ctx context.Context, mark, next ingest.Mark) (ingest.Mark, error) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	if mark != s.w.mark {
		return mark, ingest.ErrConflict
	}
	t := next.Time
	if !t.After(mark.Time) || next.Floor.Before(mark.Floor) || next.Floor.After(t) {
		s.w.t.Errorf("Advance from %+v to %+v, want forward and the floor between", mark, next)
	}
	since := s.w.now.Add(-s.w.lookback)
	if !mark.Time.IsZero() {
		since = mark.Time.Add(-time.Hour)
	}
	for _, o := range s.w.objects {
		_, isKey := guardduty.ParseKey("AWSLogs/", o.Key)
		if !isKey || len(o.ids) == 0 || o.LastModified.After(t) || !o.LastModified.After(since) {
			continue
		}
		_, done := s.w.done[o.ID()]
		_, pending := s.w.pending[o.ID()]
		if !done && !pending {
			s.w.t.Errorf("the watermark passes %s, which is not recorded", o.Key)
		}
	}
	apply, err := s.w.call(ctx, "Advance")
	if err == nil && s.w.advanceFault != nil {
		apply, err = s.w.advanceFault()
	}
	if apply {
		next.Version = mark.Version + "+"
		s.w.mark = next
	}
	return s.w.mark, err
}

func (s state) Prune(ctx context.Context, t time.Time) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	apply, err := s.w.call(ctx, "Prune")
	if !apply {
		return err
	}
	if t.After(s.w.mark.Time.Add(-time.Hour)) {
		s.w.t.Errorf("Prune(%v) reaches into the window that is listed again, watermark %v", t, s.w.mark.Time)
	}
	for id, e := range s.w.done {
		if e.Object.LastModified.Before(t) {
			delete(s.w.done, id)
		}
	}
	for u, modified := range s.w.sent {
		if modified.Before(t) {
			delete(s.w.sent, u)
		}
	}
	return err
}

type leases struct{ w *world }

func (l leases) Acquire(ctx context.Context, owner string, ttl time.Duration, gone func(string) bool) (ingest.Lease, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	apply, err := l.w.call(ctx, "Acquire")
	if !apply {
		return ingest.Lease{}, err
	}
	if held := l.w.lease; held != nil && held.Expires.After(l.w.now) && !gone(held.Owner) {
		return ingest.Lease{}, &ingest.HeldError{Holder: *held}
	}
	l.w.lease = &ingest.Lease{Owner: owner, Expires: l.w.now.Add(ttl), Version: owner}
	return *l.w.lease, err
}

func (l leases) Renew(_ context.Context, lease ingest.Lease, ttl time.Duration) (ingest.Lease, error) {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	if l.w.lease == nil || l.w.lease.Version != lease.Version {
		return lease, ingest.ErrConflict
	}
	return *l.w.lease, nil
}

func (l leases) Release(ctx context.Context, lease ingest.Lease) error {
	l.w.mu.Lock()
	defer l.w.mu.Unlock()
	apply, err := l.w.call(ctx, "Release")
	if !apply {
		return err
	}
	if l.w.lease != nil && l.w.lease.Version == lease.Version {
		l.w.lease = nil
	}
	return err
}

var errBoom = errors.New("boom")

// errDead is what every call of a killed process comes back with.
var errDead = errors.New("killed")

// call counts a call of a port. It returns whether the call takes effect and
// the error it comes back with: from the call at which the process is killed on
// nothing takes effect any more, as if there were no process. It is called with
// the lock held, which it gives up while the call hangs.
func (w *world) call(ctx context.Context, name string) (bool, error) {
	w.calls++
	w.called[name]++
	switch w.faults[name] {
	case "refused":
		return false, errBoom
	case "answer lost":
		return true, errBoom
	case "hangs", "hangs, took effect":
		w.mu.Unlock()
		<-ctx.Done()
		w.mu.Lock()
		return w.faults[name] == "hangs, took effect", ctx.Err()
	}
	switch {
	case w.dieAt == 0 || w.calls < w.dieAt:
		return true, nil
	case w.calls == w.dieAt:
		return w.dieAfter, errDead
	default:
		return false, errDead
	}
}
