package main

import (
	"bytes"
	"log/slog"
)

// Assemble makes the connector of environ and returns what a run works with,
// all but the settings themselves, and what is wrong with them.
func Assemble(environ []string) (parts []any, err error) {
	level := new(slog.LevelVar)
	c := newConnector(environ, level, slog.New(slog.DiscardHandler))
	return []any{level, c.creds, c.job}, c.err
}

// StartLog is what a connector of environ logs when it is made.
func StartLog(environ []string) string {
	var out bytes.Buffer
	newConnector(environ, new(slog.LevelVar), slog.New(slog.NewJSONHandler(&out, nil)))
	return out.String()
}
