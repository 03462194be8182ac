package s3server_test

import (
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"guardduty-sentinel/dev/internal/s3server"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// start serves opts on a loopback port until the test ends.
func start(t *testing.T, opts s3server.Options) (*s3server.Server, *s3.Client) {
	t.Helper()
	srv, err := s3server.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(srv)
	t.Cleanup(web.Close)
	return srv, client(web.URL, "AKIDGOOD")
}

func client(endpoint, keyID string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(endpoint), UsePathStyle: true, Region: "us-east-1", RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(keyID, "any secret", ""),
	})
}

func put(t *testing.T, srv *s3server.Server, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if err := srv.Put(key, []byte("body of "+key), noon); err != nil {
			t.Fatal(err)
		}
	}
}

// code is the S3 error code of err, or "ok".
func code(err error) string {
	var api smithy.APIError
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &api):
		return api.ErrorCode()
	default:
		return err.Error()
	}
}

func get(t *testing.T, c *s3.Client, key string) (*s3.GetObjectOutput, string, error) {
	t.Helper()
	out, err := c.GetObject(t.Context(),
		&s3.GetObjectInput{Bucket: aws.String(s3server.DefaultBucket), Key: aws.String(key)})
	if err != nil {
		return nil, "", err
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return out, string(body), nil
}

func TestPutSetsWhatListAndGetShow(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	at := time.Date(2024, 2, 29, 23, 59, 58, 987654321, time.FixedZone("", 3600))
	want := time.Date(2024, 2, 29, 22, 59, 58, 0, time.UTC)
	if err := srv.Put("a/x.gz", []byte("12345"), at); err != nil {
		t.Fatal(err)
	}
	page, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(srv.Bucket())})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Contents) != 1 {
		t.Fatalf("ListObjectsV2() = %d objects, want 1", len(page.Contents))
	}
	listed := page.Contents[0]
	out, body, err := get(t, c, "a/x.gz")
	if err != nil {
		t.Fatal(err)
	}
	if got := *listed.LastModified; !got.Equal(want) {
		t.Errorf("ListObjectsV2().LastModified = %v, want %v", got, want)
	}
	if got := *out.LastModified; !got.Equal(want) {
		t.Errorf("GetObject().LastModified = %v, want %v", got, want)
	}
	const md5 = `"827ccb0eea8a706c4c34a16891f84e7b"`
	if *listed.ETag != md5 || *out.ETag != md5 {
		t.Errorf("ETag = %s listed and %s read, want %s", *listed.ETag, *out.ETag, md5)
	}
	if body != "12345" || *listed.Size != 5 {
		t.Errorf("GetObject() = %q, listed with %d bytes, want 12345 and 5", body, *listed.Size)
	}
}

func TestPutKeepsItsOwnCopy(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	body := []byte("before")
	if err := srv.Put("k", body, noon); err != nil {
		t.Fatal(err)
	}
	copy(body, "after!")
	if _, got, err := get(t, c, "k"); err != nil || got != "before" {
		t.Errorf("GetObject(k) = %q, %v, want before", got, err)
	}
}

func TestUploadTakesTheServersClock(t *testing.T) {
	srv, c := start(t, s3server.Options{Now: func() time.Time { return noon.Add(1500 * time.Millisecond) }})
	ctx := t.Context()
	if err := srv.Put("k", []byte("old"), noon.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	// The client signs with its own clock, years away from the server's.
	if _, err := c.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(srv.Bucket()), Key: aws.String("k"), Body: strings.NewReader(""),
		ContentLength: aws.Int64(0),
	}); err != nil {
		t.Fatal(err)
	}
	out, body, err := get(t, c, "k")
	if err != nil {
		t.Fatal(err)
	}
	if want := noon.Add(time.Second); !out.LastModified.Equal(want) || body != "" {
		t.Errorf("GetObject(k) = %q of %v, want an empty body of %v", body, *out.LastModified, want)
	}
}

func TestRange(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	put(t, srv, "k")
	out, err := c.GetObject(t.Context(), &s3.GetObjectInput{
		Bucket: aws.String(srv.Bucket()), Key: aws.String("k"), Range: aws.String("bytes=5-6"),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	if body, err := io.ReadAll(out.Body); err != nil || string(body) != "of" {
		t.Errorf("GetObject(bytes=5-6) = %q, %v, want of", body, err)
	}
}

func TestReadsThatFail(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	put(t, srv, "k", "gone")
	if err := srv.Delete("gone"); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		in   s3.GetObjectInput
		want string
	}{
		{"there", s3.GetObjectInput{Key: aws.String("k")}, "ok"},
		{"no such key", s3.GetObjectInput{Key: aws.String("none")}, "NoSuchKey"},
		{"deleted", s3.GetObjectInput{Key: aws.String("gone")}, "NoSuchKey"},
		{"no such bucket", s3.GetObjectInput{Bucket: aws.String("nowhere"), Key: aws.String("k")}, "NoSuchBucket"},
		{
			"its ETag",
			s3.GetObjectInput{Key: aws.String("k"), IfMatch: aws.String(`"aadf0487df959e6575da07f4769cda61"`)},
			"ok",
		},
		{"another ETag", s3.GetObjectInput{Key: aws.String("k"), IfMatch: aws.String(`"0"`)}, "PreconditionFailed"},
		{"any ETag of no object", s3.GetObjectInput{Key: aws.String("none"), IfMatch: aws.String(`"0"`)}, "NoSuchKey"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.in.Bucket == nil {
				tt.in.Bucket = aws.String(srv.Bucket())
			}
			out, err := c.GetObject(t.Context(), &tt.in)
			if err == nil {
				out.Body.Close()
			}
			if got := code(err); got != tt.want {
				t.Errorf("GetObject() = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestBuckets(t *testing.T) {
	srv, c := start(t, s3server.Options{Bucket: "first"})
	if err := srv.CreateBucket("second"); err != nil {
		t.Fatal(err)
	}
	if err := srv.CreateBucket("second"); err == nil {
		t.Error("CreateBucket(second) twice = nil, want an error")
	}
	if _, err := s3server.New(s3server.Options{Bucket: "Not_A_Bucket"}); err == nil {
		t.Error("New(Not_A_Bucket) = nil, want an error")
	}
	if err := srv.PutIn("second", "k", nil, noon); err != nil {
		t.Fatal(err)
	}
	if err := srv.PutIn("third", "k", nil, noon); err == nil {
		t.Error("PutIn(third) = nil, want an error")
	}
	if err := srv.Put("", nil, noon); err == nil {
		t.Error("Put of an empty key = nil, want an error")
	}
	for name, want := range map[string]string{"first": "NoSuchKey", "second": "ok"} {
		out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(name), Key: aws.String("k")})
		if err == nil {
			out.Body.Close()
		}
		if got := code(err); got != want {
			t.Errorf("GetObject(%s/k) = %s, want %s", name, got, want)
		}
	}
}
