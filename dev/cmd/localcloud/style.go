package main

import (
	"os"

	"golang.org/x/term"
)

// Escape sequences of a terminal.
const (
	bold  = "\x1b[1m"
	red   = "\x1b[31m"
	green = "\x1b[32m"
	plain = "\x1b[0m"
)

// styled wraps text in a style where standard output is a terminal and the user
// has not said otherwise (NO_COLOR, TERM=dumb).
func styled(style, text string) string {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || !term.IsTerminal(int(os.Stdout.Fd())) {
		return text
	}
	return style + text + plain
}

// defaultWidth is that of what is not a terminal: nothing is cut then.
const defaultWidth = 200

// width is the number of columns to print in.
func width() int {
	if n, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && n > 0 {
		return n
	}
	return defaultWidth
}
