package main

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
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

// broken are credentials whose vault is out of reach since a time.
type broken struct {
	since time.Time
	err   error
}

func (broken) Retrieve(context.Context) (aws.Credentials, error)    { return aws.Credentials{}, nil }
func (broken) Renew(context.Context, aws.Credentials) (bool, error) { return false, nil }
func (b broken) Outage() (time.Time, error)                         { return b.since, b.err }

// VaultNotice is what a run tells of a vault that is out of reach since a time:
// the lines of its history, and the log.
func VaultNotice(since time.Time, err error) (lines []string, log string) {
	var out bytes.Buffer
	c := &connector{creds: broken{since, err}}
	for _, n := range c.vaultNotice(context.Background(), slog.New(slog.NewJSONHandler(&out, nil))) {
		lines = append(lines, n.String())
	}
	return lines, out.String()
}

// StopCode is the exit code after a stop.
func StopCode(hosted, orphaned, terminated bool, err error) int {
	return stop{hosted, orphaned, terminated, err}.exitCode()
}

// Budget is how long a run may take with the settings of environ.
func Budget(environ []string) time.Duration {
	return newConnector(environ, new(slog.LevelVar), slog.New(slog.DiscardHandler)).budget()
}
