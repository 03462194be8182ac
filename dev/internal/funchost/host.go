// Package funchost plays the Azure Functions host toward a custom handler, for
// local runs and for tests.
//
// It behaves as version 4.1037 of the real host was seen to: it starts the
// handler, probes it, posts timer invocations, judges the answers and kills the
// handler when a run takes too long. What it does about a handler that exits
// depends on the code: after 200 it starts another, after 0 none, after any
// other code another until the third time. Where the real host hangs or drops
// something, so does this one. It keeps what the portal would show: log records,
// and one history entry a run.
//
// It is not a general host: timers are the only triggers, and the state of a
// timer lives as long as the Host.
package funchost

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"sync"
	"time"
)

// Version is the host version that the handler is given.
const Version = "4.1037.0.0"

const (
	defaultKillGrace     = 2 * time.Second
	defaultShutdownGrace = 10 * time.Second
	// exitNotice bounds the wait for the exit of a handler that cut a connection
	// and does not answer, so that the exit is on record before the run ends.
	exitNotice = time.Minute
)

// ErrStopped says that the host takes no more runs: it was shut down, or it
// gave up after the handler's third exit.
var ErrStopped = errors.New("functions host stopped")

// Config says what to host, and how patiently.
type Config struct {
	// AppDir is the app folder: it holds host.json and a folder a function.
	AppDir string
	// Settings are the app settings. The handler gets them all as environment
	// variables, and %NAME% in a schedule or an argument is looked up here
	// before it is looked up in Environ.
	Settings map[string]string
	// Environ is the host's own environment, which the handler inherits; nil
	// means that of this process.
	Environ []string
	// Output gets the console, in the real host's format; nil discards it.
	// Writes to it come one at a time.
	Output io.Writer
	// KillGrace is the time between a timeout and SIGKILL; zero means 2 s.
	KillGrace time.Duration
	// ShutdownGrace is how long Shutdown waits for runs; zero means 10 s.
	ShutdownGrace time.Duration
	// FunctionTimeout, unless zero, takes the place of host.json's.
	FunctionTimeout time.Duration
	// Missed names functions that missed a run before this host started, and
	// when that run was due. RunTimer begins with those, past due.
	Missed map[string]time.Time
	// Ended, unless nil, is called with each run that has ended, before the next
	// run of its function begins.
	Ended func(Invocation)
	// Now is the clock of schedules and records; nil means time.Now.
	Now func() time.Time
}

// Host is a running host with its handler. Its methods may be called from
// several goroutines.
type Host struct {
	cfg       Config
	app       app
	functions map[string]*function
	port      int
	journal   *journal

	runs       sync.WaitGroup // invocations under way
	supervisor sync.WaitGroup

	abandon     context.Context // done when runs are left without an answer
	abandonRuns context.CancelFunc
	closing     chan struct{} // closed when no new run may begin
	release     chan struct{} // closed when the handler is to be let go
	done        chan struct{} // closed when the host has stopped
	restart     chan *worker  // asks for a worker to be killed and replaced
	shutdown    sync.Once

	mu      sync.Mutex
	current *worker
	changed chan struct{} // closed and replaced whenever the state changes
	ready   bool          // current has answered its probe
	refuse  bool          // no new run may begin
	orphan  bool          // the handler is left alive when it is let go
	left    int           // process id of the handler left alive
	failure error         // why the host stopped without being asked to
	unable  error         // why a handler could not be started
	history []Invocation
	crashes []time.Time
	missed  map[string]time.Time // runs that RunTimer has to catch up with
}

// Start reads the app folder, starts the handler and waits until it answers
// the probe. As in the real host, a function whose schedule cannot be read is
// disabled, a handler that cannot be started leaves a host without one
// (HandlerError), and neither is an error. The context bounds only the start.
func Start(ctx context.Context, cfg Config) (*Host, error) {
	h := newHost(cfg)
	if err := h.load(); err != nil {
		return nil, err
	}
	port, err := h.app.choosePort()
	if err != nil {
		return nil, err
	}
	h.port = port
	h.announce()
	began := time.Now()
	h.supervisor.Go(h.supervise)
	if _, err := h.await(ctx, func() bool { return h.ready || h.unable != nil }); err != nil {
		h.stop(false)
		return nil, err
	}
	h.announceStarted(time.Since(began))
	return h, nil
}

func newHost(cfg Config) *Host {
	if cfg.Environ == nil {
		cfg.Environ = os.Environ()
	}
	if cfg.Output == nil {
		cfg.Output = io.Discard
	}
	if cfg.KillGrace == 0 {
		cfg.KillGrace = defaultKillGrace
	}
	if cfg.ShutdownGrace == 0 {
		cfg.ShutdownGrace = defaultShutdownGrace
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	h := &Host{
		cfg:     cfg,
		journal: &journal{out: cfg.Output, now: cfg.Now},
		closing: make(chan struct{}),
		release: make(chan struct{}),
		done:    make(chan struct{}),
		restart: make(chan *worker),
		changed: make(chan struct{}),
		missed:  maps.Clone(cfg.Missed),
	}
	h.abandon, h.abandonRuns = context.WithCancel(context.Background())
	return h
}

// History returns the runs that have ended, oldest first.
func (h *Host) History() []Invocation {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]Invocation(nil), h.history...)
}

// Records returns every log record so far, oldest first.
func (h *Host) Records() []Record {
	return h.journal.all()
}

// HandlerPID returns the process id of the handler, or 0 while there is none.
func (h *Host) HandlerPID() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.current == nil || h.current.gone() {
		return 0
	}
	return h.current.pid
}

// OrphanPID returns the process id of the handler that Shutdown left alive, or
// 0. The real host's process ends there and init adopts the handler; here the
// handler stays a child of this process, which reaps it whenever it exits.
func (h *Host) OrphanPID() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.left
}

// Disabled returns why a function cannot run, or nil when it can.
func (h *Host) Disabled(name string) error {
	f := h.functions[name]
	if f == nil {
		return unknownFunctionError(name)
	}
	return f.disabled
}

// Done is closed when the host has stopped; Err then says why.
func (h *Host) Done() <-chan struct{} {
	return h.done
}

// Err returns why the host stopped without being asked to, which wraps
// ErrStopped, or nil.
func (h *Host) Err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.failure
}

// HandlerError returns why a handler could not be started, such as a file that
// is not executable, or nil. The host does not try again, and every run waits
// for a handler until functionTimeout.
func (h *Host) HandlerError() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.unable
}
