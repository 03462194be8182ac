package servers_test

import (
	"errors"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"guardduty-sentinel/dev/internal/servers"
	"guardduty-sentinel/dev/internal/servers/serverstest"
)

func s3Client(v *servers.Versity, secret string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(v.Endpoint), UsePathStyle: true, Region: v.Region, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(v.Access, secret, ""),
	})
}

func TestVersityShowsWhatIsPutOnDisk(t *testing.T) {
	v := serverstest.Versity(t,
		servers.VersityOptions{Access: "AKIDTEST", Secret: "own secret", Buckets: []string{"findings"}})
	at := time.Date(2025, 12, 31, 23, 59, 58, 0, time.UTC)
	const key = "gd/AWSLogs/111122223333/GuardDuty/us-east-1/2025/12/31/a b.jsonl.gz"
	for name, body := range map[string]string{key: "12345", "gd/": "", "z": "zz"} {
		if err := v.Put("findings", name, []byte(body), at); err != nil {
			t.Fatal(err)
		}
	}
	c := s3Client(v, v.Secret)
	page, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("findings")})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range page.Contents {
		keys = append(keys, *o.Key)
		if *o.Key != "gd/" && !o.LastModified.Equal(at) {
			t.Errorf("%s was listed as of %v, want %v", *o.Key, *o.LastModified, at)
		}
	}
	if want := []string{"gd/", key, "z"}; !slices.Equal(keys, want) {
		t.Fatalf("keys = %q, want %q", keys, want)
	}
	out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("findings"), Key: aws.String(key)})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	if err != nil || string(body) != "12345" {
		t.Errorf("GetObject() = %q, %v, want 12345", body, err)
	}
	const md5 = `"827ccb0eea8a706c4c34a16891f84e7b"`
	if got := *page.Contents[1].ETag; got != md5 || *out.ETag != md5 {
		t.Errorf("ETag = %s listed and %s read, want %s", got, *out.ETag, md5)
	}
	put, err := c.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("findings"), Key: aws.String("uploaded"), Body: strings.NewReader("12345"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if *put.ETag != md5 {
		t.Errorf("PutObject().ETag = %s, want %s", *put.ETag, md5)
	}
	if !out.LastModified.Equal(at) {
		t.Errorf("GetObject().LastModified = %v, want %v", *out.LastModified, at)
	}
}

func TestVersityChecksTheSignature(t *testing.T) {
	v := serverstest.Versity(t, servers.VersityOptions{Buckets: []string{"findings"}})
	c := s3Client(v, "not "+v.Secret)
	_, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("findings")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "SignatureDoesNotMatch" {
		t.Errorf("ListObjectsV2() with a wrong secret = %v, want SignatureDoesNotMatch", err)
	}
}

func TestVersityPutRefuses(t *testing.T) {
	v := serverstest.Versity(t, servers.VersityOptions{Buckets: []string{"b"}})
	if err := v.Put("b", "a/b", nil, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"../x", "", "a", "a/b/c", "folder/"} {
		if err := v.Put("b", key, []byte("x"), time.Unix(0, 0)); err == nil {
			t.Errorf("Put(%q) = nil, want an error", key)
		}
	}
}

func TestVersityDelete(t *testing.T) {
	v := serverstest.Versity(t, servers.VersityOptions{Buckets: []string{"findings"}})
	if err := v.Put("findings", "a/b", []byte("x"), time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if err := v.Delete("findings", "a/b"); err != nil {
		t.Fatal(err)
	}
	c := s3Client(v, v.Secret)
	_, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("findings"), Key: aws.String("a/b")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "NoSuchKey" {
		t.Errorf("GetObject() after Delete = %v, want NoSuchKey", err)
	}
	for _, key := range []string{"a/b", "../x"} {
		if err := v.Delete("findings", key); err == nil {
			t.Errorf("Delete(%q) = nil, want an error", key)
		}
	}
}

func TestVersityStopRemovesOnlyItsOwnFolder(t *testing.T) {
	dir := t.TempDir()
	v := serverstest.Versity(t, servers.VersityOptions{Dir: dir})
	if err := v.Put("b", "k", nil, time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	if err := v.Stop(); err != nil {
		t.Fatal(err)
	}
	if dial(t, v.Endpoint) {
		t.Errorf("something listens at %s after Stop, want nothing", v.Endpoint)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) == 0 {
		t.Errorf("ReadDir(Dir) after Stop = %v, %v, want what was kept", entries, err)
	}

	t.Setenv("TMPDIR", t.TempDir())
	v = serverstest.Versity(t, servers.VersityOptions{})
	if err := v.Stop(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(entries) != 0 {
		t.Errorf("ReadDir(TMPDIR) after Stop = %v, %v, want nothing", entries, err)
	}
}

func TestServersOnDifferentPorts(t *testing.T) {
	a := serverstest.Versity(t, servers.VersityOptions{})
	b := serverstest.Versity(t, servers.VersityOptions{})
	if a.Endpoint == b.Endpoint {
		t.Fatalf("two servers at %s, want two ports", a.Endpoint)
	}
	if err := a.Stop(); err != nil {
		t.Fatal(err)
	}
	if dial(t, a.Endpoint) || !dial(t, b.Endpoint) {
		t.Error("stopping one server did not stop only that one")
	}
}

func TestServerEndsWithItsStarter(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no parent-death signal on " + runtime.GOOS)
	}
	serverstest.Versity(t, servers.VersityOptions{}) // skips when it is not installed
	cmd, endpoint := starter(t)
	if !dial(t, endpoint) {
		t.Fatalf("nothing listens at %s, want the server", endpoint)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status is that of the kill
	const patience = 10 * time.Minute
	for deadline := time.Now().Add(patience); dial(t, endpoint); {
		if time.Now().After(deadline) {
			t.Fatalf("something listens at %s %v after its starter was killed, want nothing", endpoint, patience)
		}
		runtime.Gosched()
	}
}
