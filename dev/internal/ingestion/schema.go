package ingestion

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// timeColumn is the column that every table of a workspace has.
const timeColumn = "TimeGenerated"

// reserved are the column names that the workspace keeps for itself.
var reserved = []string{
	"id", "Title", "Type", "TenantId", "UniqueId", "BilledSize", "IsBillable", "InvalidTimeGenerated", "_ResourceId",
	"_SubscriptionId", "_ItemId", "_ResourceGroup", "_TimeReceived",
}

// columnForm is what a custom table takes for a column's name.
var columnForm = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,44}$`)

// Schema is a stream and its columns.
type Schema struct {
	// Stream is the stream's name, such as Custom-AWSGuardDuty_CL.
	Stream string
	// Columns maps the columns' names to their types: string, int, long, real,
	// boolean, datetime or dynamic.
	Columns map[string]string
}

// LoadSchema reads a stream and its columns from the file that the templates
// make the table from. It refuses a stream that Azure would not make.
func LoadSchema(path string) (*Schema, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	var file struct {
		Stream  string `json:"stream"`
		Columns []struct {
			Name string `json:"name"`
			Type string `json:"type"`
		} `json:"columns"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("schema %q: %w", path, err)
	}
	s := &Schema{Stream: file.Stream, Columns: make(map[string]string, len(file.Columns))}
	for _, c := range file.Columns {
		if _, twice := s.Columns[c.Name]; twice {
			return nil, fmt.Errorf("schema %q: column %q is there twice", path, c.Name)
		}
		s.Columns[c.Name] = c.Type
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("schema %q: %w", path, err)
	}
	return s, nil
}

// check says why Azure would not make the stream.
func (s *Schema) check() error {
	if !strings.HasPrefix(s.Stream, "Custom-") {
		return fmt.Errorf("stream %q does not start with Custom-", s.Stream)
	}
	if got := s.Columns[timeColumn]; got != "datetime" {
		return fmt.Errorf("column %s has type %q, want datetime", timeColumn, got)
	}
	for name, kind := range s.Columns {
		if slices.Contains(reserved, name) || !columnForm.MatchString(name) {
			return fmt.Errorf("%q can not be the name of a column", name)
		}
		if checks[kind] == nil {
			return fmt.Errorf("column %q has the unknown type %q", name, kind)
		}
	}
	return nil
}
