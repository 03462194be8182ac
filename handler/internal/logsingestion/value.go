package logsingestion

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// isReal reports whether value is a JSON number that a real column can hold.
func isReal(value []byte) bool {
	if value[0] != '-' && (value[0] < '0' || value[0] > '9') {
		return false
	}
	_, err := strconv.ParseFloat(string(value), 64)
	return err == nil
}

// isInstant reports whether value is a JSON string that is an RFC 3339 time.
func isInstant(value []byte) bool {
	_, ok := instantOf(value)
	return ok
}

// instantOf returns the RFC 3339 time in a JSON string. time.Parse accepts more
// than that: a comma before the fraction and an hour of one digit.
func instantOf(value []byte) (time.Time, bool) {
	const fixed = len(`"2006-01-02T15:04:05`)
	if len(value) < fixed+2 || value[0] != '"' || value[fixed-3] != ':' || value[fixed] == ',' {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339Nano, string(value[1:len(value)-1]))
	return t, err == nil
}

// guidText is a GUID as a JSON string.
type guidText [38]byte

// asGUID returns a JSON string of 32 hexadecimal digits in lower case with
// dashes, whether it had dashes or not.
func asGUID(value []byte) (dashed guidText, ok bool) {
	const dashes = `"________-____-____-____-____________"`
	if len(value) != 34 && len(value) != len(dashes) || value[0] != '"' {
		return dashed, false
	}
	from := 0
	for i := range dashes {
		c := value[from]
		switch {
		case dashes[i] == '"':
		case dashes[i] == '-' && len(value) == 34:
			dashed[i] = '-'
			continue
		case dashes[i] == '-':
			if c != '-' {
				return dashed, false
			}
		case c >= 'A' && c <= 'F':
			c += 'a' - 'A'
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
		default:
			return dashed, false
		}
		dashed[i] = c
		from++
	}
	return dashed, true
}

// cutText shortens s to cut bytes or a few less, to the end of a character.
func cutText(s []byte, cut int) []byte {
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}
