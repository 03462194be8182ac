package azfunc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

// Run is one run of a function. Its context ends when the process is asked to
// stop; a run keeps its own budget.
type Run func(context.Context, *slog.Logger, Invocation) (Report, error)

// Server answers the host. Log lines of a run carry the invocation's id.
type Server struct {
	Functions map[string]Run
	Log       *slog.Logger
	// PanicError makes the failed invocation's error from what a run panicked
	// with; the stack has been logged. Nil uses a plain error.
	PanicError func(v any) error
	// Limit bounds an invocation, from its arrival to its answer; zero sets no
	// bound. One that takes longer is blocked by something that does not heed
	// the end of its context, such as a log that the host does not read. Nothing
	// can end it but the end of the process, which is for Overrun: it is called
	// with the invocation's id, in a goroutine of its own.
	Limit   time.Duration
	Overrun func(invocation string)

	running sync.Mutex     // held by the one run in progress
	answers sync.WaitGroup // invocations not yet answered
}

// Handler answers GET of any path (any answer tells the host that the handler
// is up) and runs a function at POST /FUNCTION. A run's context is ctx. An
// http.ServeMux is not used: it answers some paths by redirects, which are not
// JSON objects.
func (s *Server) Handler(ctx context.Context) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		run, known := s.Functions[name]
		switch {
		case !ofHost(r):
			http.Error(w, "only the Functions host on this machine may ask this handler", http.StatusForbidden)
		case r.Method == http.MethodGet || r.Method == http.MethodHead:
			writeOK(w, Report{})
		case r.Method == http.MethodPost && known:
			s.answers.Add(1)
			defer s.answers.Done()
			s.invoke(ctx, w, r, name, run)
		default:
			writeFailed(w, fmt.Errorf("this handler has no function %s %s", r.Method, r.URL.Path))
		}
	})
}

// ofHost reports whether a request may be the Functions host's, which names the
// loopback address that it asks and sends no Origin. A web page that is open on
// the same machine has an origin, or a name of its own for this address.
func ofHost(r *http.Request) bool {
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	address := net.ParseIP(strings.Trim(host, "[]"))
	return r.Header["Origin"] == nil && (host == "localhost" || address != nil && address.IsLoopback())
}

// invoke answers one invocation. Runs never overlap within a process: a second
// one is answered at once and does nothing. A run is not tied to the host's
// connection: work that was accepted is recorded even when the host no longer
// waits for the answer.
func (s *Server) invoke(ctx context.Context, w http.ResponseWriter, r *http.Request, name string, run Run) {
	id := r.Header.Get("X-Azure-Functions-InvocationId")
	if s.Limit > 0 {
		defer time.AfterFunc(s.Limit, func() { s.Overrun(id) }).Stop()
	}
	inv, err := readInvocation(r.Body)
	inv.ID, inv.Function = id, name
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
	report, err := s.guarded(ctx, log, inv, run) // unlocks: the caller may start the next run once it has the answer
	if err != nil {
		log.ErrorContext(ctx, "run failed", slog.Any("error", err), slog.Any("story", report.Lines))
		writeFailed(w, err)
		return
	}
	writeOK(w, report)
}

// guarded does the run and ends its hold on running. It turns a panic of the
// run into its error, with the stack in the log.
func (s *Server) guarded(ctx context.Context, log *slog.Logger, inv Invocation, run Run) (report Report, err error) {
	defer s.running.Unlock()
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

// idleTimeout is how long a connection is kept between two requests: longer
// than the host keeps one, so that the host never sends an invocation on a
// connection that is being closed.
const idleTimeout = 10 * time.Minute

// Serve answers on ln until ctx ends, then waits up to grace for a run in
// progress to be answered. It returns nil after an orderly stop.
func (s *Server) Serve(ctx context.Context, ln net.Listener, grace time.Duration) error {
	srv := &http.Server{
		Handler:           s.Handler(ctx),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       idleTimeout,
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
