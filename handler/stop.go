package main

import (
	"io"
	"log/slog"
	"os"
	"time"

	"guardduty-sentinel/handler/internal/azfunc"
)

// Exit codes. azfunc.ExitRestart is one too: the host starts another handler.
// After exitStopped it starts none.
const (
	exitStopped = 0
	exitFailed  = 1
	exitUsage   = 2
)

// stopGrace is how long a run in progress may take to record its work after
// the process was asked to stop.
const stopGrace = 20 * time.Second

// overrunGrace is how far beyond its budget a run may be before the process
// ends. A run that can heed the end of its budget does: it records its work
// before and takes no longer.
const overrunGrace = time.Minute

// parentInterval is how often the handler looks whether its host is alive.
const parentInterval = time.Second

// stop is how the server came to its end.
type stop struct {
	hosted     bool // a host started this process
	orphaned   bool // that host has gone
	terminated bool // by SIGTERM
	err        error
}

// exitCode says to a host, if there is one, why the process ended. A
// handler that somebody terminated while its host lives is wanted again, also
// when its run could not be drained. An interrupt comes from a terminal and
// ends the host too.
func (s stop) exitCode() int {
	switch {
	case s.hosted && s.terminated && !s.orphaned:
		return azfunc.ExitRestart
	case s.err != nil:
		return exitFailed
	default:
		return exitStopped
	}
}

// log says that the process ends.
func (s stop) log(log *slog.Logger) {
	code := slog.Int("exit_code", s.exitCode())
	if s.err != nil {
		log.Error("stopped", code, slog.Any("error", s.err))
		return
	}
	log.Info("stopped", code)
}

// abandon ends the process in the middle of a run that cannot be ended
// otherwise, and says where it hangs. Nothing is lost: what is not recorded is
// work for the next run. The lease is not released and expires.
func abandon(stderr io.Writer, invocation string) {
	azfunc.LastWords(func() {
		azfunc.WriteStacks(stderr, "run hangs beyond its budget; the handler ends", invocation)
	})
	os.Exit(azfunc.ExitRestart)
}
