package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"guardduty-sentinel/dev/internal/seed"
)

// lineSize is the size of every finding's line, with its newline, in bytes.
const lineSize = 1600

// lines makes findings out of the repository's own: those that are short
// enough, each made lineSize long by words in its description. All are alike in
// what they hold but for their ids, of which no two are the same.
type lines struct{ templates [][][]byte } // the text before, between and after the places of the id

func readLines(root string) (*lines, error) {
	findings, err := seed.ReadFindings(filepath.Join(root, seed.BuiltIn))
	if err != nil {
		return nil, err
	}
	l := &lines{}
	for _, line := range findings {
		var finding struct{ ID, Description string }
		if err := json.Unmarshal(line, &finding); err != nil {
			return nil, fmt.Errorf("finding: %w", err)
		}
		end := []byte(`"description":` + quoted(finding.Description) + "}")
		missing := lineSize - 1 - len(line)
		if len(finding.ID) != idSize || missing < 0 || !bytes.HasSuffix(line, end) {
			continue
		}
		line = append(append(bytes.TrimSuffix(line, []byte(`"}`)), words(missing)...), `"}`...)
		l.templates = append(l.templates, bytes.Split(append(line, '\n'), []byte(finding.ID)))
	}
	if len(l.templates) == 0 {
		return nil, fmt.Errorf("%s has no finding that fits into %d bytes", seed.BuiltIn, lineSize)
	}
	return l, nil
}

func quoted(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err) // text always encodes
	}
	return string(data)
}

// words is text of a size.
func words(size int) string {
	const text = " An instance in this account communicates with a remote host on an unusual server port," +
		" or has done so before."
	return strings.Repeat(text, size/len(text)+1)[:size]
}

// idSize is the size of an id: the finding's number and digits that do not
// compress, as in real ids.
const idSize = 32

// add appends the line of finding n to dst.
func (l *lines) add(dst []byte, n int) []byte {
	id := fmt.Appendf(make([]byte, 0, idSize), "%08x%016x%08x", n, scrambled(n), uint32(scrambled(n+1)))
	for i, part := range l.templates[n%len(l.templates)] {
		if i > 0 {
			dst = append(dst, id...)
		}
		dst = append(dst, part...)
	}
	return dst
}

// scrambled is a number that looks drawn at random, the same for the same n
// (the finalizer of SplitMix64).
func scrambled(n int) uint64 {
	z := uint64(n+1) * 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
