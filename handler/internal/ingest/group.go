package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
)

// group runs goroutines that end together: the first error ends the context of
// the others. A panic becomes an error, its stack goes to the log: one bad
// finding must not take the process down. That is why it is not an errgroup.
type group struct {
	cancel context.CancelFunc
	log    *slog.Logger
	wg     sync.WaitGroup
	once   sync.Once
	err    error
}

// newGroup returns a group and the context that ends with it.
func newGroup(ctx context.Context, log *slog.Logger) (*group, context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	return &group{cancel: cancel, log: log}, ctx
}

// run starts f with the group's context.
func (g *group) run(ctx context.Context, f func(context.Context) error) {
	g.wg.Go(func() {
		defer func() {
			if v := recover(); v != nil {
				g.log.ErrorContext(ctx, "goroutine panicked",
					slog.Any("panic", v), slog.String("stack", string(debug.Stack())))
				g.fail(fmt.Errorf("panic: %v", v))
			}
		}()
		if err := f(ctx); err != nil {
			g.fail(err)
		}
	})
}

func (g *group) fail(err error) {
	g.once.Do(func() { g.err = err })
	g.cancel()
}

// wait returns when all have ended, with the first error.
func (g *group) wait() error {
	g.wg.Wait()
	g.cancel()
	return g.err
}
