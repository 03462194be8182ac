package ingest

import (
	"context"
	"log/slog"
	"sync"
)

// maxLines is how many lines a run writes about objects, of each kind: the
// ledger and the summary tell of all of them.
const maxLines = 20

// lines writes a bounded number of log lines of each kind.
type lines struct {
	log *slog.Logger

	mu      sync.Mutex
	written map[string]int
}

func newLines(log *slog.Logger) *lines { return &lines{log: log, written: make(map[string]int)} }

// warn writes a line unless there are enough of its kind.
func (l *lines) warn(ctx context.Context, text string, attrs ...any) {
	l.mu.Lock()
	l.written[text]++
	n := l.written[text]
	l.mu.Unlock()
	switch {
	case n < maxLines:
		l.log.WarnContext(ctx, text, attrs...)
	case n == maxLines:
		l.log.WarnContext(ctx, text+"; further ones of this run are only counted", attrs...)
	}
}
