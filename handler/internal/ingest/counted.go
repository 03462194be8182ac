package ingest

import (
	"context"
	"sync"
	"time"
)

// counted is the archive of one run: it counts the listings, failed ones too,
// since AWS bills both, and keeps the earliest time that the archive gave. That
// is when the run's first listing began, by the archive's own clock.
type counted struct {
	Archive

	mu    sync.Mutex
	lists int
	now   time.Time
}

// Folders implements Archive.
func (c *counted) Folders(ctx context.Context, prefix string) ([]string, time.Time, error) {
	folders, now, err := c.Archive.Folders(ctx, prefix)
	c.count(now)
	return folders, now, err
}

// List implements Archive.
func (c *counted) List(ctx context.Context, prefix, after string, limit int) (Page, error) {
	page, err := c.Archive.List(ctx, prefix, after, limit)
	c.count(page.Time)
	return page, err
}

func (c *counted) count(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lists++
	if !now.IsZero() && (c.now.IsZero() || now.Before(c.now)) {
		c.now = now
	}
}

// result returns the number of listings and the earliest time.
func (c *counted) result() (lists int, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lists, c.now
}
