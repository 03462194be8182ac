package funchost

import (
	"context"
	"errors"
	"sync"
	"time"
)

// RunTimer runs every function on its schedule. Missed runs come first, past
// due, and then those asked for at start-up. It returns nil when ctx is done
// or Shutdown is called, and Err when the host gave up. A run under way at that
// moment continues; Shutdown waits for it.
func (h *Host) RunTimer(ctx context.Context) error {
	var loops sync.WaitGroup
	for _, f := range h.functions {
		if f.disabled == nil {
			loops.Go(func() { h.listen(ctx, f) })
		}
	}
	select {
	case <-ctx.Done():
	case <-h.closing:
	}
	loops.Wait()
	return h.Err()
}

// listen is the timer of one function.
func (h *Host) listen(ctx context.Context, f *function) {
	next := f.schedule.next(h.cfg.Now())
	if due, ok := h.takeMissed(f.name); ok || f.runOnStartup {
		if h.fire(ctx, f, run{missed: due, onStartup: !ok}) != nil {
			return
		}
	}
	for {
		if !h.sleepUntil(ctx, next) {
			return
		}
		// The occurrence after this one is reckoned from here: those that
		// pass during a long run are dropped, save the first, which fires
		// as soon as the run has ended.
		base := h.cfg.Now()
		if base.Before(next) {
			base = next
		}
		next = f.schedule.next(base)
		if h.fire(ctx, f, run{}) != nil {
			return
		}
	}
}

// fire makes a run and waits for it. Its error ends the timer: a run that
// fails is none.
func (h *Host) fire(ctx context.Context, f *function, r run) error {
	_, err := h.invoke(ctx, f, r)
	if err == nil && ctx.Err() != nil {
		return errors.New("timer stopped")
	}
	return err
}

// sleepUntil waits for a time, and says whether it came before the end.
func (h *Host) sleepUntil(ctx context.Context, at time.Time) bool {
	t := time.NewTimer(at.Sub(h.cfg.Now()))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
	case <-h.closing:
	}
	return false
}

func (h *Host) takeMissed(name string) (time.Time, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	due, ok := h.missed[name]
	delete(h.missed, name)
	return due, ok
}
