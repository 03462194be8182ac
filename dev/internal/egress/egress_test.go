package egress_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/egress"
)

const host = "guardduty-local.vault.azure.net:443"

// patience bounds the wait for what does happen.
const patience = 10 * time.Minute

// listen accepts one connection after the other for serve, until the test ends.
func listen(t *testing.T, serve func(*net.TCPConn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serve(conn.(*net.TCPConn))
		}
	}()
	return ln.Addr().String()
}

func start(t *testing.T, routes map[string]string) (*egress.Proxy, string) {
	t.Helper()
	p, err := egress.New(routes)
	if err != nil {
		t.Fatalf("New(%v) = %v, want no error", routes, err)
	}
	srv := httptest.NewServer(p)
	t.Cleanup(func() {
		srv.Close()
		if err := p.Close(); err != nil {
			t.Errorf("Close() = %v, want no error", err)
		}
	})
	return p, srv.Listener.Addr().String()
}

// connect asks the proxy for host, sends early with the request, and returns
// the connection after the proxy's answer.
func connect(t *testing.T, proxy, early string) (*net.TCPConn, *bufio.Reader) {
	t.Helper()
	c, err := net.Dial("tcp", proxy)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n%s", host, host, early); err != nil {
		t.Fatal(err)
	}
	br := bufio.NewReader(c)
	resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodConnect})
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("CONNECT %s = %v, %v, want 200", host, resp, err)
	}
	return c.(*net.TCPConn), br
}

func TestTunnelHandsOnTheEndOfEitherSide(t *testing.T) {
	// The stand-in answers only when the client has said it is done, and the
	// other way round: neither works where one end closes the whole tunnel.
	for _, tt := range []struct {
		test  string
		serve func(*net.TCPConn)
	}{
		{"client ends first", func(c *net.TCPConn) {
			defer c.Close()
			text, err := io.ReadAll(c)
			if err == nil {
				_, _ = c.Write(bytes.ToUpper(text))
			}
		}},
		{"server ends first", func(c *net.TCPConn) {
			defer c.Close()
			_, _ = c.Write([]byte("EARLY, LATE"))
			if err := c.CloseWrite(); err != nil {
				return
			}
			if text, err := io.ReadAll(c); err != nil || string(text) != "early, late" {
				t.Errorf("server read %q, %v, want all of it", text, err)
			}
		}},
	} {
		t.Run(tt.test, func(t *testing.T) {
			done := make(chan struct{})
			_, addr := start(t, map[string]string{host: listen(t, func(c *net.TCPConn) {
				tt.serve(c)
				close(done)
			})})
			c, br := connect(t, addr, "early, ")
			if _, err := c.Write([]byte("late")); err != nil {
				t.Fatal(err)
			}
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(br); err != nil || string(got) != "EARLY, LATE" {
				t.Errorf("client read %q, %v, want EARLY, LATE", got, err)
			}
			<-done
		})
	}
}

func TestTunnelEndsWithEitherSide(t *testing.T) {
	served := make(chan error, 1)
	_, addr := start(t, map[string]string{host: listen(t, func(c *net.TCPConn) {
		defer c.Close()
		_, err := io.ReadAll(c)
		served <- err
	})})
	c, _ := connect(t, addr, "")
	if err := c.SetLinger(0); err != nil { // a client that is killed
		t.Fatal(err)
	}
	c.Close()
	select {
	case <-served:
	case <-time.After(patience):
		t.Error("the stand-in still has a connection whose client is gone")
	}
}

func TestCloseCutsIdleTunnels(t *testing.T) {
	accepted := make(chan *net.TCPConn, 1)
	p, addr := start(t, map[string]string{host: listen(t, func(c *net.TCPConn) { accepted <- c })})
	c, br := connect(t, addr, "")
	server := <-accepted
	defer server.Close()
	if err := p.Close(); err != nil {
		t.Fatalf("Close() = %v, want no error", err)
	}
	if _, err := br.ReadByte(); err == nil || errors.Is(err, net.ErrClosed) {
		t.Errorf("client's read after Close = %v, want the end of the connection", err)
	}
	c.Close()
	if err := server.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := server.Read(make([]byte, 1)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("stand-in's read after Close = %v, want the end of the connection", err)
	}
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		buf := make([]byte, 1<<20)
		stacks := string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(stacks, "egress.(*tunnel)") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("goroutines after Close:\n%s", stacks)
		}
	}
}

func TestEverythingElseIsRefused(t *testing.T) {
	// The near end of a connection is not a listener, and no server is given it.
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	gone := conn.LocalAddr().String()
	p, addr := start(t, map[string]string{host: gone})
	for _, tt := range []struct {
		request, names string
		status         int
	}{
		{
			"CONNECT login.microsoftonline.com:443 HTTP/1.1\r\nHost: login.microsoftonline.com:443\r\n\r\n",
			"login.microsoftonline.com:443",
			403,
		},
		{"CONNECT Login.Microsoftonline.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", "login.microsoftonline.com:443", 403},
		{"GET http://169.254.169.254/latest HTTP/1.1\r\nHost: 169.254.169.254\r\n\r\n", "169.254.169.254:80", 403},
		{
			"CONNECT guardduty-local.vault.azure.net:80 HTTP/1.1\r\nHost: x\r\n\r\n",
			"guardduty-local.vault.azure.net:80",
			403,
		},
		{"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x\r\n\r\n", "127.0.0.1:22", 403},
		{"CONNECT [::1]:22 HTTP/1.1\r\nHost: x\r\n\r\n", "[::1]:22", 403},
		{"GET http://" + host + "/ HTTP/1.1\r\nHost: x\r\n\r\n", host, 403},
		{"CONNECT " + host + " HTTP/1.1\r\nHost: x\r\n\r\n", host, 502},
		{"CONNECT GUARDDUTY-LOCAL.vault.azure.net:443 HTTP/1.1\r\nHost: x\r\n\r\n", host, 502},
	} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, tt.request); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("%q = %v, want an answer", tt.request, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != tt.status || !strings.Contains(string(body), tt.names) {
			t.Errorf("%q = %d %q, %v, want %d that names %s", tt.request, resp.StatusCode, body, err, tt.status,
				tt.names)
		}
	}
	want := []string{
		"login.microsoftonline.com:443",
		"169.254.169.254:80",
		"guardduty-local.vault.azure.net:80",
		"127.0.0.1:22",
		"[::1]:22",
	}
	if got := p.Refused(); !slices.Equal(got, want) {
		t.Errorf("Refused() = %q, want %q", got, want)
	}
}

func TestRoutesLeadToLoopbackOnly(t *testing.T) {
	for target, ok := range map[string]bool{
		"127.0.0.1:1":   true,
		"[::1]:1":       true,
		"10.0.0.1:1":    false,
		"0.0.0.0:1":     false,
		"localhost:1":   false,
		"127.0.0.1":     false,
		"example.com:1": false,
	} {
		if _, err := egress.New(map[string]string{host: target}); (err == nil) != ok {
			t.Errorf("New(%s to %s) = %v, want success %t", host, target, err, ok)
		}
	}
	if _, err := egress.New(map[string]string{"no-port": "127.0.0.1:1"}); err == nil {
		t.Error("New(no-port) = nil, want an error")
	}
}
