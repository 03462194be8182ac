package ingest

import "time"

// Summary is what one run did.
type Summary struct {
	Started     time.Time
	Duration    time.Duration
	Plan        PlanStats
	Reads       int            // objects opened
	Objects     int            // objects recorded as done
	Findings    int            // findings the table accepted
	Batches     int            // calls of Deliver that succeeded
	Bytes       int64          // bytes of the accepted batches' rows
	Dropped     map[string]int // findings dropped, by the setting that dropped them
	Repeated    int            // duplicate findings, skipped because the same update was already sent
	EmptyLines  int            // lines such as {"findings":[]}
	BadLines    int            // lines and findings quarantined
	BadObjects  int            // objects quarantined
	Pending     int            // objects to be tried again
	Left        int            // objects the run did not get to, or could not record
	WindowsLeft int            // days of a backlog that the run did not get to
	Watermark   time.Time
	Lag         time.Duration // from the watermark to the time of the listing
	Failure     string        // why the run could not do its job; empty when it did
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
		{"pending", "Pending", s.Pending},
		{"quarantined", "Quarantined", s.BadLines + s.BadObjects},
		{"left", "Left", s.Left},
		{"", "DaysLeft", s.WindowsLeft},
		{"list_calls", "Lists", s.Plan.Lists},
		{"read_calls", "Reads", s.Reads},
		{"pairs", "Pairs", s.Plan.Pairs},
		{"unlisted", "", s.Plan.Unlisted},
		{"lag_seconds", "LagSeconds", s.Lag.Seconds()},
		{"duration_seconds", "Seconds", s.Duration.Seconds()},
	}
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
	case s.Left > 0 || s.WindowsLeft > 0:
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

// count counts a written entry: an object's last, or a checkpoint.
func (s *Summary) count(e Entry, last bool) {
	switch {
	case last && e.Pending != nil:
		s.Pending++
	case last:
		s.Objects++
	}
	for _, q := range e.Quarantine {
		if q.Line == 0 {
			s.BadObjects++
		} else {
			s.BadLines++
		}
	}
}
