package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

// Run more, or one again, with: go test ./handler/internal/ingest -run Model -seeds 5000
// or -seed 17.
var modelSchedules = newSchedules("Model", "", 100)

// TestModel plays random schedules of objects, faults, kills and runs against
// the doubles, which police every call. In the end, after runs without faults,
// every finding has been accepted or quarantined, and no finding was accepted
// more often than runs broke off, plus once.
func TestModel(t *testing.T) { modelSchedules.play(t, play) }

// model is one schedule.
type model struct {
	*cloud
	r      *rand.Rand
	next   int // number of the next finding
	step   int // number of the first finding since the last run
	broken int // runs that ended with an error, were killed or left an object for later

	folders map[string]map[string]bool // of each finding, the pairs that have it
	partial bool                       // objects may be quarantined or left behind, and a copy of a finding with them
}

func newModel(t *testing.T, source rand.Source) *model {
	return &model{cloud: newCloud(t), r: rand.New(source), folders: map[string]map[string]bool{}}
}

func play(t *testing.T, seed uint64) {
	t.Helper()
	m := newModel(t, rand.NewPCG(seed, 7))
	m.maxRows = 100 + m.r.IntN(2000)
	m.lookback, m.pageSize = time.Duration(1+m.r.IntN(5))*24*time.Hour, 1+m.r.IntN(20)
	m.maxTasks = 1 + m.r.IntN(30)
	for range 3 + m.r.IntN(12) {
		for range m.r.IntN(8) {
			m.export()
		}
		m.breakSomething()
		if m.maxPair = unbounded; m.r.IntN(3) == 0 {
			m.maxPair = int64(20 + m.r.IntN(300))
		}
		m.step = m.next
		m.oneRun()
		m.repair()
		m.now = m.now.Add(time.Duration(m.r.IntN(3*3600)) * time.Second)
	}
	m.maxPair = unbounded
	for range 3 {
		makeDue(m.cloud)
		id := fmt.Sprint("good", m.calls) // by which a run knows that a refusal is not the table's fault
		m.put(fmt.Sprintf("AWSLogs/000000000000/GuardDuty/xx-region-0/%s/%s.jsonl.gz", m.now.Format("2006/01/02"), id),
			m.now.Add(-time.Second), id)
		if err := m.oneRun(); err != nil {
			t.Errorf("seed %d: a run without faults = %v", seed, err)
		}
		m.now = m.now.Add(5 * time.Minute)
	}
	m.judge(seed)
}

// export puts an object with a name, a time and a folder such as GuardDuty
// might give it, up to 50 minutes late.
func (m *model) export() {
	modified := m.now.Add(-time.Duration(m.r.IntN(50*60)) * time.Second).Truncate(time.Second)
	folder := modified
	if m.r.IntN(4) == 0 {
		folder = modified.Add(-10 * time.Minute) // the folder of before midnight
	}
	pair := fmt.Sprintf("%s%012d/GuardDuty/xx-region-%d/", guardduty.Root(m.prefix), m.r.IntN(3), m.r.IntN(2))
	name := fmt.Sprintf("%s%s/%08x.jsonl.gz", pair, folder.Format("2006/01/02"), m.r.Uint32())
	var lines strings.Builder
	var ids []string
	size := 1 + m.r.IntN(6)
	if m.r.IntN(8) == 0 {
		size = 100 // enough that its progress is recorded
	}
	for range size {
		switch m.r.IntN(12) {
		case 0:
			lines.WriteString("not json\n")
		case 1:
			if m.next > m.step { // the same update as in another object of the window
				id := fmt.Sprint("f", m.step+m.r.IntN(m.next-m.step))
				m.folders[id][pair] = true
				lines.WriteString(finding(id))
			}
		default:
			id := fmt.Sprint("f", m.next)
			m.next++
			m.folders[id] = map[string]bool{pair: true}
			if m.r.IntN(40) == 0 {
				m.refuses[id] = true
			} else {
				ids = append(ids, id)
			}
			lines.WriteString(finding(id))
		}
	}
	body := []byte(lines.String())
	if m.r.IntN(8) == 0 {
		body = zipped(lines.String())
	}
	m.putBody(name, modified, body, ids...)
}

// breakSomething arranges at most one fault for the next run.
func (m *model) breakSomething() {
	some := func() bool { return m.r.IntN(3) == 0 }
	took := m.r.IntN(2) == 0
	m.deliverFault = func(ids []string) (bool, []string, error) { return true, m.bad(ids), nil }
	switch m.r.IntN(14) {
	case 10, 11:
		m.stopAt = m.calls + 5 + m.r.IntN(40)
	case 12:
		limit := int64(m.r.IntN(4000))
		m.bodyFault = func(_ string, r io.Reader) io.Reader {
			return io.MultiReader(io.LimitReader(r, limit), iotest.ErrReader(errBoom))
		}
	case 0:
		m.deliverFault = func(ids []string) (bool, []string, error) {
			if some() {
				return took, m.bad(ids), errBoom
			}
			return true, m.bad(ids), nil
		}
	case 1:
		m.recordFault = func() (bool, error) { return took, errBoom }
	case 2:
		m.advanceFault = func() (bool, error) { return took, errBoom }
	case 3:
		m.openFault = func(string) error {
			if some() {
				return errBoom
			}
			return nil
		}
	case 4:
		folder := fmt.Sprintf("AWSLogs/%012d/", m.r.IntN(3))
		m.listFault = func(prefix string) error {
			if strings.HasPrefix(prefix, folder) {
				return errBoom
			}
			return nil
		}
	case 5, 6, 7:
		m.dieAt, m.dieAfter = m.calls+1+m.r.IntN(40), took
	}
}

// bad returns those of ids that the table never takes.
func (m *model) bad(ids []string) []string {
	var bad []string
	for _, id := range ids {
		if m.refuses[id] {
			bad = append(bad, id)
		}
	}
	return bad
}

func (m *model) repair() {
	m.recordFault, m.advanceFault, m.listFault, m.openFault, m.dieAt = nil, nil, nil, nil, 0
	m.bodyFault, m.stopAt, m.stop = nil, 0, nil
	m.deliverFault = func(ids []string) (bool, []string, error) { return true, m.bad(ids), nil }
}

// oneRun is one process: its predecessor is gone, whatever lease it left.
func (m *model) oneRun() error {
	job := m.job()
	job.Log = slog.New(slog.DiscardHandler)
	job.Fetchers, job.Uploaders = 1+m.r.IntN(4), 1+m.r.IntN(2)
	job.Owner, job.OwnerGone = fmt.Sprint("run", m.calls), func(string) bool { return true }
	ctx, stop := context.WithCancel(m.t.Context())
	defer stop()
	m.stop = stop
	s, err := job.Run(ctx)
	if m.stopAt > 0 && m.calls >= m.stopAt {
		m.broken++
	}
	if s.Pending > 0 || len(s.Capped) > 0 {
		m.broken++ // an object read hours later may hold what another held, and the ledger has forgotten that
	}
	if err != nil {
		m.broken++
		var held *ingest.HeldError
		if errors.As(err, &held) {
			m.t.Errorf("Run = %v, want the lease of a process that is gone to be taken over", err)
		}
	}
	return err
}

// judge checks the end of a schedule.
func (m *model) judge(seed uint64) {
	for _, o := range m.objects {
		for _, id := range o.ids {
			copies := max(1, len(m.folders[id])) // nothing in one folder counts for another
			least := copies
			if m.partial {
				least = 1
			}
			if n := m.accepted[id]; n < least || n > copies*(1+m.broken) {
				m.t.Errorf("seed %d: finding %s of %s was accepted %d times in a schedule with %d broken runs, "+
					"want %d to %d", seed, id, o.Key, n, m.broken, least, copies*(1+m.broken))
			}
		}
	}
	for id := range m.refuses {
		if m.accepted[id] != 0 {
			m.t.Errorf("seed %d: refused finding %s was accepted", seed, id)
		}
	}
	if len(m.pending) != 0 {
		m.t.Errorf("seed %d: %d objects are still pending", seed, len(m.pending))
	}
}
