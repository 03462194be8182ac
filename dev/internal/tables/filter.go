package tables

import (
	"encoding/json"
	"regexp"
	"strings"
)

// filter is comparisons of the two keys and of texts among the other
// properties, all of which must hold.
type filter []comparison

type comparison struct{ name, op, value string }

var comparisonForm = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*) (eq|ge|gt|le|lt) '((?:[^']|'')*)'( and |$)`)

// parseFilter reads comparisons joined by "and"; an empty text has none.
func parseFilter(text string) (filter, *fault) {
	var list filter
	for rest := text; rest != ""; {
		m := comparisonForm.FindStringSubmatch(rest)
		if m == nil {
			return nil, unknown("the filter " + rest)
		}
		list = append(list, comparison{m[1], m[2], unquoted(m[3])})
		if rest = rest[len(m[0]):]; m[4] != "" && rest == "" {
			return nil, invalid("the filter ends in and")
		}
	}
	return list, nil
}

// unquoted is the text of a literal, in which a quote stands twice.
func unquoted(text string) string { return strings.ReplaceAll(text, "''", "'") }

func (f filter) partition(key string) bool { return f.holds("PartitionKey", key) }

func (f filter) row(key string) bool { return f.holds("RowKey", key) }

// entity reports whether what is compared beside the keys holds. A property
// that is not there, or is not text, compares with no text.
func (f filter) entity(e *entity) bool {
	var members map[string]json.RawMessage
	for _, c := range f {
		if c.name == "PartitionKey" || c.name == "RowKey" {
			continue
		}
		if members == nil {
			var bad *fault
			if members, bad = parseMembers(e.text); bad != nil {
				panic(bad.message) // it was read before
			}
		}
		var text *string
		if json.Unmarshal(members[c.name], &text) != nil || text == nil || !c.holds(*text) {
			return false
		}
	}
	return true
}

func (f filter) holds(name, key string) bool {
	for _, c := range f {
		if c.name == name && !c.holds(key) {
			return false
		}
	}
	return true
}

func (c comparison) holds(key string) bool {
	switch c.op {
	case "eq":
		return key == c.value
	case "ge":
		return key >= c.value
	case "gt":
		return key > c.value
	case "le":
		return key <= c.value
	default:
		return key < c.value
	}
}
