// Package ingestion stands in for the Logs Ingestion API of Azure Monitor:
// one data collection rule with one stream.
//
// It is stricter than the service, so that every test that uploads also
// checks the schema. The service answers 204 before it looks at the rows and
// then drops unknown columns, empties values of another type and cuts values
// that are too long, without a word to the sender. Here any of these refuses
// the whole call with 400 and names the row and the column, and so does null
// in a column that is not dynamic. The limit of 1 MB is read as 1,000,000
// bytes, for the body as sent and as inflated; the service allows 1,048,576.
package ingestion

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Audience is what a token for Logs Ingestion is issued for. The scope that
// azlogs asks for is this and "/.default", hence its two slashes.
const Audience = "https://monitor.azure.com/"

// DefaultKeep is the bound on rows in memory where Config sets none.
const DefaultKeep = 256 << 20

// Config is what a Server needs to know.
type Config struct {
	// Rule is the immutable id of the data collection rule.
	Rule string
	// Schema is the rule's stream.
	Schema *Schema
	// Verify says whether a token was issued for an audience and is valid.
	Verify func(token, audience string) error
	// File is where accepted rows are appended, one a line; empty for nowhere.
	File string
	// Keep bounds the rows in memory, in bytes; 0 stands for DefaultKeep. Rows
	// beyond it are only counted and written to File.
	Keep int
	// Count, when set, stands in place of the schema, File and Keep, for
	// measurements that the checks would take longer than: it gets each body,
	// inflated, and returns the number of its rows. It is called by one
	// goroutine at a time.
	Count func(body []byte) (rows int, err error)
}

// Call is one accepted upload.
type Call struct {
	Time       time.Time
	Rows       int
	Bytes      int // of the body, inflated
	Compressed int // of the body as sent; equal to Bytes where it was not compressed
}

// Stats are totals since the start or the last Reset.
type Stats struct {
	Calls      int // accepted
	Rows       int // accepted
	Bytes      int // of accepted bodies, inflated
	Compressed int // of accepted bodies as sent
	Unkept     int // accepted rows that Keep left no room for
	Refused    int // requests with another answer than 204
}

// Server takes rows. It is safe for concurrent use; calls are accepted one
// after the other, each with all its rows or none.
type Server struct {
	cfg Config

	mu        sync.Mutex
	forbidden bool
	store     store
}

// New returns a server, with cfg.File open when there is one.
func New(cfg Config) (*Server, error) {
	switch {
	case cfg.Rule == "" || cfg.Schema == nil || cfg.Verify == nil:
		return nil, errors.New("ingestion: a rule, a schema and a check of tokens are needed")
	case cfg.Keep < 0:
		return nil, fmt.Errorf("ingestion: keep %d is negative", cfg.Keep)
	case cfg.Keep == 0:
		cfg.Keep = DefaultKeep
	}
	if err := cfg.Schema.check(); err != nil {
		return nil, fmt.Errorf("ingestion: %w", err)
	}
	s := &Server{cfg: cfg, store: store{keep: cfg.Keep}}
	if cfg.File != "" {
		if err := s.store.open(cfg.File); err != nil {
			return nil, fmt.Errorf("ingestion: %w", err)
		}
	}
	return s, nil
}

// Close closes the file. Uploads after it are refused with 500 if there was one.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.close()
}

// Forbid makes the server refuse every caller for want of a role, or ends that.
func (s *Server) Forbid(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forbidden = on
}

// Rows returns the accepted rows in order, each byte for byte as it came. The
// caller must not change them.
func (s *Server) Rows() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]byte(nil), s.store.rows...)
}

// Calls returns the accepted uploads in order.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.store.calls...)
}

// Stats returns the totals.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.stats
}

// Reset forgets all rows, calls and totals, and empties the file.
func (s *Server) Reset() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.store.reset()
}

// Handler returns the API.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Ms-Request-Id", rand.Text())
	f := s.authorize(r)
	if f == nil {
		f = s.target(r)
	}
	if f == nil {
		f = s.take(r)
	}
	if f == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.mu.Lock()
	s.store.stats.Refused++
	s.mu.Unlock()
	drain(r)
	f.reply(w)
}

// authorize checks the token, then the role.
func (s *Server) authorize(r *http.Request) *fault {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return &fault{http.StatusUnauthorized, "MissingToken", "the request has no bearer token"}
	}
	if err := s.cfg.Verify(token, Audience); err != nil {
		return &fault{http.StatusUnauthorized, "InvalidToken", err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forbidden {
		return &fault{http.StatusForbidden, "OperationFailed", fmt.Sprintf(
			"The authentication token provided does not have access to ingest data "+
				"for the data collection rule with immutable Id '%s'",
			s.cfg.Rule,
		)}
	}
	return nil
}

// target checks that the request is an upload to the rule's stream.
func (s *Server) target(r *http.Request) *fault {
	part := strings.Split(r.URL.Path, "/")
	if len(part) != 5 || part[0] != "" || part[1] != "dataCollectionRules" || part[3] != "streams" {
		return &fault{http.StatusNotFound, "NotFound", "the path is not /dataCollectionRules/{rule}/streams/{stream}"}
	}
	if part[2] != s.cfg.Rule {
		return &fault{http.StatusNotFound, "NotFound", fmt.Sprintf(
			"Data collection rule with immutable Id '%s' not found.", part[2])}
	}
	if part[4] != s.cfg.Schema.Stream {
		return &fault{http.StatusNotFound, "InvalidStream", fmt.Sprintf(
			"The stream %s was not configured in the Data collection rule with immutable Id '%s'.", part[4], part[2])}
	}
	if r.Method != http.MethodPost {
		return &fault{http.StatusMethodNotAllowed, "MethodNotAllowed", "the method is not POST"}
	}
	if v := r.URL.Query().Get("api-version"); v != apiVersion {
		return &fault{
			http.StatusBadRequest,
			"UnsupportedApiVersion",
			fmt.Sprintf("api-version %q is not %s", v, apiVersion),
		}
	}
	return nil
}

// take checks the body and stores its rows.
func (s *Server) take(r *http.Request) *fault {
	body, sent, f := read(r)
	if f != nil {
		return f
	}
	if s.cfg.Count != nil {
		return s.count(body, sent)
	}
	rows, err := s.cfg.Schema.Rows(body)
	if err != nil {
		code := "InvalidPayload"
		if _, ok := errors.AsType[*RowError](err); ok {
			code = "InvalidRow"
		}
		return &fault{http.StatusBadRequest, code, err.Error()}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	call := Call{Time: time.Now(), Rows: len(rows), Bytes: len(body), Compressed: sent}
	if err := s.store.add(call, rows); err != nil {
		return &fault{http.StatusInternalServerError, "InternalServerError", err.Error()}
	}
	return nil
}

// count takes the body's rows without looking at them.
func (s *Server) count(body []byte, sent int) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, err := s.cfg.Count(body)
	if err != nil {
		return &fault{http.StatusBadRequest, "InvalidPayload", err.Error()}
	}
	s.store.total(Call{Time: time.Now(), Rows: n, Bytes: len(body), Compressed: sent})
	return nil
}

// fault is a refusal.
type fault struct {
	status        int
	code, message string
}

func (f *fault) reply(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // an error means that the caller has gone
		"error": map[string]string{"code": f.code, "message": f.message},
	})
}
