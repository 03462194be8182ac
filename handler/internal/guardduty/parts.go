package guardduty

import (
	"bytes"
	"fmt"
)

// A line is read with memory for each of its parts: some 75 bytes for a name, and
// some 150 for a value that has to be shortened. The largest findings have some
// thousand parts.
const (
	manyParts = 2000    // above it a line counts as a long one
	maxColons = 100_000 // above it a line is refused: it has too many names
)

// errManyNames marks a line that would take too much memory.
var errManyNames = fmt.Errorf("%w: it has more than %d colons, and so too many names", ErrNotFinding, maxColons)

// hasManyParts reports whether a line has many parts, more or less: each but the
// first has a comma, a colon or an opening bracket before it.
func hasManyParts(line []byte) bool {
	if len(line) < 2*manyParts { // a part has two bytes at least
		return false
	}
	n := 0
	for _, before := range []byte(",:[{") {
		n += bytes.Count(line, []byte{before})
	}
	return n > manyParts
}

// hasManyNames reports whether a line is refused for its names.
func hasManyNames(line []byte) bool {
	return len(line) > 2*maxColons && bytes.Count(line, []byte(":")) > maxColons
}
