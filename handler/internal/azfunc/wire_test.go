package azfunc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"guardduty-sentinel/handler/internal/azfunc"
	"guardduty-sentinel/handler/internal/localtest"
)

const post = "POST /Timer HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-Azure-Functions-InvocationId: id-1\r\n" +
	"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

// TestFailedRunOnTheWire pins every byte of a failed answer: the reason phrase
// is all that the run history shows of it.
func TestFailedRunOnTheWire(t *testing.T) {
	const reason = "GD1203 Key Vault refused the identity: it lacks Key Vault Secrets User"
	s := serve(t, reports(azfunc.Report{Lines: []string{"half done"}}, errors.New(reason)))
	body := `{"Outputs":{},"Logs":["` + reason + `"],"ReturnValue":null}`
	want := fmt.Sprintf("HTTP/1.1 500 %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\nConnection: close\r\n\r\n%s", reason, len(body), body)
	if got := s.raw(t, post); got != want {
		t.Errorf("answer = %q, want %q", got, want)
	}
	log := s.stderr.String()
	if !strings.Contains(log, `"msg":"run failed","invocation_id":"id-1","error":"GD1203`) ||
		!strings.Contains(log, `"story":["half done"]`) {
		t.Errorf("stderr = %s, want the reason and the story so far", log)
	}
}

// TestErrorTextCannotForgeHeaders: an error may quote what another server
// said.
func TestErrorTextCannotForgeHeaders(t *testing.T) {
	forged := errors.New("bad\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nSet-Cookie: a\x00\u2028\u0085é")
	s := serve(t, reports(azfunc.Report{}, forged))
	head, body, _ := strings.Cut(s.raw(t, post), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	if want := "HTTP/1.1 500 bad Content-Length: 0 HTTP/1.1 200 OK Set-Cookie: a%00 %C3%A9"; lines[0] != want {
		t.Errorf("status line = %q, want %q", lines[0], want)
	}
	if want := fmt.Sprintf("Content-Length: %d", len(body)); len(lines) != 4 || lines[2] != want {
		t.Errorf("header = %q, want three lines with %s", lines[1:], want)
	}
	logs(t, []byte(body))
}

// TestRefusedBodies: the answer arrives even when the server did not read the
// whole request, with its reason.
func TestRefusedBodies(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"not JSON": {
			"<html>",
			"500 the invocation is not the host's JSON: invalid character '<' looking for beginning of value",
		},
		"cut off": {`{"Data":`, "500 the invocation is not the host's JSON: unexpected end of JSON input"},
		"no object": {
			`[1]`,
			"500 the invocation is not the host's JSON: json: cannot unmarshal array into Go value",
		},
		"over 1 MB":     {strings.Repeat(" ", 1<<20+1), "500 the invocation is larger than 1048576 bytes"},
		"far over 1 MB": {strings.Repeat("x", 8<<20), "500 the invocation is larger than 1048576 bytes"},
		"one value, more": {
			`{} {}`,
			"500 the invocation is not the host's JSON: invalid character '{' after top-level value",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := serve(t, forbidden(t))
			if got := s.do(t, "POST", "/Timer", tt.body); !strings.HasPrefix(got.status, tt.want) {
				t.Errorf("POST %.20q = %q, want %q", tt.body, got.status, tt.want)
			}
			if log := s.stderr.String(); !strings.Contains(log, `"msg":"invocation refused","invocation_id":"id-1"`) {
				t.Errorf("stderr = %s, want the refusal", log)
			}
		})
	}
}

func TestBodyOfOneMegabyteIsTaken(t *testing.T) {
	s := serve(t, reports(azfunc.Report{}, nil))
	if got := s.do(t, "POST", "/Timer", "{}"+strings.Repeat(" ", 1<<20-2)); got.status != "200 OK" {
		t.Errorf("POST of 1 MB = %q, want 200 OK", got.status)
	}
}

func TestBodyCutOffFailsTheInvocation(t *testing.T) {
	s := serve(t, forbidden(t))
	conn := s.dial(t)
	io.WriteString(conn, "POST /Timer HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: 20\r\n\r\n{}")
	conn.(interface{ CloseWrite() error }).CloseWrite()
	got, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 500 read the invocation: unexpected EOF\r\n") {
		t.Errorf("answer = %q, %v, want 500 read the invocation: unexpected EOF", got, err)
	}
}

// TestConnectionServesManyRuns: the host sends its probe and its invocations
// over one connection; a failed run ends it.
func TestConnectionServesManyRuns(t *testing.T) {
	answers := []error{nil, nil, errors.New("no")}
	s := serve(t, func(context.Context, *slog.Logger, azfunc.Invocation) (azfunc.Report, error) {
		err := answers[0]
		answers = answers[1:]
		return azfunc.Report{}, err
	})
	got := s.raw(t, "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"+post+post+post)
	if strings.Count(got, "HTTP/1.1 200 OK\r\n") != 3 || strings.Count(got, "HTTP/1.1 500 no\r\n") != 1 {
		t.Errorf("answers = %q, want three 200 OK and 500 no", got)
	}
}

// TestRunLongerThanTheReadTimeout: the limit on reading a request bounds no
// run, whichever answer it ends with.
func TestRunLongerThanTheReadTimeout(t *testing.T) {
	for name, want := range map[string]string{"good": "HTTP/1.1 200 OK\r\n", "failed": "HTTP/1.1 500 failed\r\n"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := localtest.NewMemory()
				hour := func(ctx context.Context, _ *slog.Logger, _ azfunc.Invocation) (azfunc.Report, error) {
					time.Sleep(time.Hour)
					if name == "failed" {
						return azfunc.Report{}, errors.New(name)
					}
					return azfunc.Report{}, ctx.Err()
				}
				s := serveOn(t, network, patience, hour)
				conn, err := network.Dial(t.Context(), "", "")
				if err != nil {
					t.Fatal(err)
				}
				request := strings.Replace(post, "\r\n", "\r\nConnection: close\r\n", 1)
				if _, err := io.WriteString(conn, request); err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(got), want) {
					t.Errorf("answer = %q, %v, want %q", got, err, want)
				}
				s.stop()
				if err := receive(t, s.done); err != nil {
					t.Errorf("Serve = %v, want nil", err)
				}
			})
		})
	}
}

// TestAnswerWithoutHijack: a writer that gives no connection still gets a 500.
func TestAnswerWithoutHijack(t *testing.T) {
	server := &azfunc.Server{
		Functions: map[string]azfunc.Run{"Timer": reports(azfunc.Report{}, errors.New("GD1003 no"))},
		Log:       slog.New(slog.DiscardHandler),
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "http://127.0.0.1:1/Timer", strings.NewReader("{}"))
	server.Handler(t.Context()).ServeHTTP(w, r)
	if got := logs(t, w.Body.Bytes()); w.Code != 500 || len(got) != 1 || got[0] != "GD1003 no" {
		t.Errorf("answer = %d %q, want 500 with the reason", w.Code, got)
	}
}
