package logsingestion

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
	columns          []column
	paths            *guardduty.Paths
	updated, created int // the columns that TimeGenerated is taken from
	writers          sync.Pool
}

// NewEncoder returns an encoder.
func NewEncoder() *Encoder {
	e := &Encoder{columns: columns()}
	var paths []string
	for i, c := range e.columns {
		paths = append(paths, c.path)
		switch c.name {
		case "updatedAt_t":
			e.updated = i
		case "createdAt_t":
			e.created = i
		}
	}
	e.paths = guardduty.NewPaths(paths...)
	e.writers.New = func() any { return new(rowWriter) }
	return e
}

// Paths returns the places of a finding that become columns.
func (e *Encoder) Paths() *guardduty.Paths { return e.paths }

// Row appends the row of a finding, which was parsed with Paths, to dst. A
// value is copied as it stands in the line, escapes and number text included; a
// value that does not fit its column's type is left to AdditionalFields or the
// dynamic columns. Explicit nulls are left out. The one error is a row of more
// than MaxBody bytes.
func (e *Encoder) Row(dst []byte, f *guardduty.Finding, src ingest.Source) ([]byte, error) {
	w := e.writers.Get().(*rowWriter)
	defer e.writers.Put(w)
	w.dst, w.start, w.cut, w.rest = append(dst, '{'), len(dst), w.cut[:0], append(w.rest[:0], f.Rest...)
	w.time(f.Values[e.updated], f.Values[e.created], src.Object.LastModified)
	for i, value := range f.Values {
		if value == nil || value[0] == 'n' {
			continue
		}
		if c := &e.columns[i]; !w.column(c, value) && c.top {
			w.rest = append(w.rest, guardduty.Member{Name: c.path, Value: value})
		}
	}
	w.additional()
	w.source(src)
	if src.Foreign {
		w.raw(foreignFolder, []byte("true"))
	}
	if len(w.cut) > 0 {
		w.name(truncated)
		w.dst = append(w.dst, "true"...)
		w.text(truncatedColumns, []byte(strings.Join(w.cut, ",")))
	}
	row := append(w.dst, '}')
	w.forget()
	if size := len(row) - w.start; size > MaxBody {
		return dst, fmt.Errorf("its row has %d bytes, more than the %d that one call of the Logs Ingestion API takes",
			size, MaxBody)
	}
	return row, nil
}

// rowWriter appends the members of one row. It is used again for the next.
type rowWriter struct {
	dst   []byte
	start int
	cut   []string           // columns that were shortened
	rest  []guardduty.Member // top-level members without a column, or that do not fit theirs
	long  []byte             // a text with its escapes undone, or a list of members

	from   ingest.Source // of the row before
	quoted []byte        // and its name, as JSON
}

// How much of its memory a writer keeps for the next row.
const (
	maxKept = 64 << 10 // bytes
	maxRest = 1000     // members
)

// forget releases the row and the line.
func (w *rowWriter) forget() {
	w.dst = nil
	clear(w.rest)
	if cap(w.rest) > maxRest {
		w.rest = nil
	}
	if cap(w.long) > maxKept {
		w.long = nil
	}
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

// text appends a member with a text value, shortened where it is too long.
func (w *rowWriter) text(name string, value []byte) {
	if len(value) > MaxField {
		value = cutText(value, MaxField)
		w.cut = append(w.cut, name)
	}
	w.name(name)
	w.dst, _ = jsontext.AppendQuote(w.dst, value) // bytes that are not UTF-8 become U+FFFD
}

// source appends the name of the object that the finding was read from.
func (w *rowWriter) source(src ingest.Source) {
	if w.quoted == nil || w.from.Bucket != src.Bucket || w.from.Object.Key != src.Object.Key {
		w.from = src
		w.quoted, _ = jsontext.AppendQuote(w.quoted[:0], "s3://"+src.Bucket+"/"+src.Object.Key)
	}
	w.raw(sourceObject, w.quoted)
}

// time appends TimeGenerated: the first of the values that is a time, else the
// time the object was written. So it is too where a value is later than that:
// rules look at rows up to now, and would see the row when it is no longer new.
func (w *rowWriter) time(updated, created []byte, written time.Time) {
	for _, value := range [][]byte{updated, created} {
		t, ok := instantOf(value)
		if !ok {
			continue
		}
		if t.After(written.Add(clockTolerance)) {
			break
		}
		w.raw(timeGenerated, value)
		return
	}
	w.text(timeGenerated, written.UTC().AppendFormat(nil, time.RFC3339Nano))
}

// clockTolerance is how far the clock that dated a finding may be ahead of the
// one that dated its object.
const clockTolerance = time.Minute

// column appends the column's member and reports whether the value fits it.
func (w *rowWriter) column(c *column, value []byte) bool {
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
			w.raw(c.name, dashed[:])
		}
		return ok
	case notGUID:
		if _, ok := asGUID(value); ok {
			return true // the column beside it has it
		}
		w.asText(c.name, value)
		return true
	case text:
		w.asText(c.name, value)
		return true
	case dynamic:
		w.dynamic(c.name, value)
		return true
	}
	w.raw(c.name, value)
	return true
}

// asText appends a string as it is and any other value as its JSON text.
func (w *rowWriter) asText(name string, value []byte) {
	switch {
	case value[0] != '"':
		w.text(name, value)
	case len(value)-2 <= MaxField: // escapes only make the text shorter
		w.raw(name, value)
	default:
		w.long, _ = jsontext.AppendUnquote(w.long[:0], value)
		w.text(name, w.long)
	}
}

// dynamic appends JSON byte for byte, shortened where it is too long.
func (w *rowWriter) dynamic(name string, value []byte) {
	if len(value) > MaxField {
		value = shorten(value, MaxField)
		w.cut = append(w.cut, name)
	}
	w.raw(name, value)
}

// additional appends the members that no column holds, as one JSON object.
func (w *rowWriter) additional() {
	w.long = append(w.long[:0], '{')
	for _, m := range w.rest {
		if m.Value[0] == 'n' {
			continue
		}
		if len(w.long) > 1 {
			w.long = append(w.long, ',')
		}
		w.long, _ = jsontext.AppendQuote(w.long, m.Name)
		w.long = append(append(w.long, ':'), m.Value...)
	}
	if len(w.long) > 1 {
		w.dynamic(additionalFields, append(w.long, '}'))
	}
}
