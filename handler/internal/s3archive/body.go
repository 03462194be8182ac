package s3archive

import (
	"context"
	"errors"
	"io"
	"time"
)

// stallTimeout is how long one read of a body may take. A connection that is
// open but sends nothing would otherwise hold a fetcher until the run ends, and
// the object would never count as one that could not be read.
const stallTimeout = 60 * time.Second

// errStalled says that stallTimeout was reached.
var errStalled = errors.New("S3 sent nothing for too long")

// body is the bytes of an object; the time of each read is bounded.
type body struct {
	io.ReadCloser
	fault  func(error) error
	ctx    context.Context // of the request; ended to break a read that stalls
	cancel context.CancelCauseFunc
	timer  *time.Timer
	wait   time.Duration
}

// timed returns b with its reads bounded, and with fault of their errors. ctx is
// the request's, and cancel ends it.
func timed(ctx context.Context, cancel context.CancelCauseFunc, b io.ReadCloser, wait time.Duration,
	fault func(error) error) *body {
	timer := time.AfterFunc(wait, func() { cancel(errStalled) })
	timer.Stop()
	return &body{ReadCloser: b, fault: fault, ctx: ctx, cancel: cancel, timer: timer, wait: wait}
}

// Read reads, and fails when nothing comes.
func (b *body) Read(p []byte) (int, error) {
	b.timer.Reset(b.wait)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err == nil || err == io.EOF {
		return n, err
	}
	if errors.Is(context.Cause(b.ctx), errStalled) {
		err = errStalled
	}
	return n, b.fault(err)
}

// Close ends the request.
func (b *body) Close() error {
	b.timer.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
