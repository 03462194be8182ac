package ingest_test

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

type archive struct{ c *cloud }

func (a archive) sorted(prefix string) []stored {
	var out []stored
	for key, o := range a.c.objects {
		if strings.HasPrefix(key, prefix) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(x, y stored) int { return cmp.Compare(x.Key, y.Key) })
	return out
}

func (a archive) Folders(ctx context.Context, prefix string) ([]string, time.Time, error) {
	defer a.c.enter(ctx)()
	a.c.lists++
	if _, err := a.c.call(ctx, "Folders"); err != nil {
		return nil, time.Time{}, err
	}
	if a.c.listFault != nil {
		if err := a.c.listFault(prefix); err != nil {
			return nil, time.Time{}, err
		}
	}
	var folders []string
	for _, o := range a.sorted(prefix) {
		if name, _, ok := strings.Cut(o.Key[len(prefix):], "/"); ok {
			folders = append(folders, prefix+name+"/")
		}
	}
	return slices.Compact(folders), a.c.now, nil
}

func (a archive) List(ctx context.Context, prefix, after string, limit int) (ingest.Page, error) {
	defer a.c.enter(ctx)()
	a.c.lists++
	if _, err := a.c.call(ctx, "List"); err != nil {
		return ingest.Page{}, err
	}
	if a.c.listFault != nil {
		if err := a.c.listFault(prefix); err != nil {
			return ingest.Page{}, err
		}
	}
	page := ingest.Page{Time: a.c.now}
	for _, o := range a.sorted(prefix) {
		if o.Key <= after {
			continue
		}
		if len(page.Objects) == min(limit, a.c.pageSize) {
			page.More = true
			break
		}
		page.Objects = append(page.Objects, o.Object)
	}
	return page, nil
}

func (a archive) Open(ctx context.Context, o ingest.Object) (io.ReadCloser, error) {
	defer a.c.enter(ctx)()
	if o.Archived != "" {
		return nil, ingest.ErrArchived
	}
	a.c.opens++
	if _, err := a.c.call(ctx, "Open"); err != nil {
		return nil, err
	}
	if a.c.openFault != nil {
		if err := a.c.openFault(o.Key); err != nil {
			return nil, err
		}
	}
	got, ok := a.c.objects[o.Key]
	if !ok {
		return nil, ingest.ErrGone
	}
	if o.ETag != "" && got.ETag != o.ETag {
		return nil, ingest.ErrReplaced
	}
	var body io.Reader = bytes.NewReader(got.body)
	if a.c.bodyFault != nil {
		body = a.c.bodyFault(o.Key, body)
	}
	return io.NopCloser(body), nil
}
