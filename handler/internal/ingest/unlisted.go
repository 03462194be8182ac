package ingest

import (
	"context"
	"fmt"
	"log/slog"
)

// UnlistedError says that accounts or pairs could not be listed, while others
// could. Everything else is delivered; the watermark does not move, so that
// nothing of them is skipped.
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

// noteListing notes how the listing of a folder ended. A folder that could not
// be listed counts as unlisted and is not listed again in this run; only the
// end of the run itself is an error.
func (p *planner) noteListing(ctx context.Context, folder string, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil || ctx.Err() != nil {
		return err
	}
	p.log.WarnContext(ctx, "folder could not be listed; the watermark stays until it can",
		slog.String("folder", folder), slog.Any("error", err))
	p.unlisted.Count++
	if p.unlisted.Count == 1 {
		p.unlisted.Folder, p.unlisted.Err = folder, err
	}
	delete(p.pairs, folder)
	return nil
}

// incomplete reports that a folder could not be listed: then the watermark
// stays.
func (p *planner) incomplete() bool { return p.unlisted.Count > 0 }

// verdict is the error of a run that could not list everything.
func (p *planner) verdict() error {
	if !p.incomplete() {
		return nil
	}
	return &p.unlisted
}
