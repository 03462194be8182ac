package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// lookalike is a variable that is not a setting and looks like one. The
// Functions host sets hundreds of variables, and the SDKs know many more: a
// name counts only when it is one letter or two away from a setting's, is its
// name in another form, or has words that only this connector uses.
type lookalike struct {
	like   string // the setting; empty when none is near
	advice string
}

// connectionPrefixes stand before connection strings that are set as such in
// the portal or in .NET's configuration; the host reads them without.
var connectionPrefixes = regexp.MustCompile(
	`(?i)^(?:ConnectionStrings(?:__|:)|(?:CUSTOM|SQL|SQLAZURE|MYSQL|POSTGRESQL)CONNSTR_)`)

// ownWords begin only names of this connector's settings.
var ownWords = regexp.MustCompile(`^(?:GUARDDUTY|S3|KEY_VAULT|DCR|LOGS_INGESTION|WATERMARK|EXCLUDE)_`)

// ofOthers is names near a setting's that the platform and the AWS SDK know.
var ofOthers = regexp.MustCompile(`^(?:APPSETTING_|AWS_ENDPOINT_URL_)`)

// mostStrangers is how many of them are warned of one by one: each run repeats
// the warnings in its history.
const mostStrangers = 10

// strangers warns of those that no fault names.
func (r *reader) strangers() {
	for i, name := range slices.Sorted(maps.Keys(r.alike)) {
		if i == mostStrangers {
			r.warn(fmt.Sprintf("%d more variables look like settings and are not: docs/settings.md lists them all",
				len(r.alike)-mostStrangers))
			return
		}
		r.warn(r.alike[name].advice)
	}
}

// plainName is the names that are shown as they are.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,120}$`)

// keyInName is an AWS or storage key in a name, which ends before a "=".
var keyInName = regexp.MustCompile(`(AKIA|ASIA)[A-Z0-9]{16}|[A-Za-z0-9+/]{40}`)

// shownName is a variable's name as a notice or a fault may show it. A key may
// have been pasted there as well.
func shownName(name string) string {
	switch {
	case looksSecret(name) || keyInName.MatchString(name):
		return redacted
	case plainName.MatchString(name):
		return name
	default:
		return shown(name)
	}
}

// lookalikes finds them, by the name of the variable.
func (r *reader) lookalikes() map[string]lookalike {
	known := r.names()
	found := make(map[string]lookalike)
	for name, value := range r.vars {
		if value == "" || slices.Contains(known, name) {
			continue
		}
		if l, ok := likeOne(name, known); ok {
			found[name] = l
		}
	}
	return found
}

// names is what all settings are called, those of the storage connection and of
// the host's, and what else the connection has for the host.
func (r *reader) names() []string {
	var names []string
	for _, s := range settings {
		names = append(names, s.Name)
	}
	connections := []string{r.connection()}
	if connections[0] != hostConnection {
		connections = append(connections, hostConnection)
	}
	for _, c := range connections {
		names = append(names, c)
		for _, part := range connectionParts {
			names = append(names, c+part)
		}
	}
	for _, name := range r.connectionNames() {
		if _, other := inAnyCase(name, names); !other {
			names = append(names, name)
		}
	}
	return names
}

// likeOne finds the known name that a name looks like.
func likeOne(name string, known []string) (lookalike, bool) {
	found := func(like, advice string) (lookalike, bool) {
		return lookalike{like, shownName(name) + " is " + advice}, true
	}
	if prefix := connectionPrefixes.FindString(name); prefix != "" {
		if like, ok := inAnyCase(name[len(prefix):], known); ok {
			return found(like, "set: move its value to "+like)
		}
		return lookalike{}, false
	}
	if like, ok := inAnyCase(name, known); ok {
		return found(like, "set: names are case-sensitive, rename it to "+like)
	}
	if ofOthers.MatchString(name) {
		return lookalike{}, false
	}
	if like, ok := near(name, known); ok {
		return found(like, "not a setting; did you mean "+like+"?")
	}
	if ownWords.MatchString(name) {
		return found("", "not a setting: docs/settings.md lists them all")
	}
	return lookalike{}, false
}

// inAnyCase finds name among the known ones without regard to case, and with
// the colon that .NET takes for two underscores.
func inAnyCase(name string, known []string) (string, bool) {
	name = strings.ReplaceAll(name, ":", "__")
	i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
	if i < 0 {
		return "", false
	}
	return known[i], true
}

// near finds the known name that is at most two letters away from name, the
// nearest one, or that name has with more words before or after it. Two letters
// of a short name, which only a connection can have, would be half of it.
func near(name string, known []string) (string, bool) {
	const far, short = 3, 8
	best, distance := "", far
	for _, k := range known {
		if len(name)-len(k) >= far { // the pasted text of a file is not compared with anything
			continue
		}
		if d := editDistance(strings.ToUpper(name), strings.ToUpper(k)); d < distance && len(k) > short {
			best, distance = k, d
		}
	}
	if best != "" {
		return best, true
	}
	for _, k := range known {
		own := !strings.HasPrefix(k, "AWS_") && !strings.HasPrefix(k, "AZURE_") && k != "LOG_LEVEL"
		if own && strings.Contains(k, "_") && (strings.HasPrefix(name, k+"_") || strings.HasSuffix(name, "_"+k)) {
			return k, true
		}
	}
	return "", false
}

// editDistance is how many letters have to be put in, taken out or replaced to
// make b of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		left := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := left
			if a[i] != b[j] {
				replaced++
			}
			left = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// instead returns why a required setting may be missing: its value stands in a
// variable that looks like it. What a fault says is not a notice as well.
func (r *reader) instead(names ...string) string {
	for _, name := range slices.Sorted(maps.Keys(r.alike)) {
		if l := r.alike[name]; slices.Contains(names, l.like) {
			delete(r.alike, name)
			return l.advice
		}
	}
	return ""
}
