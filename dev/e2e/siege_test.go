package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/seed"
)

const (
	siegeKills   = 10  // where KILLS does not say otherwise
	siegeBacklog = 200 // findings there at first
	siegeAdded   = 40  // findings added at each kill
	siegeFetch   = 8
	siegeUpload  = 2

	recordGroup = 100 // objects that the handler records at once; as many wait meanwhile
)

// siege is a test in which the handler is killed again and again.
type siege struct {
	*fixture
	rng      *rand.Rand
	pool     [][]byte          // findings not exported yet
	exported map[string]string // id to the object's URL
	holds    int               // most findings of one object

	rows     int             // looked at so far
	accepted map[string]int  // times by id
	recorded map[string]bool // objects in the ledger, by URL
	allowed  map[string]int  // kills at which a finding was not recorded, by id
	most     int             // findings accepted and not recorded at one kill
	length   time.Duration   // about that of a run
	mark     time.Time
	phases   map[string]int
	began    time.Time
}

// fromEnv reads a number from the environment.
func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text, ok := os.LookupEnv(name)
	if !ok {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s = %q, want a whole number", name, text)
	}
	return n
}

// Whenever the host kills a handler, nothing is lost, nothing comes again once
// it is recorded, and what comes again is bounded by what was accepted and not
// yet recorded at a kill. The next handler takes over at once. KILLS is how many kills there are; KILL_SEED
// chooses their instants.
func TestKillsAtRandomInstantsLoseNothing(t *testing.T) {
	t.Parallel()
	kills := int(fromEnv(t, "KILLS", siegeKills))
	number := fromEnv(t, "KILL_SEED", uint64(time.Now().UnixNano()))
	t.Logf("KILL_SEED=%d", number)
	s := newSiege(t, kills, number)
	s.measure()
	for k := range kills {
		if k%2 == 0 { // a host gives up at the third crash
			s.start()
		}
		s.strikeOnce()
	}
	for _, service := range []string{"s3", "ingestion"} {
		s.cloud.Faults[service].Reset()
	}
	s.start()
	s.finish()
	s.verdict(kills)
}

func newSiege(t *testing.T, kills int, number uint64) *siege {
	t.Helper()
	s := &siege{
		fixture: newFixture(t, cloud.WithKey), rng: rand.New(rand.NewPCG(number, 1)),
		exported: make(map[string]string), accepted: make(map[string]int), recorded: make(map[string]bool),
		allowed: make(map[string]int), phases: make(map[string]int),
	}
	s.pool = s.many(s.builtIn(), 2*siegeBacklog+kills*siegeAdded)
	s.with(
		map[string]string{"FETCH_CONCURRENCY": fmt.Sprint(siegeFetch), "UPLOAD_CONCURRENCY": fmt.Sprint(siegeUpload)},
	)
	s.strike("s3", faults.Fault{Method: "GET", Times: -1, Delay: 10 * time.Millisecond})
	s.strike("ingestion", faults.Fault{Method: "POST", Times: -1, Delay: 40 * time.Millisecond})
	return s
}

// measure makes a whole run over one backlog and leaves another.
func (s *siege) measure() {
	s.Helper()
	s.add(siegeBacklog)
	s.start()
	s.length = s.run().Duration
	s.look()
	s.add(siegeBacklog)
	s.began = time.Now()
}

// add exports the next n findings, all of this moment.
func (s *siege) add(n int) {
	s.Helper()
	now := time.Now()
	for _, o := range seed.Plan(s.pool[:n], seed.Options{Now: now, Seed: s.rng.Uint64()}) {
		for line := range holders([]seed.Object{o}) {
			s.exported[bare(s.parse([]byte(line)).text("id"))] = s.url(o.Key)
		}
		s.holds = max(s.holds, o.Findings)
		if err := s.cloud.S3.Put(o.Key, o.Body, now); err != nil {
			s.Fatal(err)
		}
	}
	s.pool = s.pool[n:]
}

func (s *siege) url(key string) string { return "s3://" + s.cloud.S3.Bucket() + "/" + key }

// strikeOnce begins a run, adds objects before and beside it, and kills the
// handler at a random instant.
func (s *siege) strikeOnce() {
	s.Helper()
	s.add(siegeAdded / 2)
	s.cloud.S3.ResetRequests()
	calls, pid := s.cloud.Ingestion.Stats().Calls, s.host.HandlerPID()
	ended := s.background()
	instant := time.After(time.Duration(s.rng.Int64N(int64(s.length))))
	s.add(siegeAdded / 2)
	<-instant
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		s.Fatalf("Kill(%d) = %v, want nil", pid, err)
	}
	inv := s.receive(ended)
	s.wait("another handler", func() bool { next := s.host.HandlerPID(); return next != 0 && next != pid })
	s.quiet()
	lists, reads := s.cloud.S3.Count(s3server.ListObjectsV2), s.cloud.S3.Count(s3server.GetObject)
	before, mark := len(s.recorded), s.mark
	s.look()
	phase := "starting"
	switch {
	case inv.Succeeded:
		phase = "ended"
		s.notBusy(inv.Logs)
	case !s.mark.Equal(mark):
		phase = "advanced"
	case len(s.recorded) > before:
		phase = "recording"
	case s.cloud.Ingestion.Stats().Calls > calls:
		phase = "delivering"
	case reads > 0:
		phase = "reading"
	case lists > 0:
		phase = "listing"
	}
	s.phases[phase]++
	unrecorded := 0
	for id, object := range s.exported {
		if s.recorded[object] {
			continue
		}
		s.allowed[id]++
		if s.accepted[id] > 0 {
			unrecorded++
		}
	}
	s.most = max(s.most, unrecorded)
}

// quiet waits until Logs Ingestion seems to have done with what a dead handler
// had sent: a call may be accepted after its sender's end.
func (f *fixture) quiet() {
	f.Helper()
	calls, since := -1, time.Now()
	f.wait("no more calls of the dead handler", func() bool {
		if now := f.cloud.Ingestion.Stats().Calls; now != calls {
			calls, since = now, time.Now()
		}
		return time.Since(since) > 100*time.Millisecond
	})
}

// notBusy fails the test if a run did nothing for the sake of another: the
// only other handlers are dead.
func (s *siege) notBusy(story []string) {
	s.Helper()
	if text := strings.Join(story, " "); strings.Contains(text, "Another run is in progress") {
		s.Errorf("a run after a kill said %q, want it to take over from the dead handler", text)
	}
}

// look takes in the rows and the ledger as they are now.
func (s *siege) look() {
	s.Helper()
	rows := s.cloud.Ingestion.Rows()
	for _, text := range rows[s.rows:] {
		row := s.parse(text)
		s.accepted[idOf(row)]++
		if got, want := row.text("SourceObject_s"), s.exported[idOf(row)]; got != want {
			s.Errorf("SourceObject_s of %s = %q, want %q", idOf(row), got, want)
		}
	}
	s.rows = len(rows)
	for _, row := range s.stateRows("done") {
		s.recorded[s.url(row.ObjectKey)] = true
	}
	s.mark = s.watermark()
}

// finish makes runs until there is nothing left to do.
func (s *siege) finish() {
	s.Helper()
	for range 5 {
		inv := s.run()
		s.notBusy(inv.Logs)
		if strings.HasPrefix(inv.Logs[0], "No new findings") {
			return
		}
	}
	s.Errorf("runs without kills still find something after 5, want none left")
}

// bound is the most findings that can be accepted and not recorded at one
// instant: the batches under way, and besides them the objects whose findings
// have been settled in part or whole. Of the latter the recorder writes a group
// and a group waits for it, each fetcher has one, and as many may lie across
// each end of each batch that is not accepted: those under way and the one
// being filled. A batch is bounded in bytes: its rows are read off the calls.
func (s *siege) bound() int {
	rows := 0
	for _, call := range s.cloud.Ingestion.Calls() {
		rows = max(rows, call.Rows)
	}
	objects := 2*recordGroup + siegeFetch*(1+2*siegeUpload+1)
	return siegeUpload*rows + s.holds*objects
}

// verdict compares what arrived with what was exported.
func (s *siege) verdict(kills int) {
	s.Helper()
	s.look()
	lost, repeated := 0, 0
	for id := range s.exported {
		got, want := s.accepted[id], 1+s.allowed[id]
		switch {
		case got == 0:
			lost++
			s.Errorf("rows of finding %s = 0, want at least 1", id)
		case got > want:
			s.Errorf("rows of finding %s = %d, want at most %d: one of each run that found it not recorded", id, got,
				want)
		}
		repeated += max(0, got-1)
	}
	for id := range s.accepted {
		if s.exported[id] == "" {
			s.Errorf("rows of finding %s = %d, want none: it was never exported", id, s.accepted[id])
		}
	}
	bound := s.bound()
	if s.most > bound || repeated > kills*bound {
		s.Errorf("accepted and not recorded at one kill = %d, repeated after %d kills = %d, want at most %d a kill",
			s.most, kills, repeated, bound)
	}
	if !s.mark.After(s.began) {
		s.Errorf("watermark = %v, want one after the test began at %v", s.mark, s.began)
	}
	for _, kind := range []string{"pending", "quarantine"} {
		if rows := s.stateRows(kind); len(rows) > 0 {
			s.Errorf("%s rows = %+v, want none", kind, rows)
		}
	}
	s.Logf(
		"%d findings, %d kills, %d lost, %d repeated; accepted and not recorded at one kill at most %d, bound %d; "+
			"kills by phase %v, within %v; %v",
		len(s.exported), kills, lost, repeated, s.most, bound, s.phases, s.length.Round(time.Millisecond),
		time.Since(s.began).Round(time.Millisecond),
	)
}
