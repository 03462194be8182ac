package funchost

import (
	"context"
	"fmt"
)

// Shutdown stops the host as SIGTERM stops the real one. It takes no new runs
// and waits up to ShutdownGrace for those under way, then sends the handler
// SIGKILL. When the grace, or ctx, is over first, it returns and leaves the
// handler alive: OrphanPID names it. Those runs never enter the history.
//
// Calling it again, or after the host has given up, does no harm.
func (h *Host) Shutdown(ctx context.Context) error {
	var err error
	h.shutdown.Do(func() { err = h.shutDown(ctx) })
	return err
}

func (h *Host) shutDown(ctx context.Context) error {
	h.refuseRuns()
	idle := make(chan struct{})
	go func() {
		h.runs.Wait()
		close(idle)
	}()
	grace, stop := after(h.cfg.ShutdownGrace)
	defer stop()
	select {
	case <-idle:
		h.stop(false)
		return nil
	case <-grace:
		h.stop(true)
		return nil
	case <-ctx.Done():
		h.stop(true)
		return fmt.Errorf("shutdown: %w", context.Cause(ctx))
	}
}

// stop lets the handler go, dead or alive, and waits for what the host still
// has running.
func (h *Host) stop(leaveAlive bool) {
	h.refuseRuns()
	h.mu.Lock()
	h.orphan = leaveAlive
	h.mu.Unlock()
	close(h.release)
	<-h.done
	h.abandonRuns()
	h.runs.Wait()
	h.supervisor.Wait()
}

// refuseRuns lets no new run begin.
func (h *Host) refuseRuns() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.refuse {
		h.refuse = true
		close(h.closing)
	}
}
