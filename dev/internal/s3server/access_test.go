package s3server_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"guardduty-sentinel/dev/internal/s3server"
)

func list(t *testing.T, c *s3.Client, prefix string) error {
	t.Helper()
	_, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{
		Bucket: aws.String(s3server.DefaultBucket), Prefix: aws.String(prefix),
	})
	return err
}

func TestUnknownKeyID(t *testing.T) {
	srv, err := s3server.New(s3server.Options{AccessKeyIDs: []string{"AKIDGOOD", "AKIDNEXT"}})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	for id, want := range map[string]string{"AKIDGOOD": "ok", "AKIDNEXT": "ok", "AKIDGOO": "InvalidAccessKeyId"} {
		err := list(t, client(web.URL, id), "")
		if got := code(err); got != want {
			t.Errorf("ListObjectsV2() as %s = %s, want %s", id, got, want)
		}
		var re *smithyhttp.ResponseError
		if errors.As(err, &re) && re.HTTPStatusCode() != http.StatusForbidden {
			t.Errorf("status as %s = %d, want 403", id, re.HTTPStatusCode())
		}
	}
	res, err := http.Get(web.URL + "/" + srv.Bucket())
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("unsigned GET = %d, want 403", res.StatusCode)
	}
	srv.AcceptKeys("AKIDNEXT")
	if got := code(list(t, client(web.URL, "AKIDGOOD"), "")); got != "InvalidAccessKeyId" {
		t.Errorf("ListObjectsV2() with a key withdrawn = %s, want InvalidAccessKeyId", got)
	}
}

func TestAnyRequestDateIsAccepted(t *testing.T) {
	srv, err := s3server.New(s3server.Options{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, srv, "k")
	r := httptest.NewRequest(http.MethodGet, "/"+srv.Bucket()+"/k", nil)
	r.Header.Set("X-Amz-Date", "20010203T040506Z")
	w := httptest.NewRecorder()
	srv.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("GET of 2001 = %d, want 200", w.Code)
	}
}

func TestPresignedURLCarriesItsKeyID(t *testing.T) {
	srv, c := start(t, s3server.Options{AccessKeyIDs: []string{"AKIDGOOD"}})
	put(t, srv, "k")
	signed, err := s3.NewPresignClient(c).PresignGetObject(t.Context(),
		&s3.GetObjectInput{Bucket: aws.String(srv.Bucket()), Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]int{
		signed.URL: http.StatusOK,
		strings.Replace(signed.URL, "AKIDGOOD", "AKIDBAD", 1): http.StatusForbidden,
	} {
		res, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("GET %s = %d, want %d", url, res.StatusCode, want)
		}
	}
	if got := srv.Count(s3server.GetObject); got != 2 {
		t.Errorf("Count(GetObject) = %d, want 2", got)
	}
}

func TestDeny(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	put(t, srv, "a/1", "b/1")
	undo := srv.Deny(s3server.GetObject, "a/")
	srv.Deny(s3server.ListObjectsV2, "b/")
	read := func(key string) error { _, _, err := get(t, c, key); return err }
	check := func(what string, err error, want string) {
		t.Helper()
		if got := code(err); got != want {
			t.Errorf("%s = %s, want %s", what, got, want)
		}
	}
	check("get a/1", read("a/1"), "AccessDenied")
	check("get b/1", read("b/1"), "ok")
	check("list a/", list(t, c, "a/"), "ok")
	check("list b/", list(t, c, "b/"), "AccessDenied")
	check("list all", list(t, c, ""), "ok")
	undo()
	check("get a/1 after undo", read("a/1"), "ok")
	check("list b/ still", list(t, c, "b/x"), "AccessDenied")
}

func TestRequestLog(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	put(t, srv, "a b/ü.gz") // Put does not count as a request
	srv.Deny(s3server.GetObject, "secret")
	bucket := aws.String(srv.Bucket())
	ctx := t.Context()
	_, _, _ = get(t, c, "a b/ü.gz")
	_, _, _ = get(t, c, "secret")
	_, _, _ = get(t, c, "none")
	_ = list(t, c, "a b/")
	calls := []error{}
	_, err := c.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: bucket})
	calls = append(calls, err)
	_, err = c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: aws.String("a b/ü.gz")})
	calls = append(calls, err)
	_, err = c.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("n"), Body: strings.NewReader("x")})
	calls = append(calls, err)
	_, err = c.ListObjects(ctx, &s3.ListObjectsInput{Bucket: bucket})
	calls = append(calls, err)
	_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: aws.String("n")})
	calls = append(calls, err)
	_, err = c.ListBuckets(ctx, &s3.ListBucketsInput{})
	calls = append(calls, err)
	_, err = c.GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: bucket})
	calls = append(calls, err)
	if err := errors.Join(calls...); err != nil {
		t.Fatal(err)
	}
	type line struct {
		op     s3server.Operation
		name   string
		status int
	}
	var got []line
	for _, r := range srv.Requests() {
		got = append(got, line{r.Operation, r.Key + r.Query.Get("prefix"), r.Status})
	}
	want := []line{
		{s3server.GetObject, "a b/ü.gz", 200}, {s3server.GetObject, "secret", 403}, {s3server.GetObject, "none", 404},
		{s3server.ListObjectsV2, "a b/", 200}, {s3server.HeadBucket, "", 200}, {s3server.HeadObject, "a b/ü.gz", 200},
		{s3server.PutObject, "n", 200}, {s3server.ListObjects, "", 200}, {s3server.DeleteObject, "n", 204},
		{s3server.ListBuckets, "", 200}, {s3server.Other, "", 200},
	}
	if !slices.Equal(got, want) {
		t.Errorf("Requests() = %v, want %v", got, want)
	}
	if n := srv.Counts()[s3server.GetObject]; n != 3 {
		t.Errorf("Counts()[GetObject] = %d, want 3", n)
	}
	srv.ResetRequests()
	if n := len(srv.Requests()); n != 0 {
		t.Errorf("Requests() after a reset = %d, want 0", n)
	}
}

func TestWrapScriptsFaults(t *testing.T) {
	faults := make(chan func(http.ResponseWriter), 2)
	srv, c := start(t, s3server.Options{Wrap: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			select {
			case fault := <-faults:
				fault(w)
			default:
				next.ServeHTTP(w, r)
			}
		})
	}})
	put(t, srv, "k")
	// The cut comes first: on a connection used before, net/http asks again.
	faults <- func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	faults <- func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }
	if _, _, err := get(t, c, "k"); err == nil {
		t.Error("GetObject(k) with the connection cut = nil, want an error")
	}
	var api smithy.APIError
	if _, _, err := get(t, c, "k"); !errors.As(err, &api) {
		t.Errorf("GetObject(k) with a 503 = %v, want an API error", err)
	}
	if _, _, err := get(t, c, "k"); err != nil {
		t.Errorf("GetObject(k) after the faults = %v, want nil", err)
	}
	var statuses []int
	for _, r := range srv.Requests() {
		statuses = append(statuses, r.Status)
	}
	if want := []int{0, 503, 200}; !slices.Equal(statuses, want) {
		t.Errorf("statuses = %v, want %v", statuses, want)
	}
}

func TestManyClientsAtOnce(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	put(t, srv, "shared")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				put(t, srv, "shared", string(rune('a'+i))+"/"+string(rune('a'+j)))
				if _, body, err := get(t, c, "shared"); err != nil || body != "body of shared" {
					t.Errorf("GetObject(shared) = %q, %v, want its body", body, err)
				}
				if err := list(t, c, ""); err != nil {
					t.Errorf("ListObjectsV2() = %v, want nil", err)
				}
				srv.Requests()
			}
		})
	}
	all.Wait()
	if got, want := len(srv.Keys()), 161; got != want {
		t.Errorf("Keys() = %d, want %d", got, want)
	}
}
