// Package control lets a test in another process arrange and look at the
// local cloud, over HTTP on loopback.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/faults"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/servers"
)

// Server serves one cloud's control.
type Server struct {
	cloud *cloud.Cloud
	http  *http.Server
	addr  string

	mu      sync.Mutex
	versity *servers.Versity // nil until it is asked for
}

// Start serves c's control on a free loopback port.
func Start(c *cloud.Cloud) (*Server, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	s := &Server{cloud: c, addr: ln.Addr().String()}
	mux := http.NewServeMux()
	for pattern, f := range map[string]func(*http.Request) (any, error){
		"POST /faults/{service}":   s.addFault,
		"DELETE /faults/{service}": s.resetFaults,
		"POST /forbid/{service}":   s.forbid,
		"PUT /vault/{name}":        s.setSecret,
		"DELETE /vault/{name}":     s.deleteSecret,
		"PUT /s3/{key...}":         s.putObject,
		"DELETE /s3/{key...}":      s.deleteObject,
		"POST /s3place/{key...}":   s.moveObject,
		"POST /versity":            s.startVersity,
		"PUT /versity/{key...}":    s.putVersity,
		"DELETE /versity/{key...}": s.deleteVersity,
		"POST /s3keys":             s.acceptKeys,
		"POST /s3deny":             s.deny,
		"GET /s3counts":            func(*http.Request) (any, error) { return s.cloud.S3.Counts(), nil },
		"GET /reads/{name}":        s.reads,
		"GET /rows":                s.rows,
		"GET /calls":               func(*http.Request) (any, error) { return s.cloud.Ingestion.Calls(), nil },
		"GET /refused":             func(*http.Request) (any, error) { return s.cloud.Proxy.Refused(), nil },
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			result, err := f(r)
			switch {
			case errors.Is(err, servers.ErrMissing):
				http.Error(w, err.Error(), http.StatusNotImplemented)
				return
			case err != nil:
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			json.NewEncoder(w).Encode(result)
		})
	}
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go s.http.Serve(ln) // ends with Close
	return s, nil
}

// URL is where the control is.
func (s *Server) URL() string { return "http://" + s.addr }

// Close stops serving.
func (s *Server) Close() error {
	err := s.http.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.versity != nil {
		err = errors.Join(err, s.versity.Stop())
	}
	return err
}

func (s *Server) script(r *http.Request) (*faults.Script, error) {
	name := r.PathValue("service")
	if script, ok := s.cloud.Faults[name]; ok {
		return script, nil
	}
	return nil, fmt.Errorf("no service %q", name)
}

func (s *Server) addFault(r *http.Request) (any, error) {
	script, err := s.script(r)
	if err != nil {
		return nil, err
	}
	var f faults.Fault
	if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
		return nil, err
	}
	return nil, script.Add(f)
}

func (s *Server) resetFaults(r *http.Request) (any, error) {
	script, err := s.script(r)
	if err == nil {
		script.Reset()
	}
	return nil, err
}

// forbid makes a service refuse whoever asks, or with ?on=false no more.
func (s *Server) forbid(r *http.Request) (any, error) {
	on := r.FormValue("on") != "false"
	switch name := r.PathValue("service"); name {
	case "vault":
		s.cloud.Vault.Forbid(on)
	case "ingestion":
		s.cloud.Ingestion.Forbid(on)
	case "identity":
		s.cloud.Identity.Forbid(on)
	default:
		return nil, fmt.Errorf("no service %q", name)
	}
	return nil, nil
}

func (s *Server) setSecret(r *http.Request) (any, error) {
	value, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	return s.cloud.Vault.Set(r.PathValue("name"), string(value)), nil
}

func (s *Server) reads(r *http.Request) (any, error) {
	return s.cloud.Vault.Reads(r.PathValue("name")), nil
}

func (s *Server) deleteSecret(r *http.Request) (any, error) {
	s.cloud.Vault.Delete(r.PathValue("name"))
	return nil, nil
}

// putObject stores the body, last modified at ?modified=.
func (s *Server) putObject(r *http.Request) (any, error) {
	body, modified, err := upload(r)
	if err != nil {
		return nil, err
	}
	return nil, s.cloud.S3.Put(r.PathValue("key"), body, modified)
}

// upload is the body of a request and its ?modified=, an RFC 3339 time.
func upload(r *http.Request) (body []byte, modified time.Time, err error) {
	if body, err = io.ReadAll(r.Body); err != nil {
		return nil, time.Time{}, err
	}
	modified, err = time.Parse(time.RFC3339, r.FormValue("modified"))
	return body, modified, err
}

func (s *Server) deleteObject(r *http.Request) (any, error) {
	return nil, s.cloud.S3.Delete(r.PathValue("key"))
}

// moveObject puts an object to the place in the body.
func (s *Server) moveObject(r *http.Request) (any, error) {
	var to s3server.Place
	if err := json.NewDecoder(r.Body).Decode(&to); err != nil {
		return nil, err
	}
	return nil, s.cloud.S3.Move(r.PathValue("key"), to)
}

func (s *Server) acceptKeys(r *http.Request) (any, error) {
	s.cloud.S3.AcceptKeys(strings.Fields(r.FormValue("ids"))...)
	return nil, nil
}

func (s *Server) deny(r *http.Request) (any, error) {
	s.cloud.S3.Deny(s3server.Operation(r.FormValue("operation")), r.FormValue("prefix"))
	return nil, nil
}

func (s *Server) rows(*http.Request) (any, error) {
	rows := []json.RawMessage{}
	for _, row := range s.cloud.Ingestion.Rows() {
		rows = append(rows, row)
	}
	return rows, nil
}
