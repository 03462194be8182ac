package azfunc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// maxReason bounds a reason phrase, in bytes.
const maxReason = 1000

// answer is the body the host reads. All three members are always there: the
// host waits for ever on an answer that is no JSON object.
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
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 500 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", reason, len(body))
	b.Write(body)
	conn.Write(b.Bytes())
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
// run of white space one space.
func Reason(text string) string {
	var b strings.Builder
	for _, c := range []byte(strings.Join(strings.Fields(text), " ")) {
		s := string(c)
		if c < ' ' || c > '~' {
			s = fmt.Sprintf("%%%02X", c)
		}
		if b.Len()+len(s) > maxReason-3 {
			b.WriteString("...")
			break
		}
		b.WriteString(s)
	}
	if b.Len() == 0 {
		return "no reason was given"
	}
	return b.String()
}
