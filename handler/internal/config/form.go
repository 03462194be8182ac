package config

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
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
	if wrong := unresolved(value); wrong != "" {
		return wrong
	}
	bare := strings.Trim(value, blank+quotes)
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

// unresolved says that a value is still a reference; it is empty when it is not.
// The platform leaves the text of a reference in place when it cannot resolve it.
func unresolved(value string) string {
	bare := strings.ToLower(strings.Trim(value, blank+quotes))
	for _, service := range []string{"KeyVault", "AppConfiguration"} {
		if strings.HasPrefix(bare, "@microsoft."+strings.ToLower(service)) {
			return "is a reference to " + service + " that the platform did not resolve: " +
				"check its form, and that the app's identity may read what it names"
		}
	}
	return ""
}

// forSDKs is the variables that the Azure SDK and Go's HTTP client read.
var forSDKs = regexp.MustCompile(`^(?:AZURE_[A-Z_]+|(?i:https?_proxy|no_proxy))$`)

// references finds unresolved references in variables that are not settings. One
// that an SDK reads is a fault: it would end in one that does not name it. The
// value is not shown: unlike those of settings it may be anything.
func (r *reader) references() {
	connection := r.connectionNames()
	warned := 0
	for _, name := range slices.Sorted(maps.Keys(r.vars)) {
		wrong := unresolved(r.vars[name])
		_, alike := r.alike[name] // has its own notice
		_, setting := find(name)  // is checked with its form, as the connection is
		if wrong == "" || alike || setting || slices.Contains(connection, name) {
			continue
		}
		switch text := shownName(name) + " " + wrong; {
		case forSDKs.MatchString(name):
			r.fail(name, errors.New(text))
		case warned < mostStrangers:
			r.warn(text)
			warned++
		}
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
