package funchost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// errSilent marks an answer that the host does not take for one: it waits until
// functionTimeout.
var errSilent = errors.New("the answer is empty")

const endedText = "System.Net.Http.HttpRequestException: An error occurred while sending the request.\n" +
	" ---> System.Net.Http.HttpIOException: The response ended prematurely. (ResponseEnded)"

// answer is what the host takes from a response.
type answer struct {
	statusCode int
	reason     string
	logs       []string
}

// result is the shape of a good answer; names match in any case.
type result struct {
	Outputs     map[string]json.RawMessage
	Logs        []json.RawMessage
	ReturnValue json.RawMessage
}

// judge reads a response. Its error is the exception that the host records,
// or errSilent.
func judge(resp *http.Response) (answer, error) {
	_, reason, _ := strings.Cut(resp.Status, " ")
	a := answer{statusCode: resp.StatusCode, reason: latin1(reason)}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return a, endedEarly(err)
	}
	if a.statusCode < 200 || a.statusCode > 299 {
		return a, statusException(a)
	}
	if len(body) == 0 {
		return a, errSilent
	}
	a.logs, err = readResult(resp.Header.Get("Content-Type"), body)
	if err != nil && !errors.Is(err, errSilent) {
		return a, invalidAnswer(a, resp, body, err)
	}
	return a, err
}

func statusException(a answer) error {
	text := fmt.Sprintf("System.Net.Http.HttpRequestException: Response status code does not indicate success: %d",
		a.statusCode)
	if strings.TrimSpace(a.reason) != "" {
		text += " (" + a.reason + ")"
	}
	return exception{text: text + "."}
}

// endedEarly is the exception of a connection that broke before the end of the
// answer, however it broke.
func endedEarly(err error) error {
	return exception{text: endedText, cause: err}
}

// isBroken says whether an answer ended early.
func isBroken(err error) bool {
	var e exception
	return errors.As(err, &e) && e.text == endedText
}

func invalidAnswer(a answer, resp *http.Response, body []byte, err error) error {
	var headers strings.Builder
	for _, name := range slices.Sorted(maps.Keys(resp.Header)) {
		for _, value := range resp.Header[name] {
			headers.WriteString("\n  " + name + ": " + value)
		}
	}
	return exception{
		text: fmt.Sprintf(
			"System.InvalidOperationException: Invalid HttpResponseMessage:\n"+
				"StatusCode: %d, ReasonPhrase: '%s', Version: %d.%d, Content: "+
				"System.Net.Http.HttpConnectionResponseContent, Headers:\n{%s\n}\n %s\n ---> %v",
			a.statusCode,
			a.reason,
			resp.ProtoMajor,
			resp.ProtoMinor,
			headers.String(),
			body,
			err,
		),
		cause: err,
	}
}

func readResult(contentType string, body []byte) ([]string, error) {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = "application/octet-stream" // what the host assumes
	}
	if media != "application/json" && media != "text/json" {
		return nil, exception{
			text: "System.Net.Http.UnsupportedMediaTypeException: No MediaTypeFormatter is available to read an " +
				"object of type 'HttpScriptInvocationResult' from content with media type '" + media + "'.",
		}
	}
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	if len(body) == 0 {
		return nil, errSilent
	}
	// A decoder, since the host reads one value and ignores what follows.
	var r *result
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&r); err != nil {
		return nil, unreadable(err)
	}
	if r == nil { // null
		return nil, errSilent
	}
	logs := make([]string, len(r.Logs))
	for i, raw := range r.Logs {
		if logs[i], err = logText(raw); err != nil {
			return nil, err
		}
	}
	return logs, nil
}

// logText returns a Logs entry as it is logged: a number or a boolean as
// written.
func logText(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[':
		return "", exception{
			text: fmt.Sprintf(
				"Newtonsoft.Json.JsonReaderException: Unexpected character encountered while parsing value: %.1s. "+
					"Path 'Logs'.",
				raw,
			),
		}
	case string(raw) == "null":
		return "[null]", nil
	case raw[0] != '"':
		return string(raw), nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", unreadable(err)
	}
	return text, nil
}

func unreadable(err error) error {
	return exception{text: "Newtonsoft.Json.JsonReaderException: " + err.Error(), cause: err}
}

// latin1 decodes a header as the host does: one character a byte.
func latin1(s string) string {
	runes := make([]rune, len(s))
	for i := range len(s) {
		runes[i] = rune(s[i])
	}
	return string(runes)
}
