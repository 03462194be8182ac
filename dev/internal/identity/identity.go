// Package identity stands in for the endpoint from which an app on App
// Service or Azure Functions gets tokens of its managed identity.
//
// The app finds it through IDENTITY_ENDPOINT, which ends in Path, and proves
// with IDENTITY_HEADER that it runs inside the app. The tokens look like
// Entra's and are signed with a key of the Server, so the other stand-ins can
// ask Verify whether a token came from here, for them, and is still valid.
//
// azidentity keeps tokens for the whole process, by client id and resource
// and for every credential alike. A process that outlives a Server therefore
// continues with tokens the next one does not know, and Forbid does not reach a
// token that was handed out; name a new client id to start afresh.
package identity

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Path is where the endpoint is served.
const Path = "/msi/token"

// apiVersion is the only one App Service offers to an IDENTITY_ENDPOINT.
const apiVersion = "2019-08-01"

// Server issues tokens. Set the fields before the first request and not
// afterwards; the methods are safe for concurrent use.
type Server struct {
	// TenantID is the tenant of the identity.
	TenantID string
	// ObjectID is the object id of the system-assigned identity.
	ObjectID string
	// Header is what a request must carry in X-IDENTITY-HEADER.
	Header string
	// UserAssigned maps the client ids of user-assigned identities, in lower
	// case, to their object ids. A request for another client id is refused.
	UserAssigned map[string]string
	// Lifetime is how long a token is valid.
	Lifetime time.Duration
	// Now is the clock.
	Now func() time.Time

	key []byte

	mu        sync.Mutex
	forbidden bool
	requests  map[string]int
}

// New returns a server with a random tenant, identity, header and key, whose
// tokens are valid for a day.
func New() *Server {
	key := make([]byte, 32)
	rand.Read(key) // never returns an error
	return &Server{
		TenantID: guid(),
		ObjectID: guid(),
		Header:   rand.Text(),
		Lifetime: 24 * time.Hour,
		Now:      time.Now,
		key:      key,
		requests: make(map[string]int),
	}
}

// Forbid makes the server refuse every request with 403, or ends that.
func (s *Server) Forbid(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forbidden = on
}

// Requests returns how many requests with the right header have named
// resource, refused ones included.
func (s *Server) Requests(resource string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[resource]
}

// Handler returns the endpoint.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, s.serve)
	return mux
}

// answer is the body of a granted request. Numbers are text, as in Azure.
type answer struct {
	AccessToken string `json:"access_token"`
	ExpiresOn   string `json:"expires_on"`
	Resource    string `json:"resource"`
	TokenType   string `json:"token_type"`
	ClientID    string `json:"client_id,omitempty"`
}

// refusal is the body of a refused request.
type refusal struct {
	StatusCode int    `json:"statusCode"`
	Message    string `json:"message"`
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if status, msg := s.check(r); status != 0 {
		reply(w, status, refusal{StatusCode: status, Message: msg})
		return
	}
	q := r.URL.Query()
	object, clientID := s.ObjectID, q.Get("client_id")
	if clientID != "" {
		object = s.UserAssigned[strings.ToLower(clientID)]
	}
	token, expires, err := s.issue(q.Get("resource"), object, clientID)
	if err != nil {
		reply(w, http.StatusInternalServerError, refusal{http.StatusInternalServerError, err.Error()})
		return
	}
	reply(w, http.StatusOK, answer{
		AccessToken: token,
		ExpiresOn:   strconv.FormatInt(expires.Unix(), 10),
		Resource:    q.Get("resource"),
		TokenType:   "Bearer",
		ClientID:    clientID,
	})
}

// check returns the status and message of a refusal, or 0.
func (s *Server) check(r *http.Request) (int, string) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-IDENTITY-HEADER")), []byte(s.Header)) != 1 {
		return http.StatusUnauthorized, "X-IDENTITY-HEADER is missing or wrong"
	}
	q := r.URL.Query()
	if v := q.Get("api-version"); v != apiVersion {
		return http.StatusBadRequest, fmt.Sprintf("api-version %q is not %s", v, apiVersion)
	}
	resource := q.Get("resource")
	if resource == "" {
		return http.StatusBadRequest, "resource is missing"
	}
	if s.count(resource) {
		return http.StatusForbidden, "the identity is not allowed to get a token"
	}
	for _, selector := range []string{"object_id", "principal_id", "mi_res_id"} {
		if q.Has(selector) {
			return http.StatusBadRequest, selector + " is not supported: name an identity by client_id"
		}
	}
	if id := q.Get("client_id"); q.Has("client_id") && s.UserAssigned[strings.ToLower(id)] == "" {
		return http.StatusBadRequest, fmt.Sprintf("no user-assigned identity has the client id %q", id)
	}
	return 0, ""
}

// count notes a request for resource and tells whether it is forbidden.
func (s *Server) count(resource string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[resource]++
	return s.forbidden
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error says that the caller has gone
}

// guid returns a random UUID of version 4.
func guid() string {
	b := make([]byte, 16)
	rand.Read(b) // never returns an error
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
