package s3archive_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/localtest"
	"guardduty-sentinel/handler/internal/s3archive"
)

var local = localtest.NewShared()

func TestMain(m *testing.M) { localtest.Main(m, local) }

// written is when the objects of these tests were last modified.
var written = time.Date(2026, 8, 1, 2, 3, 4, 0, time.UTC)

// server is one of the servers that the conformance tests run against.
type server struct {
	cfg    s3archive.Config // with credentials that it accepts
	put    func(t testing.TB, key string, body []byte, modified time.Time)
	delete func(t testing.TB, key string)
}

// archive returns the server's bucket, after edit had its way.
func (s server) archive(edit ...func(*s3archive.Config)) *s3archive.Archive {
	cfg := s.cfg
	for _, e := range edit {
		e(&cfg)
	}
	return s3archive.New(cfg)
}

// embedded is the S3 of the local cloud, which checks only key ids.
func embedded(t *testing.T) server {
	t.Helper()
	c := local.Cloud(t)
	return server{
		cfg: s3archive.Config{
			Bucket:      c.Settings["S3_BUCKET"],
			Region:      c.Settings["AWS_REGION"],
			Endpoint:    c.Settings["AWS_ENDPOINT_URL_S3"],
			PathStyle:   true,
			Credentials: &keys{id: c.AccessKeyID, secret: c.SecretAccessKey}, HTTPClient: c.Client(t),
		},
		put: c.Put, delete: c.Delete,
	}
}

// versity is versitygw, which checks signatures.
func versity(t *testing.T) server {
	t.Helper()
	v := local.Cloud(t).Versity(t)
	return server{
		cfg: s3archive.Config{
			Bucket: v.Bucket, Region: v.Region, Endpoint: v.Endpoint, PathStyle: true,
			Credentials: &keys{id: v.AccessKeyID, secret: v.SecretAccessKey}, HTTPClient: &http.Client{
				Transport: &http.Transport{MaxIdleConnsPerHost: 64},
			},
		},
		put: v.Put, delete: v.Delete,
	}
}

// listed lists one page and wants no error.
func listed(t *testing.T, s server, prefix, after string) ([]string, ingest.Page) {
	t.Helper()
	page, err := s.archive().List(t.Context(), prefix, after, ingest.MaxPage)
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

// keys are credentials that may be others after a Renew, as those of a vault.
type keys struct {
	mu         sync.Mutex
	id, secret string
	next       *keys // what Renew finds; nil: the same as before
	err        error // of both methods

	renews int
}

func (k *keys) Retrieve(context.Context) (aws.Credentials, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return aws.Credentials{AccessKeyID: k.id, SecretAccessKey: k.secret}, k.err
}

func (k *keys) Renew(_ context.Context, refused aws.Credentials) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.renews++
	if k.err != nil || k.next == nil {
		return false, k.err
	}
	if id := refused.AccessKeyID; id != k.id && id != k.next.id {
		return false, &fault.Fault{Code: fault.Other, What: "Renew was called with a key id that was never used: " + id}
	}
	k.id, k.secret = k.next.id, k.next.secret
	return true, nil
}

// wantFault checks the code of a fault, that it names a thing, and that it
// shows no secret.
func wantFault(t *testing.T, err error, code fault.Code, named string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	if got := fault.Of(err); got.Code != code || !strings.Contains(err.Error(), named) {
		t.Errorf("error = %v, want %s and %q in it", err, code, named)
	}
	if strings.Contains(err.Error(), "secret-of-the-test") || strings.Contains(err.Error(), "testsecret") {
		t.Errorf("error = %v, which shows a secret", err)
	}
}
