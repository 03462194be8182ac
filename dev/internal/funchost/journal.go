package funchost

import (
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Level is the severity of a record.
type Level int

// The levels that the host uses, by severity.
const (
	Information Level = iota
	Warning
	Error
)

// String returns the level's name as Application Insights shows it.
func (l Level) String() string {
	return [...]string{"Information", "Warning", "Error"}[l]
}

// The categories of the records that the handler causes.
const (
	// CategoryConsole holds one record a line of the handler's stdout and stderr.
	CategoryConsole = "Host.Function.Console"
	// CategoryResults holds the exception of each failed run once more.
	CategoryResults = "Host.Results"
	// CategoryDispatcher holds a record for each handler that took another's
	// place, and the last record of a host that gave up.
	CategoryDispatcher = "Microsoft.Azure.WebJobs.Script.Workers.HttpFunctionInvocationDispatcher"

	categoryStartup = "Host.Startup"
	categoryWorker  = "Worker.HttpWorkerProcess." // and the handler's id
	categoryTimer   = "Host.Triggers.Timer"
	categoryRoutes  = "Microsoft.Azure.WebJobs.Script.WebHost.WebScriptHostHttpRoutesManager"
	categoryTimeout = "Microsoft.Azure.WebJobs.Script.WebHost.WebScriptHostExceptionHandler"
)

// FunctionCategory returns the category of the lines around a function's runs.
func FunctionCategory(function string) string {
	return "Function." + function
}

// UserCategory returns the category of the Logs that a function answers with.
func UserCategory(function string) string {
	return "Function." + function + ".User"
}

// Record is one log record of the host.
type Record struct {
	// Time is when the host made the record.
	Time time.Time
	// Level is its severity.
	Level Level
	// Category names what made it, such as Host.Function.Console.
	Category string
	// Event is the number in brackets after the category.
	Event int
	// InvocationID is empty for records that belong to no run; lines of the
	// handler's stdout and stderr never do.
	InvocationID string
	// Message is the text, an exception's lines included.
	Message string
}

// journal keeps records and prints them.
type journal struct {
	now func() time.Time

	mu      sync.Mutex
	out     io.Writer
	records []Record
}

func (j *journal) add(r Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Time = j.now()
	j.records = append(j.records, r)
	// A console that cannot be written to must not stop the host.
	_, _ = io.WriteString(j.out, r.console())
}

func (j *journal) all() []Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Record(nil), j.records...)
}

// console returns the record as the real host's console shows it. An empty
// message has no line of its own.
func (r Record) console() string {
	const indent = "\n      "
	var b strings.Builder
	b.WriteString([...]string{"info", "warn", "fail"}[r.Level])
	b.WriteString(": " + r.Category + "[" + strconv.Itoa(r.Event) + "]")
	if r.Message != "" {
		b.WriteString(indent)
		b.WriteString(strings.ReplaceAll(r.Message, "\n", indent))
	}
	b.WriteByte('\n')
	return b.String()
}
