// Package tables is a table service inside the process, for local runs and
// measurements. It needs no program beside this one.
//
// It has what the connector uses of Azure Table Storage: tables made and
// entities read, listed by keys and texts, inserted, replaced, merged, deleted, and
// transactions of these. A write costs the same however many rows there are,
// which it does not in Azurite, so that a figure measured over it is that of
// its caller. Everything else is refused with 501 rather than answered wrongly.
//
// All is in memory, and any signature is good. WithTokens asks for tokens.
package tables

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"guardduty-sentinel/dev/internal/servers"
)

// maxBody is the size of the largest request (Table service REST API,
// "Performing entity group transactions").
const maxBody = 4 << 20

// Server is the service: an http.Handler, safe for use by many goroutines.
// Requests are served one after the other, each whole.
type Server struct {
	mu     sync.Mutex
	tables map[string]table
	last   time.Time // the newest Timestamp given
	counts Counts
}

// Counts are totals since the start.
type Counts struct {
	Calls        int // requests, refused ones too
	Transactions int // of these, transactions
	Written      int // rows, in transactions and outside
	Deleted      int
}

// Since returns what came after before.
func (c Counts) Since(before Counts) Counts {
	return Counts{
		c.Calls - before.Calls,
		c.Transactions - before.Transactions,
		c.Written - before.Written,
		c.Deleted - before.Deleted,
	}
}

var _ http.Handler = (*Server)(nil)

// New returns a service without tables.
func New() *Server { return &Server{tables: make(map[string]table)} }

// Counts returns the totals so far.
func (s *Server) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts
}

// Connection is the connection string of the service when it is served at
// addr, host and port, in the form that Azurite has.
func Connection(addr string) string {
	return fmt.Sprintf("DefaultEndpointsProtocol=http;AccountName=%s;AccountKey=%s;TableEndpoint=http://%s/%[1]s;",
		servers.Account, servers.AccountKey, addr)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		(&fault{http.StatusRequestEntityTooLarge, "RequestBodyTooLarge", err.Error()}).reply(w)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/"+servers.Account)
	if !ok {
		(&fault{http.StatusBadRequest, "InvalidUri", "the path does not begin with the account"}).reply(w)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Calls++
	if f := s.serve(w, r, strings.TrimPrefix(path, "/"), body); f != nil {
		f.reply(w)
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, path string, body []byte) *fault {
	switch {
	case path == "$batch" && r.Method == http.MethodPost:
		s.counts.Transactions++
		return s.transaction(w, r.Header.Get("Content-Type"), body)
	case path == "Tables" && r.Method == http.MethodPost:
		return s.create(w, body)
	case r.Method == http.MethodGet && strings.HasSuffix(path, "()"):
		return s.list(w, strings.TrimSuffix(path, "()"), r.URL.Query())
	case r.Method == http.MethodGet:
		return s.get(w, path)
	}
	o, f := newOperation(r.Method, path, r.Header.Get("If-Match"), body)
	if f != nil {
		return f
	}
	etag, _, f := s.apply(o)
	if f != nil {
		return f
	}
	if etag != "" {
		w.Header().Set("ETag", etag)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) create(w http.ResponseWriter, body []byte) *fault {
	var in struct{ TableName string }
	if json.Unmarshal(body, &in) != nil || !tableName(in.TableName) {
		return &fault{http.StatusBadRequest, "InvalidResourceName", "the table's name is not one"}
	}
	if s.tables[in.TableName] != nil {
		return &fault{http.StatusConflict, "TableAlreadyExists", "The table specified already exists."}
	}
	s.tables[in.TableName] = make(table)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) get(w http.ResponseWriter, path string) *fault {
	o, f := newOperation(http.MethodGet, path, "", nil)
	if f != nil {
		return f
	}
	t := s.tables[o.table]
	if t == nil {
		return errNoTable
	}
	e := t.entity(o.partition, o.row)
	if e == nil {
		return errNoEntity
	}
	w.Header().Set("ETag", e.etag)
	return reply(w, e.shown())
}

// list answers one page of the entities that the filter lets through.
func (s *Server) list(w http.ResponseWriter, name string, q url.Values) *fault {
	for option := range q {
		switch option {
		case "$filter", "$select", "$format", "NextPartitionKey", "NextRowKey":
		default:
			return unknown("the query option " + option)
		}
	}
	match, f := parseFilter(q.Get("$filter"))
	if f != nil {
		return f
	}
	t := s.tables[name]
	if t == nil {
		return errNoTable
	}
	found, next := t.page(match, address{q.Get("NextPartitionKey"), q.Get("NextRowKey")})
	if next != (address{}) {
		w.Header().Set("X-Ms-Continuation-Nextpartitionkey", next.partition)
		w.Header().Set("X-Ms-Continuation-Nextrowkey", next.row)
	}
	out := struct {
		Value []json.RawMessage `json:"value"`
	}{make([]json.RawMessage, len(found))}
	for i, e := range found {
		if out.Value[i] = e.shown(); q.Get("$select") != "" {
			out.Value[i] = selected(e.shown(), q.Get("$select"))
		}
	}
	text, err := json.Marshal(out)
	if err != nil {
		panic(err) // all of it was read as JSON
	}
	return reply(w, text)
}

// stamp returns the time of a write; no two are the same, as their ETags are
// made of them.
func (s *Server) stamp() time.Time {
	now := time.Now().UTC().Truncate(100 * time.Nanosecond)
	if !now.After(s.last) {
		now = s.last.Add(100 * time.Nanosecond)
	}
	s.last = now
	return now
}

var tableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{2,62}$`).MatchString

func reply(w http.ResponseWriter, text []byte) *fault {
	w.Header().Set("Content-Type", "application/json;odata=minimalmetadata;charset=utf-8")
	_, _ = w.Write(text) // an error says that the client has gone
	return nil
}
