package sentinel

import (
	"encoding/hex"
	"strconv"
	"strings"
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
// time.Parse alone takes more than that: a comma before the fraction and an
// hour of one digit.
func isInstant(value []byte) bool {
	const fixed = len(`"2006-01-02T15:04:05`)
	if len(value) < fixed+2 || value[0] != '"' || value[fixed-3] != ':' || value[fixed] == ',' {
		return false
	}
	_, err := time.Parse(time.RFC3339Nano, string(value[1:len(value)-1]))
	return err == nil
}

// asGUID returns a JSON string of 32 hexadecimal digits in lower case with
// dashes, whether it had dashes or not.
func asGUID(value []byte) (string, bool) {
	if len(value) != 34 && len(value) != 38 {
		return "", false
	}
	s := string(value[1 : len(value)-1])
	if len(s) == 36 {
		if s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
			return "", false
		}
		s = s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	}
	if _, err := hex.DecodeString(s); err != nil || value[0] != '"' {
		return "", false
	}
	s = strings.ToLower(s)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:], true
}

// cutText shortens s to MaxField bytes, at the end of a character.
func cutText(s string) string {
	cut := MaxField
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut]
}
