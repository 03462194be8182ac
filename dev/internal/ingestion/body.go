package ingestion

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
)

const (
	apiVersion = "2023-01-01"
	// MaxBody is the size of the largest body, as sent and as inflated.
	MaxBody = 1_000_000
	// maxDrain bounds what is read of a body that is refused unread, so that
	// its sender gets to read the answer.
	maxDrain = 16 << 20
)

// read returns the body of an upload, inflated, and its size as sent. It
// holds at most one byte more than MaxBody of either.
func read(r *http.Request) (body []byte, sent int, f *fault) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return nil, 0, &fault{http.StatusUnsupportedMediaType, "UnsupportedMediaType",
			fmt.Sprintf("Content-Type %q is not application/json", r.Header.Get("Content-Type"))}
	}
	encoding := strings.ToLower(r.Header.Get("Content-Encoding"))
	if encoding != "" && encoding != "gzip" {
		return nil, 0, &fault{http.StatusUnsupportedMediaType, "UnsupportedContentEncoding",
			fmt.Sprintf("Content-Encoding %q is not gzip", encoding)}
	}
	if r.ContentLength > MaxBody {
		return nil, 0, tooLong("is", r.ContentLength)
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return nil, 0, &fault{http.StatusBadRequest, "InvalidPayload", "body: " + err.Error()}
	}
	if len(raw) > MaxBody {
		return nil, 0, tooLong("is at least", int64(len(raw)))
	}
	if encoding == "" {
		return raw, len(raw), nil
	}
	body, err = inflate(raw)
	if err != nil {
		return nil, 0, &fault{http.StatusBadRequest, "InvalidPayload", "gzip: " + err.Error()}
	}
	if len(body) > MaxBody {
		return nil, 0, tooLong("inflates to at least", int64(len(body)))
	}
	return body, len(raw), nil
}

// inflate returns the whole text, or its first MaxBody+1 bytes.
func inflate(raw []byte) ([]byte, error) {
	zr, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(zr, MaxBody+1))
}

func tooLong(verb string, size int64) *fault {
	return &fault{http.StatusRequestEntityTooLarge, "ContentLengthLimitExceeded", fmt.Sprintf(
		"Maximum allowed content length: %d bytes (1 MB). The body %s %d bytes.", MaxBody, verb, size)}
}

func drain(r *http.Request) {
	_, _ = io.CopyN(io.Discard, r.Body, maxDrain) // the end, or a client that has gone
}
