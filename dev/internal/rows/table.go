package rows

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// table is text in columns.
type table struct {
	columns   []string
	lines     [][]string
	shortened int // the column that gives way where a line is too long
}

// minShort is the least that a column is shortened to: less says nothing.
const minShort = 20

func (t table) print(w io.Writer, width int) {
	widths := make([]int, len(t.columns))
	for _, line := range append([][]string{t.columns}, t.lines...) {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	total := 2 * (len(widths) - 1)
	for _, n := range widths {
		total += n
	}
	if over := total - width; over > 0 {
		if widths[t.shortened]-over < minShort {
			t.printWrapped(w, width)
			return
		}
		widths[t.shortened] -= over
	}
	rule := make([]string, len(widths))
	for i, n := range widths {
		rule[i] = strings.Repeat("-", n)
	}
	for _, line := range append([][]string{t.columns, rule}, t.lines...) {
		var b strings.Builder
		for i, cell := range line {
			cell = shortened(cell, widths[i])
			b.WriteString(cell + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}

// printWrapped continues lines that are too long on further lines, indented.
func (t table) printWrapped(w io.Writer, width int) {
	const indent = "    "
	for _, cells := range append([][]string{t.columns}, t.lines...) {
		line := ""
		for _, cell := range cells {
			cell = shortened(strings.TrimSpace(cell), width-len(indent))
			switch {
			case line == "":
				line = cell
			case utf8.RuneCountInString(line)+2+utf8.RuneCountInString(cell) > width:
				fmt.Fprintln(w, line)
				line = indent + cell
			default:
				line += "  " + cell
			}
		}
		fmt.Fprintln(w, line)
	}
}

// shortened is text of at most n characters, with an ellipsis where some are
// left out.
func shortened(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:max(n-1, 0)]) + "…"
}
