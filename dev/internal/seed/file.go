package seed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf16"

	"guardduty-sentinel/dev/internal/text"
)

// reading is what one Read has found so far.
type reading struct {
	findings  [][]byte
	seen      map[string]bool // updates
	max, left int64           // bytes
}

// form is the form that a finding had in a file.
type form int

const (
	exportForm form = iota
	apiForm
	eventForm
	hubForm
)

// file is one file that is read.
type file struct {
	*reading
	name     string
	counts   map[form]int
	repeats  int
	problems []string // what was skipped in it, and why
	more     int      // problems beyond mostProblems
	rest     bool     // whether the rest of the file was not read
}

// mostProblems is how many things that are skipped in a file are named.
const mostProblems = 5

// mostBroken is how many values that are not JSON end the reading of a file:
// each may be as long as all that follows.
const mostBroken = 100

// read takes the findings of the file. Only a file that is too large is an error.
func (f *file) read() error {
	text, err := f.bytes()
	if err != nil || text == nil {
		return err
	}
	text = unmarked(text)
	if rest := bytes.TrimLeft(text, " \t\r\n"); len(rest) == 0 {
		f.skip(0, "it is empty")
		return nil
	} else if rest[0] != '{' && rest[0] != '[' {
		f.skip(0, "not JSON")
		return nil
	}
	f.values(text)
	return nil
}

// bytes is the file, unzipped when it is gzip, whatever its name is; nil when it
// cannot be read.
func (f *file) bytes() ([]byte, error) {
	in, err := os.Open(f.name)
	if err != nil {
		f.skip(0, reason(err))
		return nil, nil
	}
	defer in.Close()
	src := bufio.NewReader(in)
	var text []byte
	if magic, _ := src.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		zr, err := gzip.NewReader(src)
		if err != nil {
			f.skip(0, "damaged gzip: "+err.Error())
			return nil, nil
		}
		text, err = io.ReadAll(io.LimitReader(zr, f.left+1))
		if err != nil { // what came before it is good
			f.skip(0, "its end: damaged gzip: "+err.Error())
		}
	} else if text, err = io.ReadAll(io.LimitReader(src, f.left+1)); err != nil {
		f.skip(0, reason(err))
		return nil, nil
	}
	if f.left -= int64(len(text)); f.left < 0 {
		return nil, fmt.Errorf("%s: with this file there are more than %s to read; take fewer or smaller files",
			f.name, size(f.max))
	}
	return text, nil
}

func size(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}

// unmarked is text without a byte order mark, in UTF-8.
func unmarked(text []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(text, []byte{0xef, 0xbb, 0xbf}):
		return text[3:]
	case bytes.HasPrefix(text, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(text, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return text
	}
	units := make([]uint16, 0, len(text)/2)
	for at := 2; at+1 < len(text); at += 2 {
		units = append(units, order.Uint16(text[at:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// values goes through the JSON values of the text, one after another. After one
// that is not JSON it continues with the next line that begins a value, as the
// lines of an export do.
func (f *file) values(text []byte) {
	at, broken, lines := 0, 0, lineCounter{text: text}
	dec := json.NewDecoder(bytes.NewReader(text))
	for {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			end := at + int(dec.InputOffset())
			f.value(raw, lines.of(end-len(raw)))
			continue
		}
		start := at + int(dec.InputOffset())
		start += len(text[start:]) - len(bytes.TrimLeft(text[start:], " \t\r\n"))
		f.skip(lines.of(start), "not JSON: "+err.Error())
		next := nextValue(text[start:])
		if broken++; next < 0 || broken == mostBroken {
			f.rest = next >= 0
			return
		}
		at = start + next
		dec = json.NewDecoder(bytes.NewReader(text[at:]))
	}
}

// nextValue is where the next line begins that starts with a bracket; -1 when
// there is none.
func nextValue(text []byte) int {
	next := -1
	for _, begin := range []string{"\n{", "\n["} {
		if i := bytes.Index(text, []byte(begin)); i >= 0 && (next < 0 || i+1 < next) {
			next = i + 1
		}
	}
	return next
}

// lineCounter gives the numbers of lines, for places that come in order.
type lineCounter struct {
	text     []byte
	at, line int
}

func (c *lineCounter) of(at int) int {
	c.line += bytes.Count(c.text[c.at:at], []byte("\n"))
	c.at = at
	return c.line + 1
}

// add takes a finding, unless the same update was taken before.
func (f *file) add(finding []byte, update string, from form) {
	if update != "" && f.seen[update] {
		f.repeats++
		return
	}
	if update != "" {
		f.seen[update] = true
	}
	if bytes.ContainsAny(finding, "\r\n") {
		var buf bytes.Buffer
		must(json.Compact(&buf, finding)) // it was read as JSON
		finding = buf.Bytes()
	}
	f.findings = append(f.findings, finding)
	f.counts[from]++
}

// skip notes something that is not taken; line 0 is the file itself.
func (f *file) skip(line int, why string) {
	if len(f.problems) == mostProblems {
		f.more++
		return
	}
	where := f.name
	if line > 0 {
		where = fmt.Sprintf("%s:%d", f.name, line)
	}
	f.problems = append(f.problems, where+skippedMark+": "+why)
}

// notes say what became of the file. A file of findings in the export's form has
// none.
func (f *file) notes() []string {
	var notes []string
	for _, n := range []struct {
		form form
		text string
	}{
		{apiForm, "%s of aws guardduty get-findings, converted to the export's form"},
		{eventForm, "%s taken out of EventBridge events"},
		{hubForm, "%s of Security Hub, converted as far as possible: most details of the resource are not in them; " +
			"aws guardduty get-findings gives whole findings"},
	} {
		if count := f.counts[n.form]; count > 0 {
			notes = append(notes, f.name+": "+fmt.Sprintf(n.text, text.Plural(count, "finding")))
		}
	}
	if f.repeats > 0 {
		notes = append(notes, fmt.Sprintf("%s%s: %s (same id, updatedAt and count)", f.name, skippedMark,
			text.Plural(f.repeats, "repeat")))
	}
	notes = append(notes, f.problems...)
	if f.more > 0 {
		notes = append(notes, fmt.Sprintf("%s%s: %s more", f.name, skippedMark, text.Plural(f.more, "value")))
	}
	if f.rest {
		notes = append(notes, fmt.Sprintf("%s%s: the rest of it, after %d values that are not JSON",
			f.name, skippedMark, mostBroken))
	}
	return notes
}
