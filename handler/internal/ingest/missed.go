package ingest

import (
	"context"
	"fmt"
	"log/slog"
)

// UnlistedError says that accounts or pairs could not be listed, while others
// could. Everything else is delivered; the watermark stays, so that nothing of
// them is passed over.
type UnlistedError struct {
	Folder string // the first of them
	Count  int
	Err    error // of that folder
}

// Error names the first folder and why.
func (e *UnlistedError) Error() string {
	if e.Count > 1 {
		return fmt.Sprintf("%s and %d more: %v", e.Folder, e.Count-1, e.Err)
	}
	return fmt.Sprintf("%s: %v", e.Folder, e.Err)
}

// Unwrap returns the archive's error.
func (e *UnlistedError) Unwrap() error { return e.Err }

// note notes how the listing of a folder went. One that failed is missed, and
// not listed again in this run; only the run's own end is an error.
func (p *planner) note(ctx context.Context, folder string, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil || ctx.Err() != nil {
		return err
	}
	p.log.WarnContext(ctx, "folder could not be listed; the watermark stays until it can", slog.String("folder", folder), slog.Any("error", err))
	if p.missed.Count++; p.missed.Count == 1 {
		p.missed.Folder, p.missed.Err = folder, err
	}
	delete(p.pairs, folder)
	return nil
}

// unlisted reports that something was missed: then the watermark stays.
func (p *planner) unlisted() bool { return p.missed.Count > 0 }

// verdict is the error of a run that could not list everything.
func (p *planner) verdict() error {
	if !p.unlisted() {
		return nil
	}
	return &p.missed
}
