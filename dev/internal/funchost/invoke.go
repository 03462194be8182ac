package funchost

import (
	"context"
	"errors"
	"fmt"
	"time"
)

var errTimeout = errors.New("function timeout")

// Invocation is one entry of the run history: what the portal shows of a run.
type Invocation struct {
	// ID is the invocation id that the handler was given.
	ID string
	// Function is the function's name.
	Function string
	// Fired is when the run began.
	Fired time.Time
	// Duration is how long it took, by the host's watch.
	Duration time.Duration
	// Succeeded says how it ended.
	Succeeded bool
	// Logs are the lines that the handler answered with; a failed run has none.
	Logs []string
	// Exception is the failure with all that caused it, or empty.
	Exception string
	// StatusCode is the answer's, or 0 when there was none.
	StatusCode int
	// Reason is the reason phrase of the answer's status line, word for word.
	Reason string
}

// Option changes one run.
type Option func(*run)

// PastDue makes the run the catch-up of one that was due at a time when no
// host ran.
func PastDue(due time.Time) Option {
	return func(r *run) { r.missed = due }
}

// AsRetry makes the run the retry of a failed one.
func AsRetry(retry Retry) Option {
	return func(r *run) { r.retry = &retry }
}

// byHand makes the run one that was asked for through the admin endpoint.
func byHand(r *run) { r.byHand = true }

// run is one run to be made.
type run struct {
	id        string
	fired     time.Time
	missed    time.Time // when the run was due, if it is past due
	onStartup bool
	byHand    bool
	retry     *Retry
}

// Invoke makes one run now, as the timer would, and returns its history entry;
// a failed run is not an error. A run of the same function that is under way is
// waited for. Nothing can call a run back: when ctx is done Invoke returns,
// and the run continues.
func (h *Host) Invoke(ctx context.Context, name string, options ...Option) (Invocation, error) {
	f := h.functions[name]
	if f == nil {
		return Invocation{}, unknownFunctionError(name)
	}
	if f.disabled != nil {
		return Invocation{}, f.disabled
	}
	var r run
	for _, option := range options {
		option(&r)
	}
	if !r.missed.IsZero() && !f.monitored {
		return Invocation{}, errUnmonitored(name)
	}
	return h.invoke(ctx, f, r)
}

type outcome struct {
	invocation Invocation
	err        error
}

func (h *Host) invoke(ctx context.Context, f *function, r run) (Invocation, error) {
	select {
	case <-f.turn:
	case <-h.closing:
		return Invocation{}, h.stopped()
	case <-ctx.Done():
		return Invocation{}, context.Cause(ctx)
	}
	ended := make(chan outcome, 1)
	began := h.begin(func() {
		defer func() { f.turn <- struct{}{} }()
		inv, err := h.perform(f, r)
		ended <- outcome{inv, err}
	})
	if !began {
		f.turn <- struct{}{}
		return Invocation{}, h.stopped()
	}
	select {
	case o := <-ended:
		return o.invocation, o.err
	case <-ctx.Done():
		return Invocation{}, context.Cause(ctx)
	}
}

// begin starts a run, unless the host takes no more of them.
func (h *Host) begin(run func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refuse {
		return false
	}
	h.runs.Go(run)
	return true
}

// stopped is the error of a run that came too late.
func (h *Host) stopped() error {
	if err := h.Err(); err != nil {
		return err
	}
	return ErrStopped
}

// perform makes a run and returns once the next one may begin.
func (h *Host) perform(f *function, r run) (Invocation, error) {
	r.id = newGUID()
	r.fired = h.cfg.Now()
	watch := time.Now()
	body, err := f.body(&r)
	if err != nil {
		return Invocation{}, err
	}
	h.logExecuting(f, &r)
	defer f.advance(r.fired)

	x := h.send(f, &r, body)
	defer x.cancel()
	limit, stop := after(h.app.timeout)
	defer stop()
	for {
		select {
		case rep := <-x.replies:
			if errors.Is(rep.err, errSilent) {
				continue // and wait for the timeout, as the real host does
			}
			inv := h.finish(f, &r, watch, rep)
			if rep.broken {
				h.settle(rep.worker)
			}
			return inv, nil
		case <-limit:
			h.logTimeout(f, &r)
			inv := h.finish(f, &r, watch, reply{err: h.timeoutException(f)})
			h.giveGrace(&r, x)
			return inv, nil
		case <-h.abandon.Done():
			return Invocation{}, fmt.Errorf("%w before invocation %s was answered", ErrStopped, r.id)
		}
	}
}

// giveGrace replaces a handler that overran functionTimeout, unless it answers
// within the grace after all.
func (h *Host) giveGrace(r *run, x *exchange) {
	grace, stop := after(h.cfg.KillGrace)
	defer stop()
	for {
		select {
		case rep := <-x.replies:
			if errors.Is(rep.err, errSilent) {
				continue
			}
			if rep.broken {
				h.settle(rep.worker)
			}
			return
		case <-grace:
			select {
			case w := <-x.worker:
				h.logRestart(r)
				h.replace(w)
				h.logRestarted()
			default: // no handler had come up to be sent the run
			}
			return
		case <-h.abandon.Done():
			return
		}
	}
}

// settle waits for a handler that broke its connection to be seen to exit, if
// it did: then its exit is on record, and the next run waits for a new one. A
// handler that lives on answers.
func (h *Host) settle(w *worker) {
	ctx, cancel := context.WithTimeout(h.abandon, exitNotice)
	defer cancel()
	if w == nil || w.serves(ctx) {
		return
	}
	select {
	case <-w.exited:
	case <-ctx.Done():
		return
	}
	if w.code == 0 {
		return // the real host does nothing about it either
	}
	select {
	case <-w.handled:
	case <-h.done:
	}
}

// after is a timer that never fires when d is zero.
func after(d time.Duration) (<-chan time.Time, func()) {
	if d == 0 {
		return nil, func() {}
	}
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}
