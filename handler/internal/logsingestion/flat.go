package logsingestion

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// shortenFlat shortens a value in one pass, without a tree of its parts: an
// array keeps its first items, as many as fit, and a count of the others; each
// member of an object has half of what is left. A part that cannot be shortened
// so becomes a note of its size.
func shortenFlat(value []byte, limit int) []byte {
	short := truncatedNote(len(value))
	if len(value) <= limit {
		return value
	}
	if limit > small {
		dec := lenient(value)
		switch dec.PeekKind() {
		case '{':
			short = flatObject(dec, value, limit)
		case '[':
			short = flatArray(dec, limit)
		}
	}
	return short
}

func truncatedNote(size int) []byte { return fmt.Appendf(nil, `{"truncated_bytes":%d}`, size) }

// flatObject shortens the object that comes next in dec.
func flatObject(dec *jsontext.Decoder, value []byte, limit int) []byte {
	dec.ReadToken()
	out := []byte{'{'}
	for dec.PeekKind() != '}' {
		name, _ := dec.ReadValue()
		name = bytes.Clone(name)
		member, _ := dec.ReadValue()
		if left := (limit - len(out)) / 2; len(member) > left {
			member = shortenFlat(bytes.Clone(member), left)
		}
		if len(out)+len(name)+len(member)+3 > limit {
			return truncatedNote(len(value)) // the names fill it
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, name...), ':'), member...)
	}
	return append(out, '}')
}

// flatArray shortens the array that comes next in dec.
func flatArray(dec *jsontext.Decoder, limit int) []byte {
	const note = len(`,{"truncated_items":1000000000}]`)
	dec.ReadToken()
	out := []byte{'['}
	dropped := 0
	for dec.PeekKind() != ']' {
		item, _ := dec.ReadValue()
		if dropped > 0 || len(out)+len(item)+1+note > limit {
			dropped++
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, item...)
	}
	if dropped > 0 {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = fmt.Appendf(out, `{"truncated_items":%d}`, dropped)
	}
	return append(out, ']')
}
