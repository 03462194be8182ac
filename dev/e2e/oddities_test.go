package e2e_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
)

// oddity is an object that is hard to swallow, and what must become of it.
type oddity struct {
	name  string
	body  []byte
	ids   []string  // of the findings that must arrive
	aside []badLine // what must stand in quarantine, in order
}

// badLine is a line in quarantine and how its reason begins; line 0 is the
// object.
type badLine struct {
	line   int
	reason string
}

// workshop makes oddities of findings with ids of their own.
type workshop struct{ made int }

// finding is a small finding with other members at its end.
func (w *workshop) finding(members string) (id, line string) {
	w.made++
	id = fmt.Sprintf("%08x%024x", w.made, w.made)
	return id, `{"schemaVersion":"2.0","accountId":"111122223333","region":"eu-west-1","id":"` + id +
		`","type":"Recon:EC2/PortProbeUnprotectedPort","severity":2,"updatedAt":"2026-08-16T02:24:20.934Z"` + members + `}`
}

// sound is an object of n findings.
func (w *workshop) sound(name string, n int) oddity {
	o := oddity{name: name}
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	for range n {
		id, line := w.finding(`,"service":{"count":1}`)
		o.ids = append(o.ids, id)
		mustWrite(io.WriteString(zw, line+"\n"))
	}
	mustWrite(0, zw.Close())
	o.body = buf.Bytes()
	return o
}

// arrives is an object with a finding between two others; all three arrive.
func (w *workshop) arrives(name, members string) oddity {
	before, first := w.finding("")
	id, line := w.finding(members)
	after, last := w.finding("")
	return oddity{name: name, body: zipped(first, line, last), ids: []string{before, id, after}}
}

// refused is an object with a finding between two others that is quarantined.
func (w *workshop) refused(name, members, reason string) oddity {
	o := w.arrives(name, members)
	o.ids = []string{o.ids[0], o.ids[2]}
	o.aside = []badLine{{2, reason}}
	return o
}

// lines are the oddities of one line, as long as a finding can be.
func (w *workshop) lines() []oddity {
	deep := func(levels int) string {
		return `,"service":` + strings.Repeat(`{"a":[`, levels/2) + "1" + strings.Repeat(`]}`, levels/2)
	}
	return []oddity{
		w.refused("invalid-utf-8", ",\"title\":\"a\xff\xfe\"", "not JSON: invalid UTF-8"),
		w.refused("utf-8-cut-off", ",\"title\":\"a\xe2\x82\"", "not JSON: invalid UTF-8"),
		w.refused("duplicate-name", `,"title":"a","title":"b"`, "not JSON: duplicate name"),
		w.refused("duplicate-name-escaped", `,"title":"a","titl\u0065":"b"`, "not JSON: duplicate name"),
		w.refused("duplicate-name-deep", `,"service":{"action":[{"x":1,"x":2}]}`, "not JSON: duplicate name"),
		w.refused("nul-in-text", ",\"title\":\"a\x00b\"", "not JSON: invalid"),
		w.refused("nul-between", ",\x00\"title\":\"a\"", "not JSON: invalid"),
		w.arrives("nul-escaped", `,"title":"a\u0000b","service":{"count":1,"\u0000":"\u0000"}`),
		w.refused("half-a-surrogate", `,"title":"a\ud800"`, "not JSON: invalid"),
		w.refused("other-half-deep", `,"service":{"x":["\udc00\ud800"]}`, "not JSON: invalid"),
		w.arrives("surrogate-pair", `,"title":"a\ud83d\ude00"`),
		w.arrives("deep-90", deep(90)),
		w.refused("deep-200", deep(200), "refused by the service: "),
		w.refused("deep-11000", deep(11_000), "not JSON: "),
		w.arrives("text-of-200-kb", `,"description":"`+strings.Repeat("é", 100<<10)+`"`),
		w.arrives(
			"arrays-of-250-kb",
			`,"service":{"count":1,"additionalInfo":{"other":`+array(
				`{"name":"GetObject","count":7,"firstSeen":"2026-08-16T02:24:20.934Z"}`, 250<<10,
			)+`}}`,
		),
	}
}

// long are oddities of one line that is longer than any finding can be: an
// event's detail, which is the same text, has 256 KB at most.
func (w *workshop) long() []oddity {
	return []oddity{
		w.refused("line-of-5-mb", `,"title":"`+strings.Repeat("x", 5<<20)+`"`, "line longer than "),
		w.arrives(
			"arrays-of-2-mb",
			`,"service":{"count":1,"additionalInfo":{"apiCalls":`+array(`{"name":"GetObject","count":7}`, 1<<20)+
				`,"other":`+array(`"198.51.100.0"`, 1<<20)+`}}`,
		),
	}
}

// array is a JSON array of items, of about size bytes.
func array(item string, size int) string {
	return "[" + strings.Repeat(item+",", size/(len(item)+1)) + item + "]"
}

// bomb is size bytes of zeros without a line end, which gzip makes small: gzip
// members one after the other, as gzip allows.
func bomb(size int64) oddity {
	const member = 1 << 20
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	mustWrite(io.CopyN(zw, zeros{}, member))
	mustWrite(0, zw.Close())
	return oddity{
		name: "bomb", body: bytes.Repeat(buf.Bytes(), int(size/member)),
		aside: []badLine{{0, "not an export file: none of its 1 lines is a finding; line 1: line longer than "}},
	}
}

// rubble is lines that are not findings, about size bytes of them, between two
// that are, in gzip members too.
func (w *workshop) rubble(size int) oddity {
	const line, lines = 1 << 10, 1 << 10
	part := zipped(strings.Repeat(strings.Repeat("x", line-1)+"\n", lines-1) + strings.Repeat("x", line-1))
	before, first := w.finding("")
	after, last := w.finding("")
	o := oddity{name: "rubble", ids: []string{before, after}}
	parts := size / (line * lines)
	o.body = bytes.Join([][]byte{zipped(first), bytes.Repeat(part, parts), zipped(last)}, nil)
	o.aside = []badLine{
		{0, fmt.Sprintf("%d lines could not be read; the first 100 are listed one by one", parts*lines)},
	}
	if parts*lines > maxBadLines {
		o.ids = o.ids[:1]
		o.aside[0].reason = fmt.Sprintf("more than %d lines cannot be read: it was read up to line %d", maxBadLines,
			maxBadLines+2)
	}
	for i := range 100 {
		o.aside = append(o.aside, badLine{2 + i, "not JSON: invalid syntax"})
	}
	o.aside = append(o.aside,
		badLine{102, "the first of further lines that are not listed one by one: not JSON: invalid syntax"})
	return o
}

// maxBadLines is how many unreadable lines of an object are read.
const maxBadLines = 10_000

// zeros is a source of zeros without end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// zipped is lines in gzip.
func zipped(lines ...string) []byte {
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	for _, line := range lines {
		mustWrite(io.WriteString(zw, line+"\n"))
	}
	mustWrite(0, zw.Close())
	return buf.Bytes()
}

// mustWrite is for writes to memory, which do not go wrong.
func mustWrite[N int | int64](_ N, err error) {
	if err != nil {
		panic(err)
	}
}
