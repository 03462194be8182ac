package ingest

import (
	"cmp"
	"context"
	"io"
	"slices"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

// sampleReads is the number of objects that a probe tries to read.
const sampleReads = 4

// prober finds out whether anything of a folder can be listed and read. What it
// reads it throws away.
type prober struct {
	archive Archive
	root    string
	now     time.Time // by the archive's clock
	reads   func()    // counts an object that is opened
}

// held reports why a held folder still cannot be listed or read, or nil.
func (p *prober) held(ctx context.Context, h Held) error {
	switch {
	case isPair(h.Folder):
		return p.pair(ctx, guardduty.Pair(h.Folder), h.Mark)
	case isAccount(h.Folder):
		_, err := p.archive.List(ctx, h.Folder+"GuardDuty/", "", probe)
		return err
	default:
		_, _, err := p.archive.Folders(ctx, h.Folder)
		return err
	}
}

// pair tries the newest objects of a pair, and where there are none of these
// two days the newest on the page that begins a day before mark. A pair without
// any is well.
func (p *prober) pair(ctx context.Context, pair guardduty.Pair, mark time.Time) error {
	for _, from := range []time.Time{p.now, mark} {
		tried, err := p.sample(ctx, pair, from, nil)
		if tried > 0 || err != nil {
			return err
		}
	}
	return nil
}

// control is the control read of a pair.
func (p *prober) control(ctx context.Context, pair guardduty.Pair, failed map[string]bool) (bool, error) {
	tried, err := p.sample(ctx, pair, p.now, failed)
	if err != nil && ctx.Err() != nil {
		return false, ctx.Err()
	}
	return err == nil && tried > 0, nil
}

// sample lists a pair from the day before from on, and tries to read the newest
// of the objects listed but those that failed. It returns how many it tried,
// and no error when one of them could be read.
func (p *prober) sample(ctx context.Context, pair guardduty.Pair, from time.Time, failed map[string]bool) (int, error) {
	page, err := p.archive.List(ctx, string(pair), pair.DayFolder(from.Add(-day)), MaxPage)
	if err != nil {
		return 0, err
	}
	objects := slices.DeleteFunc(page.Objects, func(o Object) bool {
		_, export := guardduty.ParseKey(p.root, o.Key)
		return !export || o.Size == 0 || o.Archived != "" || failed[o.Key]
	})
	slices.SortFunc(objects, func(a, b Object) int {
		return cmp.Or(b.LastModified.Compare(a.LastModified), cmp.Compare(a.Key, b.Key))
	})
	tried := 0
	for _, o := range objects[:min(sampleReads, len(objects))] {
		tried++
		if err = p.read(ctx, o); err == nil {
			return tried, nil
		}
	}
	return tried, err
}

// read reads the beginning of an object.
func (p *prober) read(ctx context.Context, o Object) error {
	p.reads()
	body, err := p.archive.Open(ctx, o)
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := body.Read(make([]byte, 1)); err != nil && err != io.EOF {
		return err
	}
	return nil
}
