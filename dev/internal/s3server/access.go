package s3server

import (
	"encoding/xml"
	"net/http"
	"strings"

	"github.com/johannesboyne/gofakes3"
)

// Owner is the AWS account that the bucket belongs to: a request that expects
// another is refused.
const Owner = "111122223333"

// denial refuses one operation below a prefix.
type denial struct {
	operation Operation
	prefix    string
}

// Deny makes the server answer 403 AccessDenied to an operation on keys that
// start with prefix ("" is all of them), until undo is called. For a listing
// it is the prefix asked for that counts, as in a policy with s3:prefix: a
// listing of "AWSLogs/" still shows what a denied "AWSLogs/1/" holds.
//
// Denying only GetObject is what a reader without kms:Decrypt sees.
func (s *Server) Deny(op Operation, prefix string) (undo func()) {
	d := &denial{operation: op, prefix: prefix}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied[d] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.denied, d)
	}
}

// AcceptKeys replaces the accepted access key ids; with none, every request is
// accepted, signed or not.
func (s *Server) AcceptKeys(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keyIDs = make(map[string]bool, len(ids))
	for _, id := range ids {
		s.keyIDs[id] = true
	}
}

// authorize refuses unknown key ids and denied operations.
func (s *Server) authorize(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, message := s.verdict(r)
		if code == "" {
			next.ServeHTTP(w, r)
			return
		}
		refuse(w, r, http.StatusForbidden, code, message)
	})
}

// verdict is the error to answer with, or "" to serve the request.
func (s *Server) verdict(r *http.Request) (code, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keyIDs) > 0 {
		id := keyID(r)
		if id == "" {
			return "AccessDenied", "Access Denied"
		}
		if !s.keyIDs[id] {
			return "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."
		}
	}
	if owner := r.Header.Get("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != Owner {
		return "AccessDenied", "Access Denied"
	}
	req := classify(r)
	name := req.Key
	if req.Operation == ListObjectsV2 || req.Operation == ListObjects {
		name = req.Query.Get("prefix")
	}
	for d := range s.denied {
		if d.operation == req.Operation && strings.HasPrefix(name, d.prefix) {
			return "AccessDenied", "Access Denied"
		}
	}
	return "", ""
}

// keyID is the key id of a signature (version 4) in the header, or in the
// query of a presigned URL; "" for an unsigned request. The signature itself
// is not looked at.
func keyID(r *http.Request) string {
	credential := r.URL.Query().Get("X-Amz-Credential")
	if scheme, fields, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok &&
		strings.HasPrefix(scheme, "AWS4-HMAC-SHA256") {
		for field := range strings.SplitSeq(fields, ",") {
			if value, found := strings.CutPrefix(strings.TrimSpace(field), "Credential="); found {
				credential = value
			}
		}
	}
	id, _, _ := strings.Cut(credential, "/")
	return id
}

// ifMatch answers 412 to a read whose If-Match is not the object's ETag, which
// gofakes3 does not look at.
func (s *Server) ifMatch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		want := r.Header.Get("If-Match")
		req := classify(r)
		if want == "" || want == "*" || (req.Operation != GetObject && req.Operation != HeadObject) {
			next.ServeHTTP(w, r)
			return
		}
		o, err := s.store.object(req.Bucket, req.Key)
		if err == nil && gofakes3.FormatETag(o.hash) != `"`+strings.Trim(want, `"`)+`"` {
			refuse(w, r, http.StatusPreconditionFailed, "PreconditionFailed",
				"At least one of the pre-conditions you specified did not hold")
			return
		}
		next.ServeHTTP(w, r) // a missing object is gofakes3's to report
	})
}

// refuse answers with an error as S3 writes it; HEAD gets none but the status.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	if r.Method == http.MethodHead {
		w.WriteHeader(status)
		return
	}
	answer(w, status, struct {
		XMLName  xml.Name `xml:"Error"`
		Code     string
		Message  string
		Resource string
	}{Code: code, Message: message, Resource: r.URL.Path})
}

func answer(w http.ResponseWriter, status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil {
		panic(err) // structs of strings and numbers always marshal
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write(append([]byte(xml.Header), body...)) // a client that has gone needs no answer
}
