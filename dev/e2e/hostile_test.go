package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"guardduty-sentinel/dev/internal/cloud"
)

// hostileMemory is what the handler may hold at most, in bytes, whatever it is
// given to read.
const hostileMemory = 160 << 20

// maxField is the longest value of a column, in bytes.
const maxField = 64 << 10

// Whatever is in the bucket, a run quarantines what cannot be delivered, with
// its line and its reason, and delivers everything else once.
func TestHostileObjectsAreSetAsideAndAllElseArrives(t *testing.T) {
	needProc(t)
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	var w workshop
	objects := slices.Concat(w.lines(), w.long(),
		[]oddity{w.sound("many-lines", ifLarge(100_000, 20_000)), bomb(1 << 30), w.rubble(1<<30 - 16<<20)})
	f.withNeighbours(&w, objects)
	f.swallows(objects)
	f.shortened(objects)
	rows := f.cloud.Ingestion.Stats().Rows
	f.run()
	if got := f.cloud.Ingestion.Stats().Rows; got != rows {
		t.Errorf("rows after another run = %d, want %d as before", got, rows)
	}
}

// The bound on memory holds when every fetcher has a hostile object at once.
func TestMemoryOfManyHostileObjectsAtOnce(t *testing.T) {
	needProc(t)
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	f.with(map[string]string{"FETCH_CONCURRENCY": "64"})
	var w workshop
	var objects []oddity
	for len(objects) < 64 {
		objects = slices.Concat(
			objects,
			w.lines(),
			w.long(),
			[]oddity{
				bomb(64 << 20),
				w.rubble(8 << 20),
				w.arrives("ones", `,"service":{"x":`+array("1", 4<<20-1000)+`}`),
			},
		)
	}
	objects = objects[:64]
	for i := range objects {
		objects[i].name += fmt.Sprintf("-%d", i)
	}
	f.withNeighbours(&w, objects)
	f.swallows(objects)
}

func needProc(t *testing.T) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("no /proc on " + runtime.GOOS)
	}
}

// withNeighbours adds an object of one finding to each oddity and puts all of
// them into the bucket.
func (f *fixture) withNeighbours(w *workshop, objects []oddity) {
	f.Helper()
	at := time.Now().UTC().Add(-2 * time.Hour)
	for i := range objects {
		o := &objects[i]
		neighbour := w.sound("neighbour-of-"+o.name, 1)
		o.ids = append(o.ids, neighbour.ids...)
		for _, put := range []oddity{*o, neighbour} {
			if err := f.cloud.S3.Put(oddKey(put.name, at), put.body, at.Add(time.Duration(i)*time.Second)); err != nil {
				f.Fatal(err)
			}
		}
	}
}

func oddKey(name string, at time.Time) string {
	return "AWSLogs/111122223333/GuardDuty/eu-west-1/" + at.Format("2006/01/02/") + name + ".jsonl.gz"
}

// swallows makes a run over the objects and looks at what became of each, and
// at the memory that it took.
func (f *fixture) swallows(objects []oddity) {
	f.Helper()
	f.with(map[string]string{"LOG_LEVEL": "info"})
	f.start()
	pid := f.host.HandlerPID()
	inv := f.run()
	if got := f.host.HandlerPID(); got != pid {
		f.Fatalf("handler = %d, want %d to continue", got, pid)
	}
	peak := f.status(pid, "VmHWM")
	f.Logf("%d objects in %v, resident at most %d MB: %q", len(objects), inv.Duration.Round(time.Millisecond),
		peak>>20, inv.Logs)
	if peak > hostileMemory {
		f.Errorf("VmHWM = %d MB, want at most %d", peak>>20, hostileMemory>>20)
	}
	f.each(objects)
}

// each fails the test unless every finding of the objects arrived once, and
// the quarantine holds what it must.
func (f *fixture) each(objects []oddity) {
	f.Helper()
	times, quarantine := f.times(), f.quarantine()
	want := 0
	for _, o := range objects {
		want += len(o.ids)
		for _, id := range o.ids {
			if got := times[id]; got != 1 {
				f.Errorf("%s: rows of finding %s = %d, want 1", o.name, id, got)
			}
		}
		got := quarantine[o.name]
		if !slices.EqualFunc(got, o.aside,
			func(g, w badLine) bool { return g.line == w.line && strings.HasPrefix(g.reason, w.reason) }) {
			f.Errorf("%s: quarantine = %.500v, want %.500v", o.name, got, o.aside)
		}
		delete(quarantine, o.name)
	}
	if len(times) != want {
		f.Errorf("findings that arrived = %d, want %d", len(times), want)
	}
	for name, got := range quarantine {
		f.Errorf("%s: quarantine = %v, want none", name, got)
	}
}

// shortened looks at the rows of the findings that are too long for a column.
func (f *fixture) shortened(objects []oddity) {
	f.Helper()
	columns := map[string]string{
		"text-of-200-kb":   "description_s",
		"arrays-of-250-kb": "ServiceDetails",
		"arrays-of-2-mb":   "service_additionalInfo_apiCalls_s,ServiceDetails",
	}
	want := make(map[string]string) // by id
	for _, o := range objects {
		if names, ok := columns[o.name]; ok {
			want[o.ids[1]] = names
		}
	}
	for _, text := range f.cloud.Ingestion.Rows() {
		if !bytes.Contains(text, []byte(`"Truncated`)) {
			continue
		}
		row := f.parse(text)
		names := want[idOf(row)]
		if got := row.text("TruncatedColumns_s"); got != names || string(row["Truncated_b"]) != "true" {
			f.Errorf("TruncatedColumns_s of %s = %q, Truncated_b %s, want %q, true", idOf(row), got,
				row["Truncated_b"], names)
		}
		delete(want, idOf(row))
		for name := range strings.SplitSeq(names, ",") {
			value := string(row[name])
			if s := row.text(name); s != "" {
				value = s
			}
			if len(value) > maxField || len(value) < maxField/4 || !utf8.ValidString(value) {
				f.Errorf("%s of %s has %d bytes, want from %d to %d", name, idOf(row), len(value), maxField/4, maxField)
			}
			if name == "ServiceDetails" &&
				(!json.Valid([]byte(value)) || !strings.Contains(value, `{"truncated_items":`)) {
				f.Errorf("%s of %s = %.80s, want valid JSON that says what it lost", name, idOf(row), value)
			}
		}
	}
	for id, names := range want {
		f.Errorf("Truncated_b of %s is missing, want true for %s", id, names)
	}
}
