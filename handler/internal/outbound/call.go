package outbound

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
)

// Call is one call of an SDK, with all its attempts. When time runs out between
// two attempts, an SDK reports only that, and a wrong address, a proxy or a
// throttled service all look alike. The Call remembers what the last attempt
// came to.
type Call struct {
	over   func() error // of the call's time; an attempt may have less
	parent *Call        // the call that needs this one, such as for a token

	mu    sync.Mutex
	host  string
	cause error // of the last attempt that failed; nil after one that did not
}

// callKey finds the Call in a context.
type callKey struct{}

// Watch returns a context for one call of an SDK, and the Call that remembers
// its attempts. They are noted for the call that ctx belongs to as well.
func Watch(ctx context.Context) (context.Context, *Call) {
	parent, _ := ctx.Value(callKey{}).(*Call)
	c := &Call{over: ctx.Err, parent: parent}
	return context.WithValue(ctx, callKey{}, c), c
}

// Begin notes that an attempt to reach host begins. What another host answered
// before no longer counts.
func Begin(ctx context.Context, host string) {
	each(ctx, func(c *Call) {
		if c.host != host {
			c.host, c.cause = host, nil
		}
	})
}

// End notes how an attempt ended: with nil when it was answered and the answer
// is final. The end of the call's own time is not a cause: what was before it
// says more.
func End(ctx context.Context, cause error) {
	each(ctx, func(c *Call) {
		if cause == nil || c.over() == nil {
			c.cause = cause
		}
	})
}

// Blame notes that what the call needs first, such as a token, failed with err.
func Blame(ctx context.Context, err error) { each(ctx, func(c *Call) { c.cause = err }) }

func each(ctx context.Context, f func(*Call)) {
	c, _ := ctx.Value(callKey{}).(*Call)
	for ; c != nil; c = c.parent {
		c.mu.Lock()
		f(c)
		c.mu.Unlock()
	}
}

// Last is the host of the last attempt, and why it failed; nil when it did not.
func (c *Call) Last() (host string, cause error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.host, c.cause
}

// Explain returns the error of the call, with what its last attempt came to
// where err is that attempt's error or the end of the time: an *Error then. An
// end that was asked for (context.Canceled) stays as it is.
func (c *Call) Explain(err error) error {
	host, cause := c.Last()
	if err == nil || host == "" || errors.Is(err, context.Canceled) {
		return err
	}
	late := errors.Is(err, context.DeadlineExceeded)
	if !late && (cause == nil || !errors.Is(err, cause)) {
		return err
	}
	return &Error{Host: host, Err: err, Cause: cause}
}

// Error is the end of a call with what its last attempt came to. Its text has
// no address but the host's: an address may hold a signature.
type Error struct {
	Host  string
	Err   error // of the call
	Cause error // of the last attempt; nil when it was not answered in time
}

// Error names the host, once, and says why.
func (e *Error) Error() string {
	if why := e.Reason(); strings.Contains(why, e.Host) {
		return why
	}
	return e.Host + ": " + e.Reason()
}

// Unwrap returns both errors.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Err}
	}
	return []error{e.Err, e.Cause}
}

// Reason is the text without the host.
func (e *Error) Reason() string {
	switch cause := withoutURL(e.Cause); {
	case cause == nil || cause == context.DeadlineExceeded: // an end of its own, such as of dialing, says more
		return "no answer in time (context deadline exceeded)"
	case !errors.Is(e.Err, e.Cause):
		return cause.Error() + " (then the time ran out)"
	default:
		return cause.Error()
	}
}

// Reason is why a call failed, in a text that follows said: the host is named
// where said does not name it. The result wraps err.
func Reason(err error, said string) error { return reason{err, said} }

type reason struct {
	err  error
	said string
}

func (r reason) Unwrap() error { return r.err }

func (r reason) Error() string {
	e, ok := errors.AsType[*Error](r.err)
	switch {
	case !ok:
		return withoutURL(r.err).Error()
	case strings.Contains(r.said, e.Host):
		return e.Reason()
	default:
		return e.Error()
	}
}

// withoutURL leaves out the address of a failed request.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
