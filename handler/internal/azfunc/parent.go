package azfunc

import (
	"context"
	"os"
	"time"
)

// WithParent returns a context that ends when the process that started this
// one has gone: the host leaves its handler behind as an orphan when it is
// ended during a run, and a new host starts a second handler. The operating
// system gives an orphan another parent, which is looked for every interval.
func WithParent(ctx context.Context, interval time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	go func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if os.Getppid() != parent {
					cancel()
					return
				}
			}
		}
	}()
	return ctx, cancel
}
