package funchost_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// The handler under the host in these tests is this test binary, run again. It
// tells the test over a socket what it receives, and asks there for answers.

const (
	controlEnv = "HANDLER_CONTROL" // the socket's address
	modeEnv    = "HANDLER_MODE"    // "", "raw", "deaf" or "exit:CODE"
)

// event is something that happened to the handler.
type event struct {
	Kind string // start, post, cut, answered, signal, read; and gone, made by the test's side
	PID  int

	// Of a start.
	PGID  int
	Args  []string
	Env   []string
	Dir   string
	Stdin string // what could be read from it, and where it leads

	// Of a post.
	Method   string
	Path     string
	Header   http.Header
	Transfer []string
	Length   int64
	Body     string

	// Of a read, in raw mode.
	Conn int
	Data string
}

// answer tells the handler what to do with a request. A zero Status answers
// nothing.
type answer struct {
	Stdout, Stderr string // written first
	Exit           *int   // exits instead of answering
	Raw            string // written to the connection as it is, which is then closed
	Status         int
	Type           string // Content-Type; "none" leaves it out
	Body           string
	AwaitCut       bool // reports when the host drops the connection, and answers nothing
}

type handler struct {
	mu      sync.Mutex
	control net.Conn
	answers chan answer
}

// runHandler is the main function of the handler.
func runHandler(address string) int {
	mode := os.Getenv(modeEnv)
	if code, ok := strings.CutPrefix(mode, "exit:"); ok {
		n, _ := strconv.Atoi(code)
		return n
	}
	control, err := net.Dial("tcp", address)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 9
	}
	h := &handler{control: control, answers: make(chan answer)}
	h.reportSignals()
	h.reportStart()
	go h.readAnswers()
	l, err := net.Listen("tcp4", "127.0.0.1:"+os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 9
	}
	switch mode {
	case "raw":
		h.serveRaw(l)
	case "deaf":
		_ = l.Close()
		select {}
	}
	fmt.Fprintln(os.Stderr, http.Serve(l, h))
	return 9
}

func (h *handler) report(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e.PID = os.Getpid()
	_ = json.NewEncoder(h.control).Encode(e)
}

func (h *handler) reportSignals() {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() {
		for s := range signals {
			h.report(event{Kind: "signal", Data: s.String()})
		}
	}()
}

func (h *handler) reportStart() {
	dir, _ := os.Getwd()
	stdin, _ := io.ReadAll(os.Stdin)
	leads, _ := os.Readlink("/proc/self/fd/0")
	h.report(
		event{
			Kind:  "start",
			PGID:  syscall.Getpgrp(),
			Args:  os.Args[1:],
			Env:   os.Environ(),
			Dir:   dir,
			Stdin: string(stdin) + leads,
		},
	)
}

func (h *handler) readAnswers() {
	d := json.NewDecoder(h.control)
	for {
		var a answer
		if d.Decode(&a) != nil {
			os.Exit(8) // the test has gone
		}
		h.answers <- a
	}
}

// ServeHTTP answers a request as the test says.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		http.NotFound(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	h.report(event{Kind: "post", Method: r.Method, Path: r.URL.Path, Header: r.Header, Transfer: r.TransferEncoding,
		Length: r.ContentLength, Body: string(body)})
	a := <-h.answers
	_, _ = os.Stdout.WriteString(a.Stdout)
	_, _ = os.Stderr.WriteString(a.Stderr)
	switch {
	case a.Exit != nil:
		os.Exit(*a.Exit)
	case a.AwaitCut:
		h.report(event{Kind: "waiting"})
		<-r.Context().Done()
		h.report(event{Kind: "cut"})
		<-h.answers
		h.report(event{Kind: "answered"})
	case a.Raw != "":
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, a.Raw)
		_ = conn.Close()
	default:
		w.Header().Set("Content-Type", a.Type)
		if a.Type == "none" {
			w.Header()["Content-Type"] = nil
		}
		w.WriteHeader(a.Status)
		_, _ = io.WriteString(w, a.Body)
	}
}

// serveRaw reports each read of each connection, and answers with a 404 to a
// GET and with an empty object to a POST.
func (h *handler) serveRaw(l net.Listener) {
	const empty = "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
	var conns atomic.Int32
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		n := int(conns.Add(1))
		go func() {
			buf := make([]byte, 64<<10)
			request := ""
			for {
				got, err := conn.Read(buf)
				if err != nil {
					return
				}
				h.report(event{Kind: "read", Conn: n, Data: string(buf[:got])})
				request += string(buf[:got])
				switch {
				case strings.HasPrefix(request, "GET") && strings.HasSuffix(request, "\r\n\r\n"):
					_, _ = io.WriteString(conn, "HTTP/1.1 404 Not Found\r\n"+empty)
					request = ""
				case strings.HasSuffix(request, "\r\n0\r\n\r\n"):
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n"+empty)
					request = ""
				}
			}
		}()
	}
}
