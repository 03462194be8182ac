// Package keyvault stands in for the part of Azure Key Vault that reads
// secrets: GET /secrets/{name}/{version}.
//
// A request without a token is answered with the challenge from which
// azsecrets learns the tenant and the resource, as in Azure; served under
// *.vault.azure.net it passes the client's check of that resource. Secrets
// are put in with Set, not over HTTP.
package keyvault

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Audience is what a token for Key Vault is issued for.
const Audience = "https://vault.azure.net"

// Server keeps secrets in memory. It is safe for concurrent use.
type Server struct {
	tenant string
	verify func(token, audience string) error

	mu        sync.Mutex
	forbidden bool
	secrets   map[string]*secret // by name in lower case: names do not differ by case
}

type secret struct {
	versions []*version // oldest first
	reads    int
}

type version struct {
	id, value string
	disabled  bool
	created   time.Time
}

// New returns a server without secrets. The challenge names tenant; verify
// says whether a token was issued for an audience and is valid.
func New(tenant string, verify func(token, audience string) error) *Server {
	return &Server{tenant: tenant, verify: verify, secrets: make(map[string]*secret)}
}

// Forbid makes the server refuse every caller for want of a role, or ends that.
func (s *Server) Forbid(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forbidden = on
}

// Set gives a secret a new current version and returns the version's id.
func (s *Server) Set(name, value string) string {
	v := &version{id: hexID(), value: value, created: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.ToLower(name)
	if s.secrets[key] == nil {
		s.secrets[key] = &secret{}
	}
	s.secrets[key].versions = append(s.secrets[key].versions, v)
	return v.id
}

// Disable disables the current version of a secret, if there is one. The next
// Set makes an enabled one.
func (s *Server) Disable(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sec := s.secrets[strings.ToLower(name)]; sec != nil {
		sec.versions[len(sec.versions)-1].disabled = true
	}
}

// Delete removes a secret with all its versions and its count of reads.
func (s *Server) Delete(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.secrets, strings.ToLower(name))
}

// Reads returns how often the value of a secret has been handed out.
func (s *Server) Reads(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sec := s.secrets[strings.ToLower(name)]; sec != nil {
		return sec.reads
	}
	return 0
}

// Handler returns the data plane.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// versions of the API that exist and answer this request alike.
var versions = []string{"7.4", "7.5", "7.6", "2025-07-01", "2026-04-01"}

var nameForm = regexp.MustCompile(`^[0-9A-Za-z-]{1,127}$`)

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if f := s.authorize(r); f != nil {
		if f.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(
				`Bearer authorization="https://login.microsoftonline.com/%s", resource="%s"`, s.tenant, Audience))
		}
		f.reply(w)
		return
	}
	name, id, f := target(r)
	if f != nil {
		f.reply(w)
		return
	}
	v, f := s.read(name, id)
	if f != nil {
		f.reply(w)
		return
	}
	body := bundle{Value: v.value, ID: "https://" + r.Host + "/secrets/" + name + "/" + v.id}
	body.Attributes.Enabled = true
	body.Attributes.Created = v.created.Unix()
	body.Attributes.Updated = v.created.Unix()
	body.Attributes.RecoveryLevel = "Recoverable+Purgeable"
	reply(w, http.StatusOK, body)
}

// authorize checks the token, then the role.
func (s *Server) authorize(r *http.Request) *fault {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return refuse(http.StatusUnauthorized, "Unauthorized", "",
			"AKV10000: Request is missing a Bearer or PoP token.")
	}
	if err := s.verify(token, Audience); err != nil {
		return refuse(http.StatusUnauthorized, "Unauthorized", "", fmt.Sprintf("Error validating token: %v", err))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forbidden {
		return refuse(
			http.StatusForbidden,
			"Forbidden",
			"ForbiddenByRbac",
			"Caller is not authorized to perform action on resource.\r\n"+
				"If role assignments, deny assignments or role definitions were changed recently, please observe "+
				"propagation time.",
		)
	}
	return nil
}

// target returns the secret and the version, empty for the current one, that
// a request names.
func target(r *http.Request) (name, id string, f *fault) {
	if v := r.URL.Query().Get("api-version"); !slices.Contains(versions, v) {
		return "", "", refuse(
			http.StatusBadRequest,
			"BadParameter",
			"",
			fmt.Sprintf("The specified version (%s) is not recognized. Consider using one of %s.", v,
				strings.Join(versions, ", ")),
		)
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/secrets/")
	name, id, _ = strings.Cut(path, "/")
	if !ok || name == "" || strings.Contains(id, "/") {
		return "", "", refuse(http.StatusNotFound, "NotFound", "",
			"The stand-in serves only /secrets/{name}/{version}.")
	}
	if r.Method != http.MethodGet {
		return "", "", refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "", "The stand-in serves only GET.")
	}
	if !nameForm.MatchString(name) {
		return "", "", refuse(http.StatusBadRequest, "BadParameter", "",
			fmt.Sprintf("The request URI contains an invalid name: %s", name))
	}
	return name, id, nil
}

// read hands out a version and counts that.
func (s *Server) read(name, id string) (version, *fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sec := s.secrets[strings.ToLower(name)]; sec != nil {
		for i, v := range slices.Backward(sec.versions) {
			if id != v.id && (id != "" || i != len(sec.versions)-1) {
				continue
			}
			if v.disabled {
				return version{}, refuse(http.StatusForbidden, "Forbidden", "SecretDisabled",
					"Operation get is not allowed on a disabled secret.")
			}
			sec.reads++
			return *v, nil
		}
	}
	return version{}, refuse(http.StatusNotFound, "SecretNotFound", "", fmt.Sprintf(
		"A secret with (name/id) %s was not found in this key vault. If you recently deleted this secret you may "+
			"be able to recover it using the correct recovery command.",
		strings.TrimSuffix(name+"/"+id, "/"),
	))
}

// bundle is the body of a granted request.
type bundle struct {
	Value      string `json:"value"`
	ID         string `json:"id"`
	Attributes struct {
		Enabled       bool   `json:"enabled"`
		Created       int64  `json:"created"`
		Updated       int64  `json:"updated"`
		RecoveryLevel string `json:"recoveryLevel"`
	} `json:"attributes"`
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("X-Ms-Request-Id", hexID())
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error says that the caller has gone
}
