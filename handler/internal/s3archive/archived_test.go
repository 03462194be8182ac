package s3archive_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/s3archive"
)

// counting counts the requests of a client.
type counting struct {
	next http.RoundTripper
	n    *atomic.Int64
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.next.RoundTrip(r)
}

// counted is the server's archive and how many requests it made.
func counted(s server) (*s3archive.Archive, *atomic.Int64) {
	var n atomic.Int64
	return s.archive(func(cfg *s3archive.Config) {
		cfg.HTTPClient = &http.Client{Transport: counting{cfg.HTTPClient.Transport, &n}}
	}), &n
}

// wantArchived checks the fault of an object that has to be restored first.
func wantArchived(t *testing.T, err error, key, place, request string) {
	t.Helper()
	wantFault(t, err, fault.Archived, key+" of bucket guardduty-findings in ")
	wantFault(t, err, fault.Archived, " in "+place+": object is archived; restore it with "+
		"aws s3api restore-object --bucket guardduty-findings --key KEY --restore-request "+request+", ")
	if !errors.Is(err, ingest.ErrArchived) {
		t.Errorf("error = %v, want %v in it", err, ingest.ErrArchived)
	}
}

// TestArchivedObjects: what the listing tells is not asked for, and what it
// does not tell is asked for once.
func TestArchivedObjects(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		place    localtest.Place
		archived string // in the listing
		tells    string // the fault; empty when the object can be read
		request  string
	}{
		"standard":         {localtest.Place{}, "", "", ""},
		"instant":          {localtest.Place{Class: "GLACIER_IR"}, "", "", ""},
		"infrequent":       {localtest.Place{Class: "STANDARD_IA"}, "", "", ""},
		"tiering":          {localtest.Place{Class: "INTELLIGENT_TIERING"}, "", "", ""},
		"glacier":          {localtest.Place{Class: "GLACIER"}, "GLACIER", "GLACIER", "Days=7"},
		"deep archive":     {localtest.Place{Class: "DEEP_ARCHIVE"}, "DEEP_ARCHIVE", "DEEP_ARCHIVE", "Days=7"},
		"being restored":   {localtest.Place{Class: "GLACIER", Restoring: true}, "GLACIER", "GLACIER", "Days=7"},
		"restored":         {localtest.Place{Class: "GLACIER", Restored: soon}, "", "", ""},
		"restored of deep": {localtest.Place{Class: "DEEP_ARCHIVE", Restored: soon}, "", "", ""},
		"archive tier": {
			localtest.Place{Class: "INTELLIGENT_TIERING", Tier: "ARCHIVE_ACCESS"},
			"",
			"the tier ARCHIVE_ACCESS of INTELLIGENT_TIERING",
			"{}",
		},
		"deep archive tier": {
			localtest.Place{Class: "INTELLIGENT_TIERING", Tier: "DEEP_ARCHIVE_ACCESS"},
			"",
			"the tier DEEP_ARCHIVE_ACCESS of INTELLIGENT_TIERING",
			"{}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := embedded(t)
			key := "archived/" + name + "/a"
			s.put(t, key, []byte("bytes"), written)
			local.Cloud(t).Move(t, key, c.place)
			_, page := listed(t, s, "archived/"+name+"/", "")
			got := page.Objects[0]
			if got.Archived != c.archived || got.Size != 5 || got.LastModified != written {
				t.Fatalf("List = %+v, want it as written and archived in %q", got, c.archived)
			}
			archive, requests := counted(s)
			body, err := archive.Open(t.Context(), got)
			switch {
			case c.tells != "":
				wantArchived(t, err, key, c.tells, c.request)
			case err != nil:
				t.Errorf("Open = %v, want the object", err)
			default:
				body.Close()
			}
			want := int64(1) // an answer of S3 is not asked for again
			if c.archived != "" {
				want = 0
			}
			if n := requests.Load(); n != want {
				t.Errorf("Open made %d requests, want %d", n, want)
			}
		})
	}
}

// TestArchivedSinceItWasListed: a lifecycle rule may be faster than a run.
func TestArchivedSinceItWasListed(t *testing.T) {
	s := embedded(t)
	s.put(t, "archived-since/a", []byte("bytes"), written)
	_, page := listed(t, s, "archived-since/", "")
	local.Cloud(t).Move(t, "archived-since/a", localtest.Place{Class: "GLACIER"})
	_, err := s.archive().Open(t.Context(), page.Objects[0])
	wantArchived(t, err, "archived-since/a", "GLACIER", "Days=7")
}

// TestArchivedWithoutAPlace: a server may leave out which class it is.
func TestArchivedWithoutAPlace(t *testing.T) {
	archive := answers(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		w.Write([]byte("<Error><Code>InvalidObjectState</Code><Message>m</Message></Error>"))
	})
	_, err := archive.Open(t.Context(), ingest.Object{Key: "k"})
	wantFault(t, err, fault.Archived, "S3 keeps k of bucket b in eu-west-1 in an archive")
	if !errors.Is(err, ingest.ErrArchived) {
		t.Errorf("error = %v, want %v in it", err, ingest.ErrArchived)
	}
}
