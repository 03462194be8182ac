package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// missing finds required settings that are not there.
func (r *reader) missing() {
	for _, s := range settings {
		if s.Required != "" && r.vars[s.Name] == "" && (s.Unless == "" || r.vars[s.Unless] == "") {
			r.fail(s.Name, fmt.Errorf("%s is required: %s", s.Name, cmp.Or(r.instead(s.Name), s.Required)))
		}
	}
}

// ranges checks the values that have bounds, but for those that did not parse.
func (r *reader) ranges(c *Config) {
	for field, value := range reflect.ValueOf(c).Elem().Fields() {
		s, known := find(field.Tag.Get("env"))
		if !known || s.Max == "" || r.bad[s.Name] {
			continue
		}
		var n float64
		if value.CanInt() {
			n = float64(value.Int())
		} else {
			n = value.Float()
		}
		if low, high := s.bounds(); !(n >= low && n <= high) { // NaN is not within
			r.fail(s.Name, fault(s.Name, r.vars[s.Name], fmt.Sprintf("a %s from %s to %s", s.Kind, s.Min, s.Max)))
		}
	}
}

// bounds is Min and Max as numbers, nanoseconds for durations.
func (s Setting) bounds() (low, high float64) {
	of := func(text string) float64 {
		if s.Kind == Duration {
			d, _ := parseDuration(text)
			return float64(d)
		}
		n, _ := strconv.ParseFloat(text, 64)
		return n
	}
	return of(s.Min), of(s.Max)
}

// find returns the setting of that name.
func find(name string) (Setting, bool) {
	i := slices.IndexFunc(settings, func(s Setting) bool { return s.Name == name })
	if i < 0 {
		return Setting{}, false
	}
	return settings[i], true
}

// combinations finds settings that exclude or need one another. What is set
// counts, well-formed or not: a malformed setting has a fault of its own.
func (r *reader) combinations() {
	set := func(name string) bool { return r.vars[name] != "" }
	refuse := func(why string) { r.faults = append(r.faults, errors.New(why)) }
	keyless, role := set("AWS_WEB_IDENTITY_AUDIENCE"), set("AWS_ROLE_ARN")
	external := set("AWS_ROLE_EXTERNAL_ID")
	if keyless && !role {
		refuse("AWS_WEB_IDENTITY_AUDIENCE is set without AWS_ROLE_ARN: " +
			"a token without a role to assume gives no credentials")
	}
	if external && !role {
		refuse("AWS_ROLE_EXTERNAL_ID is set without AWS_ROLE_ARN: an external id belongs to a role")
	}
	if external && keyless {
		refuse("AWS_ROLE_EXTERNAL_ID is set with AWS_WEB_IDENTITY_AUDIENCE: " +
			"a web identity has no external id, remove one")
	}
}
