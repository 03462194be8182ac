package logsingestion

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
	own     int // bytes of the names and scalars directly in it
}

// Bounds of the work on one value: each step goes through all of its items.
const (
	maxSteps  = 200
	minSteps  = 32
	stepItems = 4_000_000 // items that all steps together look at, more or less
)

// small is the size below which a part is left as is: half of it and a note
// would not be shorter.
const small = 64

// shorten makes value at most limit bytes and keeps it valid JSON: the largest
// array of several items loses the later half of them, again and again; when
// no array can lose any more, the longest string is halved; when no string can
// either, the object with the most in itself loses the later half of its
// members. What an array lost is counted in its new last item,
// {"truncated_items":n}. A value made of so many small parts that the steps do
// not do is replaced by a note of its size.
func shorten(value []byte, limit int) []byte {
	if tooFine(value) {
		return shortenFlat(value, limit)
	}
	dec := lenient(value)
	count := 0
	root := readItem(dec, &count)
	steps := min(maxSteps, max(minSteps, stepItems/count))
	ways := []func() bool{
		func() bool { return root.halve(isList, bySize) },
		func() bool { return root.halve(isLongText, bySize) },
		func() bool { return root.halve(hasParts, byOwn) },
	}
	for step := 0; root.measure() > limit; step++ {
		for len(ways) > 0 && !ways[0]() {
			ways = ways[1:] // no later step makes work for it again
		}
		if len(ways) == 0 || step == steps {
			return truncatedNote(len(value))
		}
	}
	return root.append(nil)
}

// lenient returns a decoder of a value that was checked before.
func lenient(value []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(value),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

func isList(i *item) bool     { return i.array && len(i.items) > 1 && i.size > small }
func isLongText(i *item) bool { return len(i.raw) > small && i.raw[0] == '"' }
func hasParts(i *item) bool   { return len(i.items) > 0 }

func bySize(i *item) int { return i.size }
func byOwn(i *item) int  { return i.own }

// readItem reads the next value. The text was checked before, so it is whole.
func readItem(dec *jsontext.Decoder, count *int) *item {
	*count++
	switch kind := dec.PeekKind(); kind {
	case '{', '[':
		i := &item{array: kind == '['}
		dec.ReadToken()
		for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
			if !i.array {
				name, _ := dec.ReadValue()
				i.names = append(i.names, bytes.Clone(name))
			}
			i.items = append(i.items, readItem(dec, count))
		}
		dec.ReadToken()
		return i
	default:
		raw, _ := dec.ReadValue()
		return &item{raw: bytes.Clone(raw)}
	}
}

// measure sets the sizes and returns that of i's text.
func (i *item) measure() int {
	if i.raw != nil {
		i.size = len(i.raw)
		return i.size
	}
	i.own = 0
	i.size = 1 + max(1, len(i.items)) // brackets and commas
	for n, child := range i.items {
		i.size += child.measure()
		if !i.array {
			i.own += len(i.names[n]) + 1
			i.size += len(i.names[n]) + 1
		}
		i.own += len(child.raw)
	}
	if i.dropped > 0 {
		i.size += len(i.note()) + 1
	}
	return i.size
}

func (i *item) note() string { return fmt.Sprintf(`{"truncated_items":%d}`, i.dropped) }

// largest returns the item at or below i that ok accepts and that weighs most;
// nil when there is none.
func (i *item) largest(ok func(*item) bool, weight func(*item) int) *item {
	var best *item
	if ok(i) {
		best = i
	}
	for _, child := range i.items {
		if c := child.largest(ok, weight); c != nil && (best == nil || weight(c) > weight(best)) {
			best = c
		}
	}
	return best
}

// halve drops the later half of the largest such item: of its characters, its
// items or its members. It reports whether there was one.
func (i *item) halve(ok func(*item) bool, weight func(*item) int) bool {
	best := i.largest(ok, weight)
	if best == nil {
		return false
	}
	if best.raw != nil {
		s, _ := jsontext.AppendUnquote(make([]byte, 0, len(best.raw)), best.raw)
		s = cutText(s, len(s)/2)
		best.raw, _ = jsontext.AppendQuote(make([]byte, 0, len(s)+2), s)
		return true
	}
	keep := len(best.items) / 2
	if best.array {
		best.dropped += len(best.items) - keep
	} else {
		best.names = best.names[:keep]
	}
	best.items = best.items[:keep]
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

// maxParts bounds the tree of one value: a part takes some 150 bytes of memory
// where its text may take two.
const maxParts = 50_000

// tooFine reports whether a value has so many parts that no tree is made of it.
// Every part but the first has a comma or an opening bracket before it.
func tooFine(value []byte) bool {
	return bytes.Count(value, []byte(","))+bytes.Count(value, []byte("["))+bytes.Count(value, []byte("{")) > maxParts
}
