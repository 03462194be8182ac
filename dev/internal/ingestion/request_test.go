package ingestion_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/ingestion"
)

// verify takes the token good for the audience of Logs Ingestion.
func verify(token, audience string) error {
	if token != "good" || audience != "https://monitor.azure.com/" {
		return errors.New("no")
	}
	return nil
}

// post uploads body without an SDK; change may spoil the request.
func post(s *ingestion.Server, body io.Reader, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost,
		"/dataCollectionRules/"+rule+"/streams/Custom-Test_CL?api-version=2023-01-01", body)
	r.Header.Set("Authorization", "Bearer good")
	r.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w
}

func TestRequestsAreCheckedInOrder(t *testing.T) {
	// Each request has every fault of those below it as well, so that the
	// answer shows which is looked for first.
	changes := []struct {
		test   string
		change func(*http.Request)
		status int
		code   string
	}{
		{"no token", func(r *http.Request) { r.Header.Del("Authorization") }, 401, "MissingToken"},
		{"bad token", func(r *http.Request) { r.Header.Set("Authorization", "Bearer bad") }, 401, "InvalidToken"},
		{"path", func(r *http.Request) { r.URL.Path += "/x" }, 404, "NotFound"},
		{
			"rule",
			func(r *http.Request) { r.URL.Path = strings.Replace(r.URL.Path, "dcr-", "dcr-x", 1) },
			404,
			"NotFound",
		},
		{
			"stream",
			func(r *http.Request) { r.URL.Path = strings.Replace(r.URL.Path, "Test_CL", "Other", 1) },
			404,
			"InvalidStream",
		},
		{"method", func(r *http.Request) { r.Method = "PUT" }, 405, "MethodNotAllowed"},
		{
			"version",
			func(r *http.Request) { r.URL.RawQuery = "api-version=2021-11-01-preview" },
			400,
			"UnsupportedApiVersion",
		},
		{"type", func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }, 415, "UnsupportedMediaType"},
		{
			"encoding",
			func(r *http.Request) { r.Header.Set("Content-Encoding", "br") },
			415,
			"UnsupportedContentEncoding",
		},
		{"size", func(r *http.Request) { r.ContentLength = ingestion.MaxBody + 1 }, 413, "ContentLengthLimitExceeded"},
		{"rows", func(*http.Request) {}, 400, "InvalidRow"},
	}
	for i, tt := range changes {
		t.Run(tt.test, func(t *testing.T) {
			s := newServer(t, ingestion.Config{})
			w := post(s, strings.NewReader(`[{"x":1}]`), func(r *http.Request) {
				for j := len(changes) - 1; j >= i; j-- {
					if j != 0 || i == 0 { // a request has no token or a bad one
						changes[j].change(r)
					}
				}
			})
			var body struct {
				Error struct{ Code, Message string }
			}
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || body.Error.Message == "" {
				t.Fatalf("body = %q, want an error in JSON", w.Body)
			}
			if w.Code != tt.status || body.Error.Code != tt.code {
				t.Errorf("POST = %d %s, want %d %s", w.Code, w.Body, tt.status, tt.code)
			}
			if st := s.Stats(); st.Refused != 1 || st.Calls != 0 {
				t.Errorf("Stats() = %+v, want one refusal", st)
			}
		})
	}
}

// filled returns an upload of one row that is n bytes long.
func filled(n int) string {
	const head, tail = `[{"TimeGenerated":"2026-11-21T10:00:00Z"`, `}]`
	return head + strings.Repeat(" ", n-len(head)-len(tail)) + tail
}

func TestBodyLimits(t *testing.T) {
	chunked := func(r *http.Request) { r.ContentLength = -1 }
	zip := func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }
	for _, tt := range []struct {
		test, body string
		change     func(*http.Request)
		want       int
	}{
		{"at the limit", filled(ingestion.MaxBody), nil, 204},
		{"one byte over", filled(ingestion.MaxBody + 1), nil, 413},
		{"one byte over, length not sent", filled(ingestion.MaxBody + 1), chunked, 413},
		{"inflated at the limit", string(pack(t, filled(ingestion.MaxBody))), zip, 204},
		{"inflated one byte over", string(pack(t, filled(ingestion.MaxBody+1))), zip, 413},
		{"a bomb", string(pack(t, filled(8<<20))), zip, 413},
		{"in two members", string(pack(t, filled(100)[:50])) + string(pack(t, filled(100)[50:])), zip, 204},
		{"cut short", string(pack(t, filled(100))[:40]), zip, 400},
		{"with something after it", string(pack(t, filled(100))) + "x", zip, 400},
		{"type with a charset", filled(100), func(r *http.Request) {
			r.Header.Set("Content-Type",
				"application/json; charset=utf-8")
		}, 204},
		{"empty", "", nil, 400},
		{"empty array", "[]", nil, 204},
	} {
		t.Run(tt.test, func(t *testing.T) {
			s := newServer(t, ingestion.Config{})
			if w := post(s, strings.NewReader(tt.body), tt.change); w.Code != tt.want {
				t.Errorf("POST = %d %s, want %d", w.Code, w.Body, tt.want)
			}
		})
	}
}

// endless counts what is read of it.
type endless struct{ n int64 }

func (e *endless) Read(p []byte) (int, error) {
	e.n += int64(len(p))
	return len(p), nil
}

func TestEndlessBodyIsNotReadToTheEnd(t *testing.T) {
	body := &endless{}
	w := post(newServer(t, ingestion.Config{}), body, func(r *http.Request) { r.ContentLength = -1 })
	if w.Code != 413 || body.n > 32<<20 {
		t.Errorf("POST = %d after %d bytes, want 413 after some MB", w.Code, body.n)
	}
}

func TestRefusedBodyIsReadAllTheSame(t *testing.T) {
	body := strings.NewReader(filled(4 << 20))
	if w := post(newServer(t, ingestion.Config{}), body, nil); w.Code != 413 || body.Len() != 0 {
		t.Errorf("POST = %d with %d bytes unread, want 413 and none: a sender that is cut off does not see the answer",
			w.Code, body.Len())
	}
}

func TestNewChecksItsConfig(t *testing.T) {
	good := ingestion.Config{Rule: rule, Schema: testSchema(), Verify: verify}
	for test, spoil := range map[string]func(*ingestion.Config){
		"no rule":     func(c *ingestion.Config) { c.Rule = "" },
		"no schema":   func(c *ingestion.Config) { c.Schema = nil },
		"no verify":   func(c *ingestion.Config) { c.Verify = nil },
		"keep":        func(c *ingestion.Config) { c.Keep = -1 },
		"empty":       func(c *ingestion.Config) { c.Schema = &ingestion.Schema{} },
		"file":        func(c *ingestion.Config) { c.File = filepath.Join("missing", "rows") },
		"no TimeGen.": func(c *ingestion.Config) { c.Schema = &ingestion.Schema{Stream: "Custom-T"} },
	} {
		cfg := good
		spoil(&cfg)
		if _, err := ingestion.New(cfg); err == nil {
			t.Errorf("New(%s) = nil, want an error", test)
		}
	}
	if _, err := ingestion.New(good); err != nil {
		t.Errorf("New(good) = %v, want no error", err)
	}
}
