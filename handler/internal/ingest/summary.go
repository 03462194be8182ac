package ingest

import (
	"fmt"
	"slices"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// Summary is what one run did.
type Summary struct {
	Started      time.Time
	Duration     time.Duration
	Plan         PlanStats
	Reads        int            // objects opened
	Objects      int            // objects recorded as done
	Findings     int            // findings the table accepted
	Batches      int            // calls of Deliver that succeeded
	Bytes        int64          // bytes of the accepted batches' rows
	Dropped      map[string]int // findings dropped, by the setting that dropped them
	Repeated     int            // duplicate findings, skipped because the same update was already sent
	Foreign      int            // findings in a folder that has no business with their account
	ForeignIn    []string       // the accounts of such folders, at most maxForeignIn
	ForeignOf    string         // whose finding was the first of these
	Capped       []string       // accounts and Regions that reached their ceiling, of which something is left
	EmptyLines   int            // lines such as {"findings":[]}
	BadLines     int            // lines and findings quarantined
	BadObjects   int            // objects quarantined
	Pending      int            // objects that could not be read, or were refused; a later run reads them again
	Waiting      int            // all objects that wait to be read again, when the run ended
	Left         int            // objects the run did not get to, or could not record
	WindowsLeft  int            // days of a backlog that the run did not get to
	Watermark    time.Time
	Lag          time.Duration // from the watermark, or the mark of a backlog before it, to the time of the listing
	Archived     int           // objects quarantined since they have to be restored first
	BadInObjects int           // objects with something in quarantine
	Keys         []string      // of the first of these, at most three
	Late         int           // objects that the sweep found
	Held         []Held        // folders that cannot be listed or read, the longest held first
	Oldest       time.Time     // when the object that waits the longest to be read again was written; zero for none
	First        time.Time     // the first watermark, where this is the first run of the source
	NoFolders    bool          // nothing lies below the root
	Lookback     time.Duration // how far back the first run started, where that is not INITIAL_LOOKBACK any more
	Recovered    string        // where the watermark is from when its row could not be read
	Failure      string        // why the run could not do its job; empty when it did
}

// Field is one number of a summary, under its name in the log line that ends a
// run and its name in the run's row of the state table; it is empty where the
// number is not there. Alerts, workbooks and operators query these names, so
// they are never changed.
type Field struct {
	Log, Row string
	Value    any // an int, int64 or float64
}

// Fields lists the numbers of the summary.
func (s *Summary) Fields() []Field {
	dropped := 0
	for _, n := range s.Dropped {
		dropped += n
	}
	return []Field{
		{"objects", "Objects", s.Objects},
		{"findings", "Findings", s.Findings},
		{"batches", "Batches", s.Batches},
		{"bytes", "Bytes", s.Bytes},
		{"dropped", "Dropped", dropped},
		{"repeated", "Repeated", s.Repeated},
		{"foreign", "Foreign", s.Foreign},
		{"capped", "Capped", len(s.Capped)},
		{"pending", "Pending", s.Pending},
		{"quarantined", "Quarantined", s.BadLines + s.BadObjects},
		{"left", "Left", s.Left},
		{"", "DaysLeft", s.WindowsLeft},
		{"list_calls", "Lists", s.Plan.Lists},
		{"read_calls", "Reads", s.Reads},
		{"pairs", "Pairs", s.Plan.Pairs},
		{"unlisted", "", len(s.Held)}, // as held, for queries of before
		{"no_folders", "", boolean(s.NoFolders)},
		{"held", "Held", len(s.Held)},
		{"held_seconds", "", s.heldFor().Seconds()},
		{"waiting", "Waiting", s.Waiting},
		{"waiting_seconds", "", s.waitingFor().Seconds()},
		{"archived", "Archived", s.Archived},
		{"late", "Late", s.Late},
		{"lag_seconds", "LagSeconds", s.Lag.Seconds()},
		{"duration_seconds", "Seconds", s.Duration.Seconds()},
	}
}

// boolean is 1 for true.
func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// heldFor is for how long the folder that is held the longest is held.
func (s *Summary) heldFor() time.Duration {
	if len(s.Held) == 0 {
		return 0
	}
	return s.Started.Sub(s.Held[0].Since)
}

// waitingFor is for how long the object that waits the longest has been waiting.
func (s *Summary) waitingFor() time.Duration {
	if s.Oldest.IsZero() {
		return 0
	}
	return s.Started.Sub(s.Oldest)
}

// Outcomes of a run.
const (
	OutcomeOK      = "ok"
	OutcomePartial = "partial" // the next run continues with what is left
	OutcomeFailed  = "failed"
)

// Outcome says in a word how the run ended.
func (s *Summary) Outcome() string {
	switch {
	case s.Failure != "":
		return OutcomeFailed
	case s.Left > 0 || s.WindowsLeft > 0 || len(s.Capped) > 0:
		return OutcomePartial
	default:
		return OutcomeOK
	}
}

// drop counts a finding that a filter dropped.
func (s *Summary) drop(setting string) {
	if s.Dropped == nil {
		s.Dropped = make(map[string]int)
	}
	s.Dropped[setting]++
}

// foreign counts a finding of an account in a folder that has no business with it.
func (s *Summary) foreign(folder guardduty.Pair, account string) {
	if s.Foreign++; s.Foreign == 1 {
		s.ForeignOf = fmt.Sprintf("%.12q", account) // whatever text it is
	}
	if in := folder.Account(); len(s.ForeignIn) < maxForeignIn && !slices.Contains(s.ForeignIn, in) {
		s.ForeignIn = append(s.ForeignIn, in)
	}
}

// maxForeignIn bounds the accounts that a summary names.
const maxForeignIn = 20

// count counts a written entry: an object's last, or a checkpoint.
func (s *Summary) count(e Entry, last bool) {
	switch {
	case last && e.Pending != nil:
		s.Pending++
	case last:
		s.Objects++
	}
	if len(e.Quarantine) > 0 && len(s.Keys) < 3 {
		s.Keys = append(s.Keys, e.Object.Key)
	}
	s.BadInObjects += min(1, len(e.Quarantine))
	for _, q := range e.Quarantine {
		switch {
		case q.Lines > 0:
			s.BadLines += q.Lines - maxLineRows - 1 // the others have an entry each
		case q.Line == 0:
			s.BadObjects++
		default:
			s.BadLines++
		}
	}
}
