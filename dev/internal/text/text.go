// Package text writes numbers with their nouns, and breaks lines, for the
// programs of dev/ that a person reads.
package text

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Wrap breaks a text at its spaces into lines of at most width characters. A
// word that is longer has a line of its own and is not cut.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// Plural writes n and the noun in its number.
func Plural(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
