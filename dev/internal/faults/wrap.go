package faults

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// maxDrain bounds what is read of a request that is held or refused. A server
// that answers early and closes may cut off a client that is still sending,
// which is another fault than the one in the script.
const maxDrain = 16 << 20

// Wrap returns next with the faults of s in front.
func (s *Script) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := s.next(r.Method, r.URL.Path)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		if !wait(r, f.Delay) {
			panic(http.ErrAbortHandler) // the client has gone: do not act
		}
		switch {
		case f.Drop == DropBefore:
			panic(http.ErrAbortHandler)
		case f.Drop == DropAfter:
			next.ServeHTTP(&discard{header: make(http.Header)}, r)
			panic(http.ErrAbortHandler)
		case f.Status != 0:
			answer(w, r, f)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// wait returns whether the client is still there after d. It takes the body
// into memory first: the server notices that a client has gone only when it
// has nothing left to read.
func wait(r *http.Request, d time.Duration) bool {
	if d == 0 {
		return true
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxDrain))
	if err != nil {
		return false
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), r.Body))
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func answer(w http.ResponseWriter, r *http.Request, f Fault) {
	_, _ = io.CopyN(io.Discard, r.Body, maxDrain) // the end, or a client that has gone
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(f.Status)
	_, _ = io.WriteString(w, f.Body) // an error means that the client has gone
}

// discard takes an answer that no client gets.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}
