package sentinel

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// item is a JSON value that can be shortened.
type item struct {
	raw     []byte // a scalar as it is; nil for an array or object
	names   [][]byte
	items   []*item // of an array or object
	array   bool
	dropped int // items cut from the end of an array
	size    int // bytes of the value's text
}

// maxSteps bounds the work on one value: each step goes through all of it.
const maxSteps = 200

// shorten makes value at most limit bytes and keeps it valid JSON: the largest
// array loses the later half of its items, again and again; when no array can
// lose any more, the longest string is halved; when no string can either, the
// last members of objects go. What an array lost is counted in its new last
// item, {"truncated_items":n}. A value made of so many small parts that
// maxSteps steps do not do is replaced by a note of its size.
func shorten(value []byte, limit int) []byte {
	dec := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	root := readItem(dec)
	for step := 0; root.measure() > limit; step++ {
		if step == maxSteps || !root.largest(func(i *item) bool { return i.array && len(i.items) > 0 }).halve() &&
			!root.largest(func(i *item) bool { return len(i.raw) > 64 && i.raw[0] == '"' }).halveText() &&
			!root.largest(func(i *item) bool { return !i.array && len(i.items) > 0 }).dropMember() {
			return fmt.Appendf(nil, `{"truncated_bytes":%d}`, len(value))
		}
	}
	return root.append(nil)
}

// readItem reads the next value. The text was checked before, so it is whole.
func readItem(dec *jsontext.Decoder) *item {
	switch kind := dec.PeekKind(); kind {
	case '{', '[':
		i := &item{array: kind == '['}
		dec.ReadToken()
		for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
			if !i.array {
				name, _ := dec.ReadValue()
				i.names = append(i.names, bytes.Clone(name))
			}
			i.items = append(i.items, readItem(dec))
		}
		dec.ReadToken()
		return i
	default:
		raw, _ := dec.ReadValue()
		return &item{raw: bytes.Clone(raw)}
	}
}

// measure sets and returns the size of i's text.
func (i *item) measure() int {
	if i.raw != nil {
		i.size = len(i.raw)
		return i.size
	}
	i.size = 1 + max(1, len(i.items)) // brackets and commas
	for n, child := range i.items {
		i.size += child.measure()
		if !i.array {
			i.size += len(i.names[n]) + 1
		}
	}
	if i.dropped > 0 {
		i.size += len(i.note()) + 1
	}
	return i.size
}

func (i *item) note() string { return fmt.Sprintf(`{"truncated_items":%d}`, i.dropped) }

// largest returns the largest item below i, or i itself, that ok accepts; nil
// when there is none.
func (i *item) largest(ok func(*item) bool) *item {
	var best *item
	if ok(i) {
		best = i
	}
	for _, child := range i.items {
		if c := child.largest(ok); c != nil && (best == nil || c.size > best.size) {
			best = c
		}
	}
	return best
}

// halve drops the later half of an array's items.
func (i *item) halve() bool {
	if i == nil {
		return false
	}
	keep := len(i.items) / 2
	i.dropped += len(i.items) - keep
	i.items = i.items[:keep]
	return true
}

// halveText drops the later half of a string's characters.
func (i *item) halveText() bool {
	if i == nil {
		return false
	}
	s, _ := jsontext.AppendUnquote(nil, i.raw)
	runes := []rune(string(s))
	i.raw, _ = jsontext.AppendQuote(nil, string(runes[:len(runes)/2]))
	return true
}

// dropMember drops an object's last member.
func (i *item) dropMember() bool {
	if i == nil {
		return false
	}
	i.items, i.names = i.items[:len(i.items)-1], i.names[:len(i.names)-1]
	return true
}

// append writes i's text.
func (i *item) append(b []byte) []byte {
	if i.raw != nil {
		return append(b, i.raw...)
	}
	open, closing := byte('{'), byte('}')
	if i.array {
		open, closing = '[', ']'
	}
	b = append(b, open)
	for n, child := range i.items {
		if n > 0 {
			b = append(b, ',')
		}
		if !i.array {
			b = append(append(b, i.names[n]...), ':')
		}
		b = child.append(b)
	}
	if i.dropped > 0 {
		if len(i.items) > 0 {
			b = append(b, ',')
		}
		b = append(b, i.note()...)
	}
	return append(b, closing)
}
