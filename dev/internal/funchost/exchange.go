package funchost

import (
	"bytes"
	"context"
	"net/http"
	"time"
)

// exchange is a request under way.
type exchange struct {
	replies chan reply   // gets one
	worker  chan *worker // gets the worker that the request was sent to
	cancel  context.CancelFunc
}

// reply is how an exchange ended.
type reply struct {
	answer
	err    error   // the exception, or errSilent
	worker *worker // nil when there was none
	broken bool    // there was no answer, or half of one
}

// send starts the request of a run, once there is a handler to send it to.
func (h *Host) send(f *function, r *run, body []byte) *exchange {
	ctx, cancel := context.WithCancel(h.abandon)
	x := &exchange{replies: make(chan reply, 1), worker: make(chan *worker, 1), cancel: cancel}
	h.runs.Go(func() { x.replies <- h.post(ctx, f, r, body, x.worker) })
	return x
}

func (h *Host) post(ctx context.Context, f *function, r *run, body []byte, sentTo chan<- *worker) reply {
	w, err := h.awaitWorker(ctx)
	if err != nil {
		return reply{err: err}
	}
	sentTo <- w
	req, err := w.request(ctx, f.name, r.id, body)
	if err != nil {
		return reply{err: err, worker: w}
	}
	resp, err := w.transport.RoundTrip(req)
	if err != nil {
		w.drain()
		return reply{err: h.transportException(err), worker: w, broken: true}
	}
	defer func() { _ = resp.Body.Close() }()
	a, err := judge(resp)
	w.drain()
	return reply{answer: a, err: err, worker: w, broken: isBroken(err)}
}

// lastChunkDelay keeps the terminating chunk out of the body's segment.
const lastChunkDelay = time.Millisecond

// unsized is a body whose length is not known and whose end comes late.
type unsized struct {
	body *bytes.Reader
}

// Read returns the body, and after a moment its end. What was returned before
// has been flushed by then.
func (u *unsized) Read(p []byte) (int, error) {
	if u.body.Len() == 0 {
		<-time.After(lastChunkDelay)
	}
	return u.body.Read(p)
}

// request builds the POST of a run. Its length is not announced, so it goes
// out chunked, and the terminating chunk leaves in a write of its own.
func (w *worker) request(ctx context.Context, function, id string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base+"/"+function,
		&unsized{body: bytes.NewReader(body)})
	if err != nil {
		return nil, err
	}
	// Set directly, so that the names keep the host's capitals.
	req.Header["X-Azure-Functions-HostVersion"] = []string{Version}
	req.Header["X-Azure-Functions-InvocationId"] = []string{id}
	req.Header["User-Agent"] = []string{"Azure-Functions-Host/" + Version}
	req.Header["Content-Type"] = []string{"application/json; charset=utf-8"}
	return req, nil
}
