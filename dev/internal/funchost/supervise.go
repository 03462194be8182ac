package funchost

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	exitFinal    = 0   // taken for intended: nothing is started
	exitRestart  = 200 // asked for: the handler is replaced and nothing is counted
	maxCrashes   = 3
	crashesCount = 30 * time.Minute // a crash later than this after the last one is the first again
)

// supervise owns the handler: nothing else starts, replaces or kills it.
func (h *Host) supervise() {
	defer close(h.done)
	for first := true; ; first = false {
		w, err := h.startWorker()
		if err != nil {
			h.cannotStart(err)
			<-h.release
			return
		}
		h.setWorker(w, false)
		again := h.tend(w, first)
		if h.leaveAlive(w) {
			return
		}
		if again {
			h.setWorker(w, false)
		}
		w.kill()
		close(w.handled)
		if !again {
			return
		}
	}
}

// tend serves one worker, and says whether another must take its place.
func (h *Host) tend(w *worker, first bool) bool {
	ctx, cancel := context.WithTimeout(context.Background(), h.app.initialization)
	defer cancel()
	probed := make(chan bool, 1)
	h.supervisor.Go(func() { probed <- w.probe(ctx) })
	exited := w.exited
	for {
		select {
		case up := <-probed:
			if !up {
				return h.neverUp(w)
			}
			if !first {
				h.journal.add(Record{Category: CategoryDispatcher, Message: "Worker process started and initialized."})
			}
			h.setWorker(w, true)
		case <-exited:
			if w.code != exitFinal {
				return h.exited(w)
			}
			// Every later run meets a closed port.
			exited = nil
		case asked := <-h.restart:
			if asked == w {
				return true
			}
		case <-h.release:
			return false
		}
	}
}

func (h *Host) neverUp(w *worker) bool {
	const reason = "Initializing HttpWorker timed out."
	h.journal.add(Record{Level: Error, Category: "Worker.HttpWorkerChannel", Message: fmt.Sprintf(
		"Failed to start http worker process. workerId:%s\nSystem.TimeoutException: %s", w.id, reason)})
	return h.crashed(strings.TrimSuffix(reason, "."))
}

// exited records an exit, and says whether another handler follows.
func (h *Host) exited(w *worker) bool {
	if w.code == exitRestart {
		h.journal.add(Record{Category: categoryWorker + w.id,
			Message: "Language Worker Process exited and needs to be restarted."})
		return true
	}
	h.journal.add(Record{Level: Error, Category: categoryWorker + w.id, Message: w.exitText()})
	return h.crashed(fmt.Sprintf("%s exited with code %d", w.executable, w.code))
}

// startText describes an executable that could not be started.
func (a app) startText(err error) string {
	reason := err.Error()
	errno := syscall.ENOENT
	if errors.As(err, &errno) || errors.Is(err, exec.ErrNotFound) {
		reason = errno.Error()
		reason = strings.ToUpper(reason[:1]) + reason[1:]
	}
	return fmt.Sprintf(
		"Failed to start Worker Channel. Process fileName: %s\n"+
			"System.ComponentModel.Win32Exception (%d): An error occurred trying to start process '%s' with "+
			"working directory '%s'. %s",
		a.path(),
		int(errno),
		a.path(),
		a.workingDir,
		reason,
	)
}

// crashed counts an error of the handler. At the third the host stops.
func (h *Host) crashed(what string) bool {
	h.mu.Lock()
	now := h.cfg.Now()
	if n := len(h.crashes); n > 0 && now.Sub(h.crashes[n-1]) > crashesCount {
		h.crashes = nil
	}
	h.crashes = append(h.crashes, now)
	again := len(h.crashes) < maxCrashes
	if !again {
		h.failure = fmt.Errorf("%w: %s, for the third time", ErrStopped, what)
	}
	h.mu.Unlock()
	if again {
		return true
	}
	h.journal.add(Record{Level: Error, Category: CategoryDispatcher,
		Message: "Exceeded http worker restart retry count. Shutting down Functions Host"})
	h.refuseRuns()
	return false
}

// leaveAlive lets the handler go without killing it, if Shutdown decided so.
func (h *Host) leaveAlive(w *worker) bool {
	h.mu.Lock()
	leave := h.orphan && !w.gone()
	if leave {
		h.left = w.pid
		h.current = nil
	}
	h.mu.Unlock()
	if leave {
		w.dispose()
		close(w.handled)
	}
	return leave
}

// cannotStart publishes the record and the state at once: who has seen one of
// them sees the other.
func (h *Host) cannotStart(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.journal.add(Record{Level: Error, Category: categoryWorker + newGUID(), Message: h.app.startText(err)})
	h.set(nil, false, fmt.Errorf("handler %s: %w", h.app.executable, err))
}

// setWorker publishes the handler's state and wakes those who wait for it.
func (h *Host) setWorker(w *worker, ready bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(w, ready, nil)
}

func (h *Host) set(w *worker, ready bool, unable error) {
	h.current, h.ready, h.unable = w, ready, unable
	close(h.changed)
	h.changed = make(chan struct{})
}

// awaitWorker waits until a run may be sent to the handler, or fails with the
// reason why none ever may.
func (h *Host) awaitWorker(ctx context.Context) (*worker, error) {
	return h.await(ctx, func() bool { return h.ready })
}

// await waits for a state of the host and returns the handler then. Its
// condition may look at what mu guards.
func (h *Host) await(ctx context.Context, condition func() bool) (*worker, error) {
	for {
		h.mu.Lock()
		w, ready, changed, failure := h.current, condition(), h.changed, h.failure
		h.mu.Unlock()
		switch {
		case failure != nil:
			return nil, failure
		case ready:
			return w, nil
		}
		select {
		case <-changed:
		case <-h.done:
			// The state may have changed as the host stopped.
			if err := h.Err(); err != nil {
				return nil, err
			}
			return nil, ErrStopped
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// replace has a worker killed and waits until another one is being started.
func (h *Host) replace(w *worker) {
	select {
	case h.restart <- w:
		<-w.handled
	case <-w.handled:
	case <-h.done:
	}
}
