package s3archive_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/s3archive"
)

func TestNoSuchBucket(t *testing.T) {
	for name, start := range map[string]func(*testing.T) server{"gofakes3": embedded, "versitygw": versity} {
		t.Run(name, func(t *testing.T) {
			archive := start(t).archive(func(cfg *s3archive.Config) { cfg.Bucket = "no-such-bucket" })
			_, err := archive.List(t.Context(), "", "", ingest.MaxPage)
			wantFault(t, err, fault.BucketMissing, "no-such-bucket in eu-west-1")
			_, _, err = archive.Folders(t.Context(), "")
			wantFault(t, err, fault.BucketMissing, "no-such-bucket")
			_, err = archive.Open(t.Context(), ingest.Object{Key: "k"})
			wantFault(t, err, fault.BucketMissing, "no-such-bucket")
		})
	}
}

func TestListDenied(t *testing.T) {
	s := embedded(t)
	local.Cloud(t).Deny(t, "ListObjectsV2", "list-denied/")
	_, err := s.archive().List(t.Context(), "list-denied/", "", ingest.MaxPage)
	wantFault(t, err, fault.ListRefused, "s3:ListBucket")
	_, _, err = s.archive().Folders(t.Context(), "list-denied/")
	wantFault(t, err, fault.ListRefused, "AccessDenied")
}

func TestReadDenied(t *testing.T) {
	s := embedded(t)
	s.put(t, "read-denied/a", []byte("x"), written)
	local.Cloud(t).Deny(t, "GetObject", "read-denied/")
	_, page := listed(t, s, "read-denied/", "")
	_, err := s.archive().Open(t.Context(), page.Objects[0])
	wantFault(t, err, fault.ReadRefused, "kms:Decrypt")
}

// answers is an S3 that answers every request alike.
func answers(t *testing.T, f http.HandlerFunc) *s3archive.Archive {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return s3archive.New(s3archive.Config{
		Bucket:      "b",
		Region:      "eu-west-1",
		Endpoint:    srv.URL,
		PathStyle:   true,
		Credentials: &keys{id: "AKIA", secret: "secret-of-the-test"},
		HTTPClient:  srv.Client(),
	})
}

func TestAnswersOfS3(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		code       string
		list, open fault.Code
	}{
		"other region":         {301, "PermanentRedirect", fault.BucketRegion, fault.BucketRegion},
		"signed for another":   {400, "AuthorizationHeaderMalformed", fault.BucketRegion, fault.BucketRegion},
		"clock":                {403, "RequestTimeTooSkewed", fault.ClockSkew, fault.ClockSkew},
		"expired":              {400, "ExpiredToken", fault.KeyRefused, fault.KeyRefused},
		"signature":            {403, "SignatureDoesNotMatch", fault.KeyRefused, fault.KeyRefused},
		"denied":               {403, "AccessDenied", fault.ListRefused, fault.ReadRefused},
		"bucket locked":        {403, "AllAccessDisabled", fault.ListRefused, fault.ReadRefused},
		"KMS key disabled":     {400, "KMS.DisabledException", fault.S3Unreachable, fault.ReadRefused},
		"something else":       {400, "InvalidRequest", fault.S3Unreachable, fault.S3Unreachable},
		"bucket is not there":  {404, "NoSuchBucket", fault.BucketMissing, fault.BucketMissing},
		"redirect without XML": {301, "", fault.BucketRegion, fault.BucketRegion},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			archive := answers(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(c.status)
				if c.code != "" {
					fmt.Fprintf(w, "<Error><Code>%s</Code><Message>what\nhappened</Message></Error>", c.code)
				}
			})
			_, err := archive.List(t.Context(), "", "", ingest.MaxPage)
			wantFault(t, err, c.list, c.code)
			_, err = archive.Open(t.Context(), ingest.Object{Key: "k", ETag: "e"})
			wantFault(t, err, c.open, c.code)
		})
	}
}

// The SDK waits a second or more between its attempts: in virtual time where
// the server is not there or is the test's own.
func TestTroubleOnTheWay(t *testing.T) {
	t.Run("server down", func(t *testing.T) { localtest.VirtualTime(t, serverDown) })
	t.Run("never available", func(t *testing.T) {
		calls := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls++
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		defer server.Close()
		localtest.VirtualTime(t, func(t *testing.T) { neverAvailable(t, server.URL) })
		if calls != 4 {
			t.Errorf("%d attempts, want 4", calls)
		}
	})
	for name, f := range map[string]localtest.Fault{
		"unavailable twice": {Status: http.StatusServiceUnavailable, Times: 2},
		"refused before":    {Drop: localtest.DropBefore},
		"answer lost":       {Drop: localtest.DropAfter},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := embedded(t)
			key := "trouble-" + name
			s.put(t, key, []byte("x"), written)
			f.Path = "/" + s.cfg.Bucket + "/" + key
			local.Cloud(t).Break(t, "s3", f)
			if got := read(t, s, ingest.Object{Key: key}); got != "x" {
				t.Errorf("Open = %q, want the object's bytes", got)
			}
		})
	}
}

func serverDown(t *testing.T) {
	host := localtest.NoListener(t)
	archive := s3archive.New(s3archive.Config{
		Bucket: "b", Region: "eu-west-1", Endpoint: "http://" + host, PathStyle: true,
		Credentials: &keys{id: "AKIA", secret: "secret-of-the-test"}, HTTPClient: &http.Client{},
	})
	_, err := archive.List(t.Context(), "", "", ingest.MaxPage)
	refused := "cannot list bucket b in eu-west-1: dial tcp " + host + ": connect: connection refused"
	wantFault(t, err, fault.S3Unreachable, refused+"; ")

	ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond) // less than the SDK waits
	defer cancel()
	_, err = archive.List(ctx, "", "", ingest.MaxPage)
	wantFault(t, err, fault.S3Unreachable, refused+" (then the time ran out); ")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("List = %v, want %v in it", err, context.DeadlineExceeded)
	}
}

// TestTimeRunsOutBetweenAttempts: what S3 answered is what the fault names.
func TestTimeRunsOutBetweenAttempts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	localtest.VirtualTime(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Microsecond)
		defer cancel()
		_, err := unkept(server.URL).Open(ctx, ingest.Object{Key: "k"})
		wantFault(t, err, fault.S3Unreachable, ": HTTP 503 Service Unavailable (then the time ran out)")
	})
}

func neverAvailable(t *testing.T, endpoint string) {
	_, err := unkept(endpoint).Open(t.Context(), ingest.Object{Key: "k"})
	wantFault(t, err, fault.S3Unreachable, "cannot read bucket b in eu-west-1")
}

// unkept is an archive that keeps no connection: one that waits for its next
// request would hold virtual time.
func unkept(endpoint string) *s3archive.Archive {
	return s3archive.New(s3archive.Config{
		Bucket: "b", Region: "eu-west-1", Endpoint: endpoint, PathStyle: true,
		Credentials: &keys{id: "AKIA", secret: "secret-of-the-test"},
		HTTPClient:  &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	})
}

func TestBodyThatIsCutIsAReadError(t *testing.T) {
	archive := answers(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		io.WriteString(w, "only this")
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	body, err := archive.Open(t.Context(), ingest.Object{Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err == nil || string(text) != "only this" {
		t.Errorf("read = %q, %v, want what came and an error", text, err)
	}
}

func TestCancelEndsAtOnce(t *testing.T) {
	waiting := make(chan struct{}, 1)
	archive := answers(t, func(w http.ResponseWriter, r *http.Request) {
		waiting <- struct{}{}
		<-r.Context().Done()
	})
	for name, call := range map[string]func(context.Context) error{
		"List":    func(ctx context.Context) error { _, err := archive.List(ctx, "", "", ingest.MaxPage); return err },
		"Folders": func(ctx context.Context) error { _, _, err := archive.Folders(ctx, ""); return err },
		"Open":    func(ctx context.Context) error { _, err := archive.Open(ctx, ingest.Object{Key: "k"}); return err },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-waiting; cancel() }()
		if err := call(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s = %v, want %v", name, err, context.Canceled)
		}
	}
}

// listing is a listing of the bucket as S3 writes it, as far as tests need it.
func listing(text string) string {
	return "<ListBucketResult><Name>b</Name><KeyCount>0</KeyCount>" + text + "</ListBucketResult>"
}

// What somebody else answers in the place of S3, with status 200, is not a listing:
// neither an empty one, nor one of another bucket.
func TestOnlyAListingOfTheBucketCounts(t *testing.T) {
	for name, body := range map[string]string{
		"nothing":            "",
		"a text":             "blocked by the proxy",
		"JSON":               `{"error":"x"}`,
		"a page":             "<html><body>Sign in</body></html>",
		"another answer":     "<ListAllMyBucketsResult></ListAllMyBucketsResult>",
		"no count":           "<ListBucketResult><Name>b</Name></ListBucketResult>",
		"no bucket":          "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>",
		"another bucket":     "<ListBucketResult><Name>c</Name><KeyCount>0</KeyCount></ListBucketResult>",
		"the older listing":  "<ListBucketResult><Name>b</Name><Marker></Marker></ListBucketResult>",
		"a truncated answer": "<ListBucketResult><Name>b</Name><KeyCount>0</Key",
	} {
		t.Run(name, func(t *testing.T) {
			archive := answers(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, body) })
			_, err := archive.List(t.Context(), "", "", ingest.MaxPage)
			wantFault(t, err, fault.S3Unreachable, "cannot list bucket b")
			_, _, err = archive.Folders(t.Context(), "")
			wantFault(t, err, fault.S3Unreachable, "cannot list bucket b")
		})
	}
}

// A listing through an access point may name the bucket behind it.
func TestListingThroughAnAccessPoint(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, listing(""))
	}))
	defer server.Close()
	archive := s3archive.New(s3archive.Config{
		Bucket: "reader-a1b2c3-s3alias", Region: "eu-west-1", Endpoint: server.URL, PathStyle: true,
		Credentials: &keys{id: "AKIA", secret: "s"}, HTTPClient: server.Client(),
	})
	if _, err := archive.List(t.Context(), "", "", ingest.MaxPage); err != nil {
		t.Errorf("List = %v, want nil", err)
	}
}

// The archive's clock decides about the overlap, not this machine's.
func TestPageTimeIsTheServersDate(t *testing.T) {
	archive := answers(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Sat, 01 Aug 2026 02:03:04 GMT")
		io.WriteString(w, listing(""))
	})
	page, err := archive.List(t.Context(), "", "", ingest.MaxPage)
	if err != nil || !page.Time.Equal(written) {
		t.Errorf("Page.Time = %v, %v, want %v", page.Time, err, written)
	}
}

// TestFoldersTimeIsOfTheFirstPage: what was exported after it may be in none of
// the pages.
func TestFoldersTimeIsOfTheFirstPage(t *testing.T) {
	calls := 0
	archive := answers(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", written.Add(time.Duration(calls)*time.Minute).Format(http.TimeFormat))
		calls++
		more := "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
		if calls == 3 {
			more = ""
		}
		io.WriteString(w, listing(fmt.Sprintf("%s<CommonPrefixes><Prefix>%d/</Prefix></CommonPrefixes>", more, calls)))
	})
	folders, now, err := archive.Folders(t.Context(), "")
	if err != nil || fmt.Sprint(folders) != "[1/ 2/ 3/]" || !now.Equal(written) {
		t.Errorf("Folders = %q, %v, %v, want three, at %v", folders, now, err, written)
	}
}

// TestFoldersTimeIsTheServersDate: also where there is no folder.
func TestFoldersTimeIsTheServersDate(t *testing.T) {
	archive := answers(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", written.Format(http.TimeFormat))
		io.WriteString(w, listing(""))
	})
	if folders, now, err := archive.Folders(t.Context(), ""); err != nil || folders != nil || !now.Equal(written) {
		t.Errorf("Folders = %q, %v, %v, want none, at %v", folders, now, err, written)
	}
}

// After an empty page marked as truncated the listing cannot continue, and what
// follows it must not count as listed.
func TestAnEmptyTruncatedPageIsAFault(t *testing.T) {
	archive := answers(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, listing("<IsTruncated>true</IsTruncated>"))
	})
	_, err := archive.List(t.Context(), "", "", ingest.MaxPage)
	wantFault(t, err, fault.S3Unreachable, "an empty page marked as truncated")
}

// XML cannot hold some of the characters that a key may have, so one such key
// would make its page unreadable for good.
func TestKeysThatXMLCannotHold(t *testing.T) {
	s := embedded(t)
	for _, name := range []string{"a\x01b/x", "c\x0bd", "e\uFFFEf"} {
		s.put(t, "xml/"+name, []byte(name), written)
		if got := read(t, s, ingest.Object{Key: "xml/" + name}); got != name {
			t.Errorf("Open(%q) = %q", name, got)
		}
	}
	got, _ := listed(t, s, "xml/", "")
	if want := "[a\x01b/x c\x0bd e\uFFFEf]"; fmt.Sprint(got) != want {
		t.Errorf("List = %q, want %q", fmt.Sprint(got), want)
	}
	folders, _, err := s.archive().Folders(t.Context(), "xml/")
	if err != nil || len(folders) != 1 || folders[0] != "xml/a\x01b/" {
		t.Errorf("Folders = %q, %v, want xml/a\\x01b/", folders, err)
	}
}
