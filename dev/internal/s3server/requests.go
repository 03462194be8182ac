package s3server

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Operation names an S3 operation as the API reference does.
type Operation string

// The operations that are distinguished; whatever else a client asks for is Other.
const (
	ListObjectsV2 Operation = "ListObjectsV2"
	ListObjects   Operation = "ListObjects" // version 1
	GetObject     Operation = "GetObject"
	HeadObject    Operation = "HeadObject"
	PutObject     Operation = "PutObject"
	DeleteObject  Operation = "DeleteObject"
	HeadBucket    Operation = "HeadBucket"
	CreateBucket  Operation = "CreateBucket"
	ListBuckets   Operation = "ListBuckets"
	Other         Operation = "Other"
)

// Request is one request as the server saw it.
type Request struct {
	Operation Operation
	Bucket    string
	Key       string     // of an object; "" for an operation on a bucket
	Query     url.Values // prefix, start-after, delimiter, continuation-token, …
	Status    int        // of the answer; 0 when the connection was cut first
}

// requestLog keeps every request since the last reset, in order of arrival.
type requestLog struct {
	mu       sync.Mutex
	requests []*Request
}

// Requests are the requests since the start or the last ResetRequests, in
// order of arrival; one still being answered has no status yet.
func (s *Server) Requests() []Request {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	out := make([]Request, len(s.log.requests))
	for i, r := range s.log.requests {
		out[i] = *r
		out[i].Query = maps.Clone(r.Query)
	}
	return out
}

// Counts are the numbers of requests by operation, refused ones included.
func (s *Server) Counts() map[Operation]int {
	counts := make(map[Operation]int)
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	for _, r := range s.log.requests {
		counts[r.Operation]++
	}
	return counts
}

// Count is the number of requests of one operation.
func (s *Server) Count(op Operation) int { return s.Counts()[op] }

// ResetRequests forgets the requests so far.
func (s *Server) ResetRequests() {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	s.log.requests = nil
}

func (l *requestLog) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		entry := classify(r)
		l.mu.Lock()
		l.requests = append(l.requests, &entry)
		l.mu.Unlock()

		sw := &statusWriter{ResponseWriter: w}
		defer func() {
			fault := recover()
			if fault == nil && sw.status == 0 {
				sw.status = http.StatusOK // net/http answers so when a handler writes nothing
			}
			l.mu.Lock()
			entry.Status = sw.status
			l.mu.Unlock()
			if fault != nil {
				panic(fault)
			}
		}()
		next.ServeHTTP(sw, r)
	})
}

// classify reads the operation off a path-style request.
func classify(r *http.Request) Request {
	bucketName, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	q := r.URL.Query()
	return Request{Operation: operation(r.Method, bucketName, key, q), Bucket: bucketName, Key: key, Query: q}
}

func operation(method, bucketName, key string, q url.Values) Operation {
	// A sub-resource (?acl, ?versions, ?uploadId=…) is another operation.
	for name := range q {
		if !slices.Contains(plainParameters, strings.ToLower(name)) && !strings.HasPrefix(name, "X-Amz-") {
			return Other
		}
	}
	switch {
	case key != "":
		return pick(method, map[string]Operation{
			http.MethodGet: GetObject, http.MethodHead: HeadObject, http.MethodPut: PutObject,
			http.MethodDelete: DeleteObject,
		})
	case bucketName != "" && method == http.MethodGet && q.Get("list-type") == "2":
		return ListObjectsV2
	case bucketName != "":
		return pick(method, map[string]Operation{
			http.MethodGet: ListObjects, http.MethodHead: HeadBucket, http.MethodPut: CreateBucket,
		})
	default:
		return pick(method, map[string]Operation{http.MethodGet: ListBuckets})
	}
}

// plainParameters leave the operation what its method says.
var plainParameters = []string{
	"x-id", "list-type", "prefix", "delimiter", "marker", "start-after", "continuation-token", "max-keys",
	"encoding-type",
	"fetch-owner", "versionid", "response-content-type", "response-content-encoding",
}

func pick(method string, ops map[string]Operation) Operation {
	if op, ok := ops[method]; ok {
		return op
	}
	return Other
}

// statusWriter remembers the status of an answer. Unwrap lets
// http.ResponseController reach the writer below, to hijack or flush.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}
