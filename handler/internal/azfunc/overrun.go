package azfunc

import (
	"bytes"
	"io"
	"log/slog"
	"runtime"
	"time"
)

// ExitRestart is the exit code by which a handler asks the host for another
// one: the host starts it at once and counts no error. It starts none after 0,
// and after any other code it counts an error: the third within half an hour
// ends the host.
const ExitRestart = 200

// lastWordsTimeout bounds LastWords.
const lastWordsTimeout = 5 * time.Second

// LastWords calls say, which writes to the log, and returns when it has, or
// after five seconds with say still at it. A host that no longer reads its end
// of the log does not keep the process from ending.
func LastWords(say func()) {
	said := make(chan struct{})
	go func() { say(); close(said) }()
	timeout := time.NewTimer(lastWordsTimeout)
	defer timeout.Stop()
	select {
	case <-said:
	case <-timeout.C:
	}
}

// maxStacks bounds what WriteStacks writes, in bytes.
const maxStacks = 16 << 20

// WriteStacks writes what every goroutine is doing to stderr: a line of level
// ERROR with the message and the invocation's id, and one line a goroutine. It
// is for a process whose log is blocked, so it does not wait for other writers
// of the log; the stream itself may block it.
func WriteStacks(stderr io.Writer, message, invocation string) {
	log := NewLogger(io.Discard, stderr, slog.LevelError).With(slog.String("invocation_id", invocation))
	log.Error(message)
	for stack := range bytes.SplitSeq(bytes.TrimSpace(stacks()), []byte("\n\n")) {
		log.Error("goroutine", slog.String("stack", string(stack)))
	}
}

// stacks returns the stacks of all goroutines, with an empty line between two.
func stacks() []byte {
	for size := 1 << 20; ; size *= 2 {
		text := make([]byte, size)
		if n := runtime.Stack(text, true); n < size || size >= maxStacks {
			return text[:n]
		}
	}
}
