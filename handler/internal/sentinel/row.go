package sentinel

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"guardduty-sentinel/handler/internal/guardduty"
	"guardduty-sentinel/handler/internal/ingest"
)

// Limits of the Logs Ingestion API (Azure Monitor service limits, "Logs
// Ingestion API"): 1 MB a call, compressed and uncompressed, and 64 KB a field
// value; longer values are cut off by the service without a word. MaxBody is
// below both readings of 1 MB and leaves room for the brackets.
const (
	MaxBody  = 1_000_000 - 64
	MaxField = 64 << 10
)

// Encoder makes rows of findings. It is safe for concurrent use.
type Encoder struct {
	columns []column
	root    *node
	pickers sync.Pool
}

// NewEncoder returns an encoder.
func NewEncoder() *Encoder {
	e := &Encoder{columns: columns()}
	e.root = tree(e.columns)
	e.pickers.New = func() any { return newPicker(len(e.columns)) }
	return e
}

// Row appends the finding's row to dst. A value is copied as it stands in the
// line, escapes and number text included; a value that does not fit its
// column's type is left to AdditionalFields or the dynamic columns. Explicit
// nulls are left out. The one error is a row of more than MaxBody bytes.
func (e *Encoder) Row(dst []byte, f *guardduty.Finding, src ingest.Source) ([]byte, error) {
	p := e.pickers.Get().(*picker)
	defer e.pickers.Put(p)
	clear(p.values)
	w := rowWriter{dst: append(dst, '{'), start: len(dst)}
	var rest []guardduty.Member // top-level members without a column
	for _, m := range f.Members {
		n := e.root.children[m.Name]
		if n == nil {
			rest = append(rest, m)
		} else if err := p.pick(n, m.Value); err != nil {
			return dst, fmt.Errorf("read %s: %w", m.Name, err)
		}
	}
	w.time(p.values[e.column("updatedAt_t")], p.values[e.column("createdAt_t")], src.Object.LastModified)
	for i, c := range e.columns {
		if value := p.values[i]; value != nil && value[0] != 'n' && !w.column(c, value) && !strings.Contains(c.path, ".") && c.kind != guid && c.kind != notGUID {
			rest = append(rest, guardduty.Member{Name: c.path, Value: value})
		}
	}
	w.rest(rest)
	w.text(sourceObject, "s3://"+src.Bucket+"/"+src.Object.Key)
	if len(w.cut) > 0 {
		w.name(truncated)
		w.dst = append(w.dst, "true"...)
		w.text(truncatedColumns, strings.Join(w.cut, ","))
	}
	w.dst = append(w.dst, '}')
	if size := len(w.dst) - w.start; size > MaxBody {
		return dst, fmt.Errorf("its row has %d bytes, more than the %d that one call of the Logs Ingestion API takes", size, MaxBody)
	}
	return w.dst, nil
}

// column returns the index of a column.
func (e *Encoder) column(name string) int {
	for i, c := range e.columns {
		if c.name == name {
			return i
		}
	}
	panic("no column " + name)
}

// rowWriter appends the members of one row.
type rowWriter struct {
	dst   []byte
	start int
	cut   []string // columns that were shortened
}

// name begins a member.
func (w *rowWriter) name(name string) {
	if len(w.dst) > w.start+1 {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(w.dst, '"')
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, '"', ':')
}

// raw appends a member with a value that is JSON already.
func (w *rowWriter) raw(name string, value []byte) {
	w.name(name)
	w.dst = append(w.dst, value...)
}

// text appends a member with a string value, shortened where it is too long.
func (w *rowWriter) text(name, value string) {
	if len(value) > MaxField {
		value = cutText(value)
		w.cut = append(w.cut, name)
	}
	w.name(name)
	w.dst, _ = jsontext.AppendQuote(w.dst, value) // bytes that are no UTF-8 become U+FFFD
}

// time appends TimeGenerated: the first of the values that is a time, else the
// time the object was written.
func (w *rowWriter) time(updated, created []byte, written time.Time) {
	switch {
	case isInstant(updated):
		w.raw(timeGenerated, updated)
	case isInstant(created):
		w.raw(timeGenerated, created)
	default:
		w.text(timeGenerated, written.UTC().Format(time.RFC3339Nano))
	}
}

// column appends the column's member and reports whether the value fits it.
func (w *rowWriter) column(c column, value []byte) bool {
	switch c.kind {
	case number:
		if !isReal(value) {
			return false
		}
	case boolean:
		if value[0] != 't' && value[0] != 'f' {
			return false
		}
	case instant:
		if !isInstant(value) {
			return false
		}
	case guid:
		dashed, ok := asGUID(value)
		if ok {
			w.text(c.name, dashed)
		}
		return ok
	case notGUID:
		if _, ok := asGUID(value); ok {
			return false
		}
		return w.asText(c.name, value)
	case text:
		return w.asText(c.name, value)
	case dynamic:
		w.dynamic(c.name, value)
		return true
	}
	w.raw(c.name, value)
	return true
}

// asText appends a string as it is and any other value as its JSON text.
func (w *rowWriter) asText(name string, value []byte) bool {
	switch {
	case value[0] != '"':
		w.text(name, string(value))
	case len(value)-2 <= MaxField: // escapes only make the text shorter
		w.raw(name, value)
	default:
		long, _ := jsontext.AppendUnquote(nil, value)
		w.text(name, string(long))
	}
	return true
}

// dynamic appends JSON byte for byte, shortened where it is too long.
func (w *rowWriter) dynamic(name string, value []byte) {
	if len(value) > MaxField {
		value = shorten(value, MaxField)
		w.cut = append(w.cut, name)
	}
	w.raw(name, value)
}

// rest appends the members that no column holds, as one JSON object.
func (w *rowWriter) rest(members []guardduty.Member) {
	var b []byte
	for _, m := range members {
		if m.Value[0] == 'n' {
			continue
		}
		if b == nil {
			b = append(b, '{')
		} else {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, m.Name)
		b = append(b, ':')
		b = append(b, m.Value...)
	}
	if b != nil {
		w.dynamic(additionalFields, append(b, '}'))
	}
}
