package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// White space and quotes, those too that come along when a value is copied from
// a page or a text document.
const (
	blank  = " \t\r\n\v\f\u0085\u00a0\u2007\u202f\u200b\u2060\ufeff"
	quotes = "\"'`“”„‘’«»"
)

// wrapping says what is around or in place of a value and does not belong
// there, whatever the setting; it is empty when there is nothing. Such a value
// would often pass for a good one: a quoted prefix is a prefix.
func wrapping(value string) string {
	if value == "" {
		return ""
	}
	bare := strings.ToLower(strings.Trim(value, blank+quotes))
	for _, service := range []string{"KeyVault", "AppConfiguration"} {
		if strings.HasPrefix(bare, "@microsoft."+strings.ToLower(service)) {
			return "is a reference to " + service + " that the platform did not resolve: " +
				"check its form, and that the app's identity may read what it names"
		}
	}
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	in := strings.ContainsRune
	switch {
	case strings.Trim(value, blank) == "":
		return "is only white space: leave it empty"
	case in(blank, first) || in(blank, last):
		return "begins or ends with white space: remove it"
	case strings.ContainsAny(value, "\r\n"):
		return "has a line break in it: write it in one line"
	case bare == "":
		return "is only quotes: leave it empty"
	case in(quotes, first) && in(quotes, last):
		return "is in quotes: remove them"
	default:
		return ""
	}
}

// forms finds the values of all settings that are wrapped in something.
func (r *reader) forms() {
	check := func(name string) {
		if wrong := wrapping(r.vars[name]); wrong != "" {
			r.fail(name, fmt.Errorf("%s: %s %s", shownName(name), r.shown(name), wrong))
		}
	}
	for _, s := range settings {
		if s.Kind != Schedule { // it does not stop a run
			check(s.Name)
		}
	}
	for _, name := range r.connectionNames() {
		check(name)
	}
}

// shown is a setting's value as a fault may show it. A storage connection holds
// a key, and of what else it has for the host, such as __clientSecret, anything
// may be one.
func (r *reader) shown(name string) string {
	part, _ := strings.CutPrefix(name, r.connection())
	if slices.Contains(r.connectionNames(), name) && !slices.Contains(connectionParts, part) {
		return redacted
	}
	return shown(r.vars[name])
}
