package azfunc

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"sync"
)

// NewLogger writes one JSON line a record: INFO and below to stdout, WARN and
// above to stderr. The host reads the severity from the stream.
//
// The host also takes any stderr line that contains "warn" for a warning, so
// in a line of level ERROR that word is written with its first letter as a
// JSON escape: the same text to every JSON reader, and no longer the word.
func NewLogger(stdout, stderr io.Writer, level slog.Leveler) *slog.Logger {
	var mu sync.Mutex
	options := &slog.HandlerOptions{Level: level}
	return slog.New(&splitHandler{
		out:    slog.NewJSONHandler(&lockedWriter{w: stdout, mu: &mu}, options),
		notice: slog.NewJSONHandler(&lockedWriter{w: stderr, mu: &mu}, options),
		fail:   slog.NewJSONHandler(&lockedWriter{w: stderr, mu: &mu, warn: regexp.MustCompile(`(?i)warn`)}, options),
	})
}

// splitHandler sends each record to the handler of its level.
type splitHandler struct{ out, notice, fail slog.Handler }

func (h *splitHandler) pick(level slog.Level) slog.Handler {
	switch {
	case level >= slog.LevelError:
		return h.fail
	case level >= slog.LevelWarn:
		return h.notice
	default:
		return h.out
	}
}

func (h *splitHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.pick(level).Enabled(ctx, level)
}

func (h *splitHandler) Handle(ctx context.Context, r slog.Record) error {
	return h.pick(r.Level).Handle(ctx, r)
}

func (h *splitHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &splitHandler{h.out.WithAttrs(attrs), h.notice.WithAttrs(attrs), h.fail.WithAttrs(attrs)}
}

func (h *splitHandler) WithGroup(name string) slog.Handler {
	return &splitHandler{h.out.WithGroup(name), h.notice.WithGroup(name), h.fail.WithGroup(name)}
}

// lockedWriter keeps the lines of the three handlers whole.
type lockedWriter struct {
	w    io.Writer
	mu   *sync.Mutex
	warn *regexp.Regexp // the word to hide; nil hides nothing
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	n := len(p)
	if l.warn != nil {
		p = l.warn.ReplaceAllFunc(p, func(word []byte) []byte {
			return fmt.Appendf(nil, `\u%04x%s`, word[0], word[1:])
		})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.w.Write(p); err != nil {
		return 0, err
	}
	return n, nil
}
