// Package s3server is an S3 server inside the process, for local runs and tests.
//
// It serves gofakes3 over a store of its own in which the caller sets each
// object's LastModified, and it keeps to what S3 does where gofakes3 does not:
// paging (no page that is empty, no token without a next page), common
// prefixes (each one once, folder markers rolled up), KeyCount, encoding-type,
// If-Match on reads, replacing an object whole, storage classes that cannot be
// read before a restore.
// Buckets are addressed by path.
//
// Nothing here checks a signature: any secret is good. A key id can be refused
// (Options.AccessKeyIDs), and so can an operation below a prefix (Deny).
package s3server

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// DefaultBucket is the bucket made when Options names none.
const DefaultBucket = "guardduty-findings"

// Options configure a Server. The zero value is a server with one empty
// DefaultBucket that accepts any credentials.
type Options struct {
	// Bucket is made by New, and is the one Put, Delete and Keys mean.
	Bucket string
	// AccessKeyIDs are the key ids accepted; with none, every request is
	// accepted, unsigned ones too. Secrets and signatures are never checked.
	AccessKeyIDs []string
	// Now gives the LastModified of what arrives over HTTP; nil is time.Now.
	// It has no say in whether a request's date is accepted: any date is.
	Now func() time.Time
	// PageSize bounds a page of a listing without a delimiter, below the 1,000
	// of S3, which may itself return fewer keys than asked for; 0 does not. A
	// few objects then stand for a history of many pages.
	PageSize int
	// Wrap puts a handler of the caller's between the request log and the
	// server, to answer, delay or break requests by script. What it answers is
	// logged and counted too. It sees each request before its credentials are
	// checked. To cut the connection it panics with http.ErrAbortHandler.
	Wrap func(http.Handler) http.Handler
}

// Server is the S3 server: an http.Handler, safe for use by many goroutines.
type Server struct {
	bucket   string
	pageSize int
	store    *store
	handler  http.Handler
	log      requestLog

	mu     sync.Mutex
	keyIDs map[string]bool // empty: every key is accepted
	denied map[*denial]bool
}

var _ http.Handler = (*Server)(nil)

// New returns a Server that holds one empty bucket.
func New(opts Options) (*Server, error) {
	if opts.Bucket == "" {
		opts.Bucket = DefaultBucket
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Server{
		bucket:   opts.Bucket,
		pageSize: opts.PageSize,
		store:    newStore(opts.Now),
		denied:   make(map[*denial]bool),
	}
	s.AcceptKeys(opts.AccessKeyIDs...)
	if err := s.CreateBucket(opts.Bucket); err != nil {
		return nil, err
	}
	// No request is too old or too new: a client under test may have its clock set.
	var h http.Handler = gofakes3.New(s.store, gofakes3.WithTimeSkewLimit(0), gofakes3.WithoutVersioning()).Server()
	h = s.authorize(s.ifMatch(s.archived(s.list(h))))
	if opts.Wrap != nil {
		h = opts.Wrap(h)
	}
	s.handler = s.log.record(h)
	return s, nil
}

// ServeHTTP answers one S3 request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.handler.ServeHTTP(w, r)
}

// Bucket is the name of the bucket made by New.
func (s *Server) Bucket() string { return s.bucket }

// CreateBucket makes another bucket. A name that S3 would not allow, or one
// that is taken, is an error.
func (s *Server) CreateBucket(name string) error {
	if err := gofakes3.ValidateBucketName(name); err != nil {
		return fmt.Errorf("bucket %q: %w", name, err)
	}
	if err := s.store.CreateBucket(name); err != nil {
		return fmt.Errorf("bucket %q: %w", name, err)
	}
	return nil
}

// Put stores an object in the server's bucket, in place of one of the same
// key. LastModified is cut to whole seconds, as S3 shows it; a zero time is
// the server's clock. Put takes no part in the request log.
func (s *Server) Put(key string, body []byte, lastModified time.Time) error {
	return s.PutIn(s.bucket, key, body, lastModified)
}

// PutIn is Put into any bucket.
func (s *Server) PutIn(bucket, key string, body []byte, lastModified time.Time) error {
	if key == "" || len(key) > gofakes3.KeySizeLimit {
		return fmt.Errorf("key %q is not of 1 to %d bytes", key, gofakes3.KeySizeLimit)
	}
	if lastModified.IsZero() {
		lastModified = s.store.now()
	}
	if err := s.store.put(bucket, key, map[string]string{}, bytes.Clone(body), nil, lastModified); err != nil {
		return fmt.Errorf("put %q in %q: %w", key, bucket, err)
	}
	return nil
}

// Delete removes an object from the server's bucket; a missing one does not cause an error.
func (s *Server) Delete(key string) error {
	if _, err := s.store.DeleteObject(s.bucket, key); err != nil {
		return fmt.Errorf("delete %q in %q: %w", key, s.bucket, err)
	}
	return nil
}

// Keys are the keys in the server's bucket, in byte order.
func (s *Server) Keys() []string { return s.store.keys(s.bucket) }
