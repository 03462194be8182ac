package tables

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"

	"guardduty-sentinel/dev/internal/servers"
)

// maxOperations is the most operations of one transaction.
const maxOperations = 100

// transaction does all operations of a request, or none. An operation that
// fails is the only part of the answer, with its index before its message.
func (s *Server) transaction(w http.ResponseWriter, contentType string, body []byte) *fault {
	list, f := operations(contentType, body)
	if f != nil {
		return f
	}
	var parts bytes.Buffer
	if at, f := s.applyAll(list, &parts); f != nil {
		failed := *f
		failed.message = fmt.Sprintf("%d:%s", at, f.message)
		parts.Reset()
		answerPart(&parts, f.status, "", failed.text())
	}
	w.Header().Set("Content-Type", "multipart/mixed; boundary=batchresponse")
	w.WriteHeader(http.StatusAccepted)
	_, _ = fmt.Fprintf(
		w,
		"--batchresponse\r\nContent-Type: multipart/mixed; boundary=changesetresponse\r\n\r\n"+
			"%s--changesetresponse--\r\n--batchresponse--\r\n",
		parts.Bytes(),
	) // the client has gone if this fails
	return nil
}

// applyAll applies operations and writes their answers. When one fails it takes
// back those before it, and returns its index.
func (s *Server) applyAll(list []operation, parts *bytes.Buffer) (at int, f *fault) {
	var undo []func()
	seen := make(map[address]bool, len(list))
	for i, o := range list {
		etag, back, f := "", func() {}, (*fault)(nil)
		switch {
		case o.partition != list[0].partition || o.table != list[0].table:
			f = &fault{
				http.StatusBadRequest,
				"CommandsInBatchActOnDifferentPartitions",
				"All commands in a batch must operate on same entity group.",
			}
		case seen[o.address]:
			f = &fault{
				http.StatusBadRequest,
				"InvalidDuplicateRow",
				"The batch request contains multiple changes with same row key.",
			}
		default:
			etag, back, f = s.apply(o)
		}
		if f != nil {
			for j := len(undo) - 1; j >= 0; j-- {
				undo[j]()
			}
			return i, f
		}
		undo, seen[o.address] = append(undo, back), true
		answerPart(parts, http.StatusNoContent, etag, nil)
	}
	return 0, nil
}

// answerPart writes the answer to one operation.
func answerPart(parts *bytes.Buffer, status int, etag string, body []byte) {
	fmt.Fprintf(
		parts,
		"--changesetresponse\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"+
			"HTTP/1.1 %d %s\r\nDataServiceVersion: 3.0;\r\n",
		status,
		http.StatusText(status),
	)
	if etag != "" {
		fmt.Fprintf(parts, "ETag: %s\r\n", etag)
	}
	if body != nil {
		fmt.Fprintf(parts, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	fmt.Fprintf(parts, "\r\n%s\r\n", body)
}

// operations reads a batch, which holds one set of changes.
func operations(contentType string, body []byte) ([]operation, *fault) {
	outer, err := section(contentType, bytes.NewReader(body))
	if err != nil {
		return nil, invalid("the batch: " + err.Error())
	}
	set, err := outer.NextPart()
	if err != nil {
		return nil, invalid("the batch: " + err.Error())
	}
	inner, err := section(set.Header.Get("Content-Type"), set)
	if err != nil {
		return nil, unknown("a batch without a set of changes")
	}
	var list []operation
	for {
		part, err := inner.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, invalid("the set of changes: " + err.Error())
		}
		o, f := operationOf(part)
		if f != nil {
			return nil, f
		}
		list = append(list, o)
	}
	if len(list) == 0 || len(list) > maxOperations {
		return nil, invalid(fmt.Sprintf("a batch of %d operations is not one of 1 to %d", len(list), maxOperations))
	}
	return list, nil
}

func section(contentType string, r io.Reader) (*multipart.Reader, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, err
	}
	if kind != "multipart/mixed" || params["boundary"] == "" {
		return nil, fmt.Errorf("%q is not multipart/mixed", contentType)
	}
	return multipart.NewReader(r, params["boundary"]), nil
}

// operationOf reads one request of a set: its body goes to the end of the part.
func operationOf(part io.Reader) (operation, *fault) {
	lines := bufio.NewReader(part)
	text := textproto.NewReader(lines)
	first, err := text.ReadLine()
	if err != nil {
		return operation{}, invalid("an operation has no request line")
	}
	fields := strings.Fields(first)
	if len(fields) != 3 {
		return operation{}, invalid("an operation has no request line")
	}
	header, err := text.ReadMIMEHeader()
	if err != nil {
		return operation{}, invalid("an operation has no header")
	}
	target, err := url.Parse(fields[1])
	if err != nil {
		return operation{}, invalid("an operation has no address")
	}
	body, err := io.ReadAll(lines)
	if err != nil {
		return operation{}, invalid("an operation is cut short")
	}
	path := strings.TrimPrefix(target.Path, "/"+servers.Account+"/")
	if fields[0] == http.MethodGet {
		return operation{}, unknown("a query in a batch")
	}
	return newOperation(fields[0], path, header.Get("If-Match"), body)
}
