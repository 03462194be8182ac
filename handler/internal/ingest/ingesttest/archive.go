package ingesttest

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// ArchiveFixture is an archive and the way to fill it.
type ArchiveFixture struct {
	Archive ingest.Archive
	// Put stores an object, over the one that stands under its key. The time is
	// in whole seconds.
	Put func(t testing.TB, key string, body []byte, modified time.Time)
	// Delete removes an object.
	Delete func(t testing.TB, key string)
}

// Archive checks an archive. Each case has a prefix of its own, so that the
// archive may hold other objects.
func Archive(t *testing.T, f ArchiveFixture) {
	cases := map[string]func(*testing.T, archive){
		"list": list, "list after": listAfter, "limit": limited, "special keys": special, "many": many,
		"nothing": nothing, "open": open,
		"open gone": openGone, "open replaced": openReplaced, "open archived": openArchived,
		"concurrent": readConcurrently,
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		t.Run(name, func(t *testing.T) { cases[name](t, archive{f, rand.Text() + "/"}) })
	}
}

// archive is the part of an archive below one prefix.
type archive struct {
	f      ArchiveFixture
	prefix string
}

func (a archive) put(t *testing.T, name string, body []byte) {
	t.Helper()
	a.f.Put(t, a.prefix+name, body, written)
}

// list lists one page and returns the names behind the prefix.
func (a archive) list(t *testing.T, after string) ([]string, ingest.Page) {
	t.Helper()
	return a.listBelow(t, a.prefix, after)
}

func (a archive) listBelow(t *testing.T, prefix, after string) ([]string, ingest.Page) {
	t.Helper()
	page, err := a.f.Archive.List(t.Context(), prefix, after, ingest.MaxPage)
	if err != nil {
		t.Fatalf("List(%q, %q) = %v", prefix, after, err)
	}
	var names []string
	for _, o := range page.Objects {
		names = append(names, strings.TrimPrefix(o.Key, prefix))
	}
	return names, page
}

// read opens an object and reads it to its end.
func (a archive) read(t *testing.T, o ingest.Object) string {
	t.Helper()
	body, err := a.f.Archive.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("Open(%q) = %v", o.Key, err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("read %q: %v", o.Key, err)
	}
	return string(text)
}

func list(t *testing.T, a archive) {
	body := []byte("some bytes")
	a.put(t, "a", body)
	_, page := a.list(t, "")
	if page.More || len(page.Objects) != 1 {
		t.Fatalf("List = %+v, want one object and no more", page)
	}
	got := page.Objects[0]
	want := ingest.Object{Key: a.prefix + "a", ETag: got.ETag, Size: int64(len(body)), LastModified: written}
	if got != want || strings.Contains(got.ETag, `"`) {
		t.Errorf("List = %+v, want %+v: ETag without quotes, time in UTC", got, want)
	}
	wantClock(t, "List", page.Time)
}

// limited asks for fewer objects than there are, again and again.
func limited(t *testing.T, a archive) {
	var want, got []string
	for i := range 7 {
		want = append(want, fmt.Sprintf("%02d", i))
		a.put(t, want[i], []byte("x"))
	}
	for page := (ingest.Page{More: true}); page.More; {
		after := ""
		if len(got) > 0 {
			after = a.prefix + got[len(got)-1]
		}
		var err error
		if page, err = a.f.Archive.List(t.Context(), a.prefix, after, 3); err != nil || len(page.Objects) == 0 ||
			len(page.Objects) > 3 {
			t.Fatalf("List of 3 after %q = %d objects, %v, want 1 to 3", after, len(page.Objects), err)
		}
		for _, o := range page.Objects {
			got = append(got, strings.TrimPrefix(o.Key, a.prefix))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("List page by page = %q, want %q", got, want)
	}
}

func listAfter(t *testing.T, a archive) {
	days := []string{"2026/08/01/aa", "2026/08/01/cc", "2026/08/01/ee", "2026/08/02/bb", "2026/08/02/dd"}
	for _, name := range slices.Backward(days) {
		a.put(t, name, []byte(name))
	}
	for after, want := range map[string][]string{
		"":              days,
		"2026/08/01/":   days,
		"2026/08/01/cc": days[2:], // is there: it is not shown again
		"2026/08/01/cd": days[2:], // is not there
		"2026/08/02/":   days[3:],
		"2026/08/02/dd": nil,
		"2026/08/03/":   nil,
	} {
		start := after
		if after != "" {
			start = a.prefix + after
		}
		if got, page := a.list(t, start); !slices.Equal(got, want) || page.More {
			t.Errorf("List after %q = %q, More %v, want %q", after, got, page.More, want)
		}
	}
	got, _ := a.listBelow(t, a.prefix+"2026/08/02/", a.prefix+"2026/08/01/cc")
	if !slices.Equal(got, []string{"bb", "dd"}) {
		t.Errorf("List of a day after a key of the day before = %q, want the whole day", got)
	}
}

func special(t *testing.T, a archive) {
	names := []string{
		"a b", "a%20b", "a+b", "a&b", "a<b>", `a"b'`, "a-b/x", "a/x", "a=b;c:d@e", "A", "é", "日本", "😀", "~",
		"a#b?c", "{}|^`[]",
	}
	for _, name := range names {
		a.put(t, name, []byte(name))
	}
	slices.Sort(names)
	if got, _ := a.list(t, ""); !slices.Equal(got, names) {
		t.Errorf("List = %q, want %q: as they are, in byte order", got, names)
	}
	for i, name := range names {
		if got, _ := a.list(t, a.prefix+name); !slices.Equal(got, names[i+1:]) {
			t.Errorf("List after %q = %q, want %q", name, got, names[i+1:])
		}
		if got := a.read(t, ingest.Object{Key: a.prefix + name}); got != name {
			t.Errorf("Open(%q) = %q, want its own bytes", name, got)
		}
	}
}

// many is more than a page of S3, of objects and of folders.
func many(t *testing.T, a archive) {
	const n = 1003
	var want, folders []string
	for i := range n {
		folders = append(folders, fmt.Sprintf("%sf %04d/", a.prefix, i))
		want = append(want, fmt.Sprintf("f %04d/x", i))
		a.put(t, want[i], []byte("x"))
	}
	var got []string
	for after, more := "", true; more; {
		names, page := a.list(t, after)
		if got, more = append(got, names...), page.More; len(names) == 0 {
			t.Fatalf("List after %q = nothing, More %v, want objects or no more", after, more)
		}
		after = a.prefix + names[len(names)-1]
	}
	if !slices.Equal(got, want) {
		t.Errorf("all pages have %d objects, %.200q, want %d in order", len(got), got, n)
	}
	got, now, err := a.f.Archive.Folders(t.Context(), a.prefix)
	if err != nil || !slices.Equal(got, folders) {
		t.Errorf("Folders = %d, %v, want %d in order", len(got), err, n)
	}
	wantClock(t, "Folders", now)
}

// wantClock checks a time of the archive's clock, if it has one.
func wantClock(t *testing.T, call string, now time.Time) {
	t.Helper()
	if age := time.Since(now); !now.IsZero() && age.Abs() > time.Minute {
		t.Errorf("%s = the time %v, want that of the archive's clock", call, now)
	}
}

func nothing(t *testing.T, a archive) {
	if names, page := a.list(t, ""); names != nil || page.More {
		t.Errorf("List = %q, More %v, want nothing", names, page.More)
	}
	a.put(t, "object", []byte("x"))
	folders, now, err := a.f.Archive.Folders(t.Context(), a.prefix)
	if err != nil || len(folders) != 0 {
		t.Errorf("Folders = %q, %v, want none", folders, err)
	}
	wantClock(t, "Folders", now) // a bucket that is empty has no other
}

func open(t *testing.T, a archive) {
	stored := append([]byte{0x1f, 0x8b, 0, 0xff}, bytes.Repeat([]byte("0123456789"), 100_000)...)
	a.put(t, "big.jsonl.gz", stored)
	_, page := a.list(t, "")
	if got := a.read(t, page.Objects[0]); got != string(stored) {
		t.Errorf("Open = %d bytes, want the %d as stored", len(got), len(stored))
	}
}

func openGone(t *testing.T, a archive) {
	a.put(t, "a", []byte("x"))
	_, page := a.list(t, "")
	a.f.Delete(t, a.prefix+"a")
	if _, err := a.f.Archive.Open(t.Context(), page.Objects[0]); !errors.Is(err, ingest.ErrGone) {
		t.Errorf("Open = %v, want %v", err, ingest.ErrGone)
	}
}

// openArchived believes the listing, even where the object could be read.
func openArchived(t *testing.T, a archive) {
	a.put(t, "a", []byte("x"))
	_, page := a.list(t, "")
	o := page.Objects[0]
	if o.Archived != "" {
		t.Errorf("List = %+v, want an object that can be read", o)
	}
	o.Archived = "GLACIER"
	if _, err := a.f.Archive.Open(t.Context(), o); !errors.Is(err, ingest.ErrArchived) {
		t.Errorf("Open = %v, want %v", err, ingest.ErrArchived)
	}
}

func openReplaced(t *testing.T, a archive) {
	a.put(t, "a", []byte("x"))
	_, before := a.list(t, "")
	a.put(t, "a", []byte("y"))
	_, after := a.list(t, "")
	if before.Objects[0].ID() == after.Objects[0].ID() {
		t.Errorf("both versions are %+v, want another ETag", after.Objects[0])
	}
	if _, err := a.f.Archive.Open(t.Context(), before.Objects[0]); !errors.Is(err, ingest.ErrReplaced) {
		t.Errorf("Open = %v, want %v", err, ingest.ErrReplaced)
	}
	for _, o := range []ingest.Object{after.Objects[0], {Key: a.prefix + "a"}} {
		if got := a.read(t, o); got != "y" {
			t.Errorf("Open with the ETag %q = %q, want what is there", o.ETag, got)
		}
	}
}

func readConcurrently(t *testing.T, a archive) {
	for i := range 64 {
		a.put(t, fmt.Sprintf("%02d", i), fmt.Appendf(nil, "body %d", i))
	}
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			page, err := a.f.Archive.List(t.Context(), a.prefix, "", ingest.MaxPage)
			if err != nil || len(page.Objects) != 64 {
				t.Errorf("List = %d objects, %v, want 64", len(page.Objects), err)
				return
			}
			body, err := a.f.Archive.Open(t.Context(), page.Objects[i])
			if err != nil {
				t.Errorf("Open = %v", err)
				return
			}
			defer body.Close()
			if text, err := io.ReadAll(body); err != nil || string(text) != fmt.Sprintf("body %d", i) {
				t.Errorf("body of %d = %q, %v", i, text, err)
			}
		})
	}
	group.Wait()
}
