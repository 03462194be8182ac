package s3server

import (
	"bytes"
	"crypto/md5"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// store is a gofakes3 backend in memory. gofakes3's own does not let a caller
// say when an object was written, and its listings are not quite those of S3
// (see ListBucket), so this takes its place.
type store struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
}

var _ gofakes3.Backend = (*store)(nil)

// bucket is a set of objects. sorted holds their keys for listings; it is made
// again by the first listing after a change (nil says that one is due).
type bucket struct {
	created time.Time
	objects map[string]*object
	sorted  []string
}

// object is never changed once stored, only replaced.
type object struct {
	body         []byte
	hash         []byte
	meta         map[string]string
	lastModified time.Time
	place        Place
}

func newStore(now func() time.Time) *store {
	return &store{now: now, buckets: make(map[string]*bucket)}
}

func (s *store) ListBuckets() ([]gofakes3.BucketInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var infos []gofakes3.BucketInfo
	for _, name := range slices.Sorted(maps.Keys(s.buckets)) {
		infos = append(infos,
			gofakes3.BucketInfo{Name: name, CreationDate: gofakes3.NewContentTime(s.buckets[name].created)})
	}
	return infos, nil
}

func (s *store) CreateBucket(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[name] != nil {
		return gofakes3.ResourceError(gofakes3.ErrBucketAlreadyExists, name)
	}
	s.buckets[name] = &bucket{created: s.now(), objects: make(map[string]*object)}
	return nil
}

func (s *store) BucketExists(name string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buckets[name] != nil, nil
}

func (s *store) DeleteBucket(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[name]
	if b == nil {
		return gofakes3.BucketNotFound(name)
	}
	if len(b.objects) > 0 {
		return gofakes3.ResourceError(gofakes3.ErrBucketNotEmpty, name)
	}
	delete(s.buckets, name)
	return nil
}

func (s *store) ForceDeleteBucket(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.buckets[name] == nil {
		return gofakes3.BucketNotFound(name)
	}
	delete(s.buckets, name)
	return nil
}

func (s *store) HeadObject(bucketName, key string) (*gofakes3.Object, error) {
	o, err := s.object(bucketName, key)
	if err != nil {
		return nil, err
	}
	return o.answer(key, nil, nil), nil
}

func (s *store) GetObject(bucketName, key string, want *gofakes3.ObjectRangeRequest) (*gofakes3.Object, error) {
	o, err := s.object(bucketName, key)
	if err != nil {
		return nil, err
	}
	body := o.body
	part, err := want.Range(int64(len(body)))
	if err != nil {
		return nil, err
	}
	if part != nil {
		body = body[part.Start : part.Start+part.Length]
	}
	return o.answer(key, part, body), nil
}

// PutObject stores what a client sent, at the server's clock.
func (s *store) PutObject(bucketName, key string, meta map[string]string, body io.Reader, size int64,
	conditions *gofakes3.PutConditions,
) (gofakes3.PutObjectResult, error) {
	data, err := gofakes3.ReadAll(body, size) // before the lock: a client may be slow
	if err != nil {
		return gofakes3.PutObjectResult{}, err
	}
	return gofakes3.PutObjectResult{}, s.put(bucketName, key, meta, data, conditions, s.now())
}

// CopyObject stores a copy, at the server's clock as S3 does.
func (s *store) CopyObject(
	srcBucket, srcKey, dstBucket, dstKey string,
	meta map[string]string,
) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObject(s, srcBucket, srcKey, dstBucket, dstKey, meta)
}

func (s *store) DeleteObject(bucketName, key string) (gofakes3.ObjectDeleteResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucketName]
	if b == nil {
		return gofakes3.ObjectDeleteResult{}, gofakes3.BucketNotFound(bucketName)
	}
	if b.objects[key] != nil {
		delete(b.objects, key)
		b.sorted = nil
	}
	return gofakes3.ObjectDeleteResult{}, nil
}

func (s *store) DeleteMulti(bucketName string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	var res gofakes3.MultiDeleteResult
	for _, key := range keys {
		if _, err := s.DeleteObject(bucketName, key); err != nil {
			return res, err
		}
		res.Deleted = append(res.Deleted, gofakes3.ObjectID{Key: key})
	}
	return res, nil
}

// put stores an object; body and meta are the store's from here on.
func (s *store) put(bucketName, key string, meta map[string]string, body []byte,
	conditions *gofakes3.PutConditions, lastModified time.Time,
) error {
	hash := md5.Sum(body)
	lastModified = lastModified.UTC().Truncate(time.Second)
	meta["Last-Modified"] = lastModified.Format(http.TimeFormat) // what GET and HEAD answer

	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucketName]
	if b == nil {
		return gofakes3.BucketNotFound(bucketName)
	}
	old := b.objects[key]
	if conditions != nil {
		info := &gofakes3.ConditionalObjectInfo{Exists: old != nil}
		if old != nil {
			info.Hash = old.hash
		}
		if err := gofakes3.CheckPutConditions(conditions, info); err != nil {
			return err
		}
	}
	if old == nil {
		b.sorted = nil
	}
	b.objects[key] = &object{body: body, hash: hash[:], meta: meta, lastModified: lastModified}
	return nil
}

func (s *store) object(bucketName, key string) (*object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucketName]
	if b == nil {
		return nil, gofakes3.BucketNotFound(bucketName)
	}
	o := b.objects[key]
	if o == nil {
		return nil, gofakes3.KeyNotFound(key)
	}
	return o, nil
}

func (s *store) keys(bucketName string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[bucketName]; b != nil {
		return slices.Clone(b.keys())
	}
	return nil
}

// keys are the bucket's keys in byte order, as S3 lists them.
func (b *bucket) keys() []string {
	if b.sorted == nil {
		b.sorted = slices.Sorted(maps.Keys(b.objects))
	}
	return b.sorted
}

func (o *object) answer(key string, part *gofakes3.ObjectRange, body []byte) *gofakes3.Object {
	return &gofakes3.Object{
		Name: key, Metadata: o.meta, Size: int64(len(o.body)), Hash: o.hash, Range: part,
		Contents: io.NopCloser(bytes.NewReader(body)),
	}
}
