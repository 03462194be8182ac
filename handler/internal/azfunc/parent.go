package azfunc

import (
	"context"
	"os"
	"time"
)

// Parent is the process that started this one: the host. The host leaves its
// handler behind as an orphan when it is ended during a run, and a new host
// starts a second handler.
type Parent struct{ pid int }

// FindParent returns the parent as it is now. It is for the start of the
// process, when the parent still lives.
func FindParent() Parent { return Parent{os.Getppid()} }

// Gone reports whether the parent has ended: the operating system gives an
// orphan another parent. Windows does not, so there it is always false.
func (p Parent) Gone() bool { return os.Getppid() != p.pid }

// Context returns a context that ends when the parent has gone, which is looked
// for every interval.
func (p Parent) Context(ctx context.Context, interval time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if p.Gone() {
					cancel()
					return
				}
			}
		}
	}()
	return ctx, cancel
}
