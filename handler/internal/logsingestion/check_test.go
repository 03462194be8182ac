package logsingestion_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxField is the service's limit on a value, stated here again.
const maxField = 65536

var timeForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

// fits says what of a row the service would drop, empty or cut off.
func fits(types map[string]string, row []byte) error {
	if !jsontext.Value(row).IsValid() {
		return fmt.Errorf("not valid JSON: %.300s", row)
	}
	if len(row) > 1_000_000-2 {
		return fmt.Errorf("%d bytes are more than one call takes", len(row))
	}
	var values map[string]json.RawMessage
	if err := json.Unmarshal(row, &values); err != nil {
		return err
	}
	if values["TimeGenerated"] == nil {
		return fmt.Errorf("no TimeGenerated")
	}
	for name, value := range values {
		if err := valueFits(types[name], value); err != nil {
			return fmt.Errorf("column %s: %w: %.100s", name, err, value)
		}
	}
	return nil
}

func valueFits(kind string, value []byte) error {
	var text string
	isText := json.Unmarshal(value, &text) == nil && value[0] == '"'
	switch kind {
	case "string":
		if !isText || len(text) > maxField {
			return fmt.Errorf("not a string of at most %d bytes", maxField)
		}
	case "datetime":
		if _, err := time.Parse(time.RFC3339, text); !isText || err != nil || !timeForm.MatchString(text) {
			return fmt.Errorf("not a time")
		}
	case "real":
		if _, err := strconv.ParseFloat(string(value), 64); err != nil || value[0] > '9' {
			return fmt.Errorf("not a number")
		}
	case "boolean":
		if s := string(value); s != "true" && s != "false" {
			return fmt.Errorf("not true or false")
		}
	case "dynamic":
		if len(value) > maxField || string(value) == "null" {
			return fmt.Errorf("null, or more than %d bytes", maxField)
		}
	default:
		return fmt.Errorf("no such column")
	}
	return nil
}

// types maps the schema's columns to their types.
func types(t testing.TB) map[string]string {
	list := map[string]string{}
	for _, c := range schema(t) {
		list[c.Name] = c.Type
	}
	return list
}
