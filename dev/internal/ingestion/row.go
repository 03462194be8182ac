package ingestion

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// MaxField is the size of the longest value of a column: 64 KB, of the
// decoded text for a string and of the JSON text for dynamic.
const MaxField = 64 << 10

// timeForm is RFC 3339 with the date, the time and the zone.
var timeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

// RowError says which row breaks the schema, and why. Rows count from 0.
type RowError struct {
	Row    int
	Column string // empty where the row as a whole is at fault
	Reason string
}

// Error names the row and the column.
func (e *RowError) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("row %d: %s", e.Row, e.Reason)
	}
	return fmt.Sprintf("row %d, column %q: %s", e.Row, e.Column, e.Reason)
}

// Rows splits the JSON array in body into the text of its rows, byte for
// byte, after checking each against the schema. The rows share body's memory.
// A row that breaks the schema is a *RowError; any other error is about the
// body.
func (s *Schema) Rows(body []byte) ([][]byte, error) {
	rows, err := elements(body)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		if column, err := s.row(row); err != nil {
			return nil, &RowError{Row: i, Column: column, Reason: err.Error()}
		}
	}
	return rows, nil
}

// row returns what is wrong with a row, and in which column.
func (s *Schema) row(text []byte) (column string, err error) {
	list, err := members(text)
	if err != nil {
		return "", err
	}
	timed := false
	for _, m := range list {
		timed = timed || m.name == timeColumn
		if slices.Contains(reserved, m.name) {
			return m.name, errors.New("the name is reserved")
		}
		kind, ok := s.Columns[m.name]
		if !ok {
			return m.name, fmt.Errorf("the stream %s has no such column", s.Stream)
		}
		if err := checks[kind](m.text); err != nil {
			return m.name, err
		}
	}
	if !timed {
		return timeColumn, errors.New("is missing")
	}
	return "", nil
}

// checks are the types of columns. The text each gets is one valid JSON value.
var checks = map[string]func(text []byte) error{
	"string":   checkString,
	"datetime": checkTime,
	"dynamic":  checkDynamic,
	"boolean":  checkBoolean,
	"real":     checkReal,
	"int":      func(text []byte) error { return checkInteger(text, 32) },
	"long":     func(text []byte) error { return checkInteger(text, 64) },
}

func checkString(text []byte) error {
	if text[0] != '"' {
		return errors.New("is not a string")
	}
	s, err := unquote(text)
	if err == nil && len(s) > MaxField {
		err = fmt.Errorf("%d bytes are more than %d", len(s), MaxField)
	}
	return err
}

func checkTime(text []byte) error {
	if text[0] == '"' {
		if s, err := unquote(text); err == nil {
			// Parse looks at the numbers; without the form it would take a comma for a
			// point, and an hour of one digit.
			if _, err := time.Parse(time.RFC3339, s); err == nil && timeForm.MatchString(s) {
				return nil
			}
		}
	}
	return errors.New("is not a time in RFC 3339")
}

func checkDynamic(text []byte) error {
	if len(text) > MaxField {
		return fmt.Errorf("%d bytes are more than %d", len(text), MaxField)
	}
	return nil
}

func checkBoolean(text []byte) error {
	if s := string(text); s != "true" && s != "false" {
		return errors.New("is not a boolean")
	}
	return nil
}

func checkReal(text []byte) error {
	if !number(text) {
		return errors.New("is not a number")
	}
	if _, err := strconv.ParseFloat(string(text), 64); err != nil {
		return errors.New("is out of range")
	}
	return nil
}

func checkInteger(text []byte, bits int) error {
	if !number(text) {
		return errors.New("is not a number")
	}
	if _, err := strconv.ParseInt(string(text), 10, bits); err != nil {
		return fmt.Errorf("is not an integer of %d bits", bits)
	}
	return nil
}

func number(text []byte) bool {
	return text[0] == '-' || '0' <= text[0] && text[0] <= '9'
}
