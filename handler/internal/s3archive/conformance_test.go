package s3archive_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// The same cases run against two servers made by others. Each has a prefix of
// its own.
func TestConformance(t *testing.T) {
	for name, start := range map[string]func(*testing.T) server{"gofakes3": embedded, "versitygw": versity} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			for name, test := range map[string]func(*testing.T, server, string){
				"list": list, "list after": listAfter, "list special keys": listSpecial, "many": many, "nothing": nothing,
				"open": open, "open gone": openGone, "open replaced": openReplaced, "concurrent": concurrent,
			} {
				t.Run(name, func(t *testing.T) { test(t, s, strings.ReplaceAll(name, " ", "-")+"/") })
			}
		})
	}
}

// listed lists one page and wants no error.
func listed(t *testing.T, s server, prefix, after string) ([]string, ingest.Page) {
	t.Helper()
	page, err := s.archive().List(t.Context(), prefix, after)
	if err != nil {
		t.Fatalf("List(%q, %q) = %v", prefix, after, err)
	}
	var names []string
	for _, o := range page.Objects {
		names = append(names, strings.TrimPrefix(o.Key, prefix))
	}
	return names, page
}

func list(t *testing.T, s server, prefix string) {
	body := []byte("some bytes")
	s.put(t, prefix+"a", body, written)
	_, page := listed(t, s, prefix, "")
	if page.More || len(page.Objects) != 1 {
		t.Fatalf("List = %+v, want one object and no more", page)
	}
	want := ingest.Object{Key: prefix + "a", ETag: md5Of(body), Size: int64(len(body)), LastModified: written}
	got := page.Objects[0]
	if got != want {
		t.Errorf("List = %+v, want %+v: ETag without quotes, time in UTC", got, want)
	}
	if age := time.Since(page.Time); page.Time.IsZero() || age < -time.Minute || age > time.Minute {
		t.Errorf("Page.Time = %v, want the server's date", page.Time)
	}
}

func listAfter(t *testing.T, s server, prefix string) {
	days := []string{"2026/08/01/aa", "2026/08/01/cc", "2026/08/01/ee", "2026/08/02/bb", "2026/08/02/dd"}
	for _, key := range slices.Backward(days) {
		s.put(t, prefix+key, []byte(key), written)
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
			start = prefix + after
		}
		if got, page := listed(t, s, prefix, start); !slices.Equal(got, want) || page.More {
			t.Errorf("List after %q = %q, More %v, want %q", after, got, page.More, want)
		}
	}
	if got, _ := listed(t, s, prefix+"2026/08/02/", prefix+"2026/08/01/cc"); !slices.Equal(got, days3(days)) {
		t.Errorf("List of a day after a key of the day before = %q, want the whole day", got)
	}
}

func days3(days []string) (names []string) {
	for _, d := range days[3:] {
		names = append(names, strings.TrimPrefix(d, "2026/08/02/"))
	}
	return names
}

func listSpecial(t *testing.T, s server, prefix string) {
	names := []string{"a b", "a%20b", "a+b", "a&b", "a<b>", `a"b'`, "a-b/x", "a/x", "a=b;c:d@e", "A", "é", "日本", "😀", "~", "a#b?c", "{}|^`[]"}
	for _, name := range names {
		s.put(t, prefix+name, []byte(name), written)
	}
	slices.Sort(names)
	if got, _ := listed(t, s, prefix, ""); !slices.Equal(got, names) {
		t.Errorf("List = %q, want %q: as they are, in byte order", got, names)
	}
	for i, name := range names {
		if got, _ := listed(t, s, prefix, prefix+name); !slices.Equal(got, names[i+1:]) {
			t.Errorf("List after %q = %q, want %q", name, got, names[i+1:])
		}
		if got := read(t, s, ingest.Object{Key: prefix + name}); got != name {
			t.Errorf("Open(%q) = %q, want its own bytes", name, got)
		}
	}
}

// many is more than one page, of objects and of folders.
func many(t *testing.T, s server, prefix string) {
	const n = 1003
	var want []string
	for i := range n {
		want = append(want, fmt.Sprintf("f %04d/", i))
		s.put(t, prefix+want[i]+"x", []byte("x"), written)
	}
	first, page := listed(t, s, prefix, "")
	if len(first) != 1000 || !page.More {
		t.Fatalf("List = %d objects, More %v, want 1000 and more", len(first), page.More)
	}
	second, page := listed(t, s, prefix, page.Objects[999].Key)
	if len(second) != n-1000 || page.More {
		t.Errorf("List of the second page = %d objects, More %v, want %d and no more", len(second), page.More, n-1000)
	}
	for i, name := range slices.Concat(first, second) {
		if name != want[i]+"x" {
			t.Fatalf("object %d = %q, want %q", i, name, want[i]+"x")
		}
	}
	folders, err := s.archive().Folders(t.Context(), prefix)
	if err != nil || len(folders) != n {
		t.Fatalf("Folders = %d, %v, want %d", len(folders), err, n)
	}
	for i, folder := range folders {
		if folder != prefix+want[i] {
			t.Fatalf("folder %d = %q, want %q", i, folder, prefix+want[i])
		}
	}
}

func nothing(t *testing.T, s server, prefix string) {
	names, page := listed(t, s, prefix, "")
	if names != nil || page.More {
		t.Errorf("List = %q, More %v, want nothing", names, page.More)
	}
	s.put(t, prefix+"object", []byte("x"), written)
	if folders, err := s.archive().Folders(t.Context(), prefix); err != nil || len(folders) != 0 {
		t.Errorf("Folders = %q, %v, want none", folders, err)
	}
}

// read opens an object and reads it to its end.
func read(t *testing.T, s server, o ingest.Object) string {
	t.Helper()
	body, err := s.archive().Open(t.Context(), o)
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

func open(t *testing.T, s server, prefix string) {
	stored := append([]byte{0x1f, 0x8b, 0, 0xff}, bytes.Repeat([]byte("0123456789"), 100_000)...)
	s.put(t, prefix+"big.jsonl.gz", stored, written)
	_, page := listed(t, s, prefix, "")
	if got := read(t, s, page.Objects[0]); got != string(stored) {
		t.Errorf("Open = %d bytes, want the %d as stored", len(got), len(stored))
	}
}

func openGone(t *testing.T, s server, prefix string) {
	s.put(t, prefix+"a", []byte("x"), written)
	_, page := listed(t, s, prefix, "")
	s.delete(t, prefix+"a")
	if _, err := s.archive().Open(t.Context(), page.Objects[0]); !errors.Is(err, ingest.ErrGone) {
		t.Errorf("Open = %v, want %v", err, ingest.ErrGone)
	}
}

func openReplaced(t *testing.T, s server, prefix string) {
	s.put(t, prefix+"a", []byte("x"), written)
	_, page := listed(t, s, prefix, "")
	s.put(t, prefix+"a", []byte("y"), written)
	if _, err := s.archive().Open(t.Context(), page.Objects[0]); !errors.Is(err, ingest.ErrReplaced) {
		t.Errorf("Open = %v, want %v", err, ingest.ErrReplaced)
	}
	if got := read(t, s, ingest.Object{Key: prefix + "a"}); got != "y" {
		t.Errorf("Open without an ETag = %q, want what is there", got)
	}
}

func concurrent(t *testing.T, s server, prefix string) {
	for i := range 64 {
		s.put(t, fmt.Sprintf("%s%02d", prefix, i), fmt.Appendf(nil, "body %d", i), written)
	}
	archive := s.archive()
	var group sync.WaitGroup
	for i := range 64 {
		group.Go(func() {
			page, err := archive.List(t.Context(), prefix, "")
			if err != nil || len(page.Objects) != 64 {
				t.Errorf("List = %d objects, %v, want 64", len(page.Objects), err)
				return
			}
			body, err := archive.Open(t.Context(), page.Objects[i])
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

func md5Of(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}
