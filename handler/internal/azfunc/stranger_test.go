package azfunc_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/azfunc"
)

// A web page that is open on this machine cannot start a run, nor ask anything:
// its browser names the page's origin, or the page's own name for this address.
func TestStrangersAreRefused(t *testing.T) {
	runs := 0
	s := serve(t, func(context.Context, *slog.Logger, azfunc.Invocation) (azfunc.Report, error) {
		runs++
		return azfunc.Report{}, nil
	})
	const own, body = "Host: 127.0.0.1:8080\r\n", "Connection: close\r\nContent-Length: 2\r\n\r\n{}"
	for _, headers := range []string{
		own + "Origin: https://page.example\r\n", own + "Origin: null\r\n", own + "Origin: http://127.0.0.1:8080\r\n",
		"Host: page.example\r\n", "Host: page.example:8080\r\n", "Host: 127.0.0.1.page.example\r\n",
		"Host: 10.0.0.1\r\n", "Host: \r\n",
	} {
		for _, line := range []string{"POST /Timer HTTP/1.1\r\n", "GET / HTTP/1.1\r\n"} {
			if got := s.raw(t, line+headers+body); !strings.HasPrefix(got, "HTTP/1.1 403 ") {
				t.Errorf("%s%s= %q, want 403", line, headers, got)
			}
		}
	}
	if runs > 0 {
		t.Errorf("%d runs, want none", runs)
	}
	for _, host := range []string{"127.0.0.1", "127.0.0.1:8080", "localhost:8080", "[::1]:8080"} {
		request := "POST /Timer HTTP/1.1\r\nHost: " + host + "\r\n" + body
		if got := s.raw(t, request); !strings.HasPrefix(got, "HTTP/1.1 200 ") {
			t.Errorf("a request to %s = %q, want 200", host, got)
		}
	}
	if runs != 4 {
		t.Errorf("%d runs of the host, want 4", runs)
	}
}
