package azfunc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync"
	"time"
)

// Run is one run of a function. Its context ends when the process is asked to
// stop; the budget of a run is its own matter.
type Run func(context.Context, *slog.Logger, Invocation) (Report, error)

// Server answers the host. Log lines of a run carry the invocation's id.
type Server struct {
	Functions map[string]Run
	Log       *slog.Logger
	// PanicError makes the failed invocation's error from what a run panicked
	// with; the stack has been logged. Nil uses a plain error.
	PanicError func(v any) error

	running sync.Mutex     // held by the one run in progress
	answers sync.WaitGroup // invocations not yet answered
}

// Handler routes GET / (any answer tells the host that the handler is up) and
// POST /FUNCTION. A run's context is ctx.
func (s *Server) Handler(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { writeOK(w, Report{}) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeFailed(w, fmt.Errorf("this handler has no function %s %s", r.Method, r.URL.Path))
	})
	for name, run := range s.Functions {
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, r *http.Request) {
			s.answers.Add(1)
			defer s.answers.Done()
			s.invoke(ctx, w, r, name, run)
		})
	}
	return mux
}

// invoke answers one invocation. Runs never overlap within a process: a second
// one is answered at once and does nothing. A run is not tied to the host's
// connection: work that was accepted is recorded even when nobody waits for
// the answer any more.
func (s *Server) invoke(ctx context.Context, w http.ResponseWriter, r *http.Request, name string, run Run) {
	inv, err := readInvocation(r.Body)
	inv.ID, inv.Function = r.Header.Get("X-Azure-Functions-InvocationId"), name
	log := s.Log.With(slog.String("invocation_id", inv.ID))
	if err != nil {
		log.ErrorContext(ctx, "invocation refused", slog.Any("error", err))
		writeFailed(w, err)
		return
	}
	if !s.running.TryLock() {
		log.InfoContext(ctx, "another run is in progress")
		writeOK(w, Report{Lines: []string{"Another run is in progress in this handler; this one did nothing."}})
		return
	}
	defer s.running.Unlock()

	report, err := s.guarded(ctx, log, inv, run)
	if err != nil {
		log.ErrorContext(ctx, "run failed", slog.Any("error", err), slog.Any("story", report.Lines))
		writeFailed(w, err)
		return
	}
	writeOK(w, report)
}

// guarded turns a panic of the run into its error, with the stack in the log.
func (s *Server) guarded(ctx context.Context, log *slog.Logger, inv Invocation, run Run) (report Report, err error) {
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		log.ErrorContext(ctx, "run panicked", slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
		if s.PanicError == nil {
			err = fmt.Errorf("the handler panicked: %v", v)
			return
		}
		err = s.PanicError(v)
	}()
	return run(ctx, log, inv)
}

// Serve answers on ln until ctx ends, then waits up to grace for a run in
// progress to be answered. It returns nil after an orderly stop.
func (s *Server) Serve(ctx context.Context, ln net.Listener, grace time.Duration) error {
	srv := &http.Server{
		Handler:           s.Handler(ctx),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		err := srv.Shutdown(late)
		s.wait(late) // Shutdown does not know connections taken over by writeFailed
		stopped <- err
	}()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return <-stopped // Serve returns as Shutdown begins; wait for it to end
}

// wait returns when every invocation has its answer or ctx has ended.
func (s *Server) wait(ctx context.Context) {
	done := make(chan struct{})
	go func() { s.answers.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
}
