package funchost

import (
	"context"
	"errors"
	"io"
	"net/http"
	"syscall"
	"time"
)

// probeInterval is how often the host asks whether the handler is up.
const probeInterval = 25 * time.Millisecond

// probe asks GET / until the handler answers anything, and says whether it did
// before ctx was done. As in the real host, only a socket's error means that
// the handler is not up yet: a broken answer is an answer.
func (w *worker) probe(ctx context.Context) bool {
	tick := time.NewTicker(probeInterval)
	defer tick.Stop()
	for {
		if w.answers(ctx) {
			return true
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return false
		}
	}
}

// serves says whether the handler answers a request.
func (w *worker) serves(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+"/", nil)
	if err != nil {
		return false
	}
	resp, err := w.transport.RoundTrip(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return true
}

func (w *worker) answers(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+"/", nil)
	if err != nil {
		return false
	}
	req.Header["User-Agent"] = nil // the real probe has no header but Host
	resp, err := w.transport.RoundTrip(req)
	if err != nil {
		var socket syscall.Errno
		return ctx.Err() == nil && !errors.As(err, &socket)
	}
	// Reading the whole answer lets the connection serve the next request.
	_, _ = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	return true
}
