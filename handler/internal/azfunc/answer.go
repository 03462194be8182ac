package azfunc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// maxReason bounds a reason phrase, in bytes.
const maxReason = 1000

// Limits on an answer written by hand: on its writing, and on the wait for the
// host to close the connection after it.
const (
	writeTimeout  = 10 * time.Second
	lingerTimeout = time.Second
)

// answer is the body the host reads. All three members are always there: the
// host waits for ever on an answer that is not a JSON object.
type answer struct {
	Outputs     struct{}
	Logs        []string
	ReturnValue any
}

// writeOK answers a run that did its job.
func writeOK(w http.ResponseWriter, r Report) {
	w.Header().Set("Content-Type", "application/json")
	w.Write(encodeAnswer(r.Lines)) // the host has gone if this fails; the log has the story
}

// writeFailed answers a failed run. The host shows nothing of a failed answer
// but its reason phrase, which net/http does not let a handler choose, so the
// connection is taken over and the answer written by hand.
func writeFailed(w http.ResponseWriter, err error) {
	reason := Reason(err.Error())
	body := encodeAnswer([]string{reason})
	conn, _, hijackErr := http.NewResponseController(w).Hijack()
	if hijackErr != nil {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusInternalServerError)
		w.Write(body)
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(writeTimeout))
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 500 %s\r\nContent-Type: application/json\r\n", reason)
	fmt.Fprintf(&b, "Content-Length: %d\r\nConnection: close\r\n\r\n", len(body))
	b.Write(body)
	conn.Write(b.Bytes())
	linger(conn)
}

// linger ends the answer and reads on until the host closes the connection, or
// for a second. Closing at once, while some of the request is unread, would
// reset the connection, and the host could lose the answer with its reason.
func linger(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		conn.SetReadDeadline(time.Now().Add(lingerTimeout))
		io.Copy(io.Discard, conn)
	}
}

func encodeAnswer(lines []string) []byte {
	if lines == nil {
		lines = []string{}
	}
	body, err := json.Marshal(answer{Logs: lines})
	if err != nil {
		panic(err) // strings always encode
	}
	return body
}

// Reason turns text into a reason phrase: one line of visible ASCII of at most
// 1,000 bytes. A byte outside visible ASCII becomes %XX, as in a URL, and every
// run of white space one space. What is cut off shows as "...".
func Reason(text string) string {
	const mark = "..."
	var b strings.Builder
	kept := 0 // length of the longest beginning that leaves room for mark
	for _, c := range []byte(strings.Join(strings.Fields(text), " ")) {
		if c < ' ' || c > '~' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
		if b.Len() > maxReason {
			return b.String()[:kept] + mark
		}
		if b.Len() <= maxReason-len(mark) {
			kept = b.Len()
		}
	}
	if b.Len() == 0 {
		return "no reason was given"
	}
	return b.String()
}
