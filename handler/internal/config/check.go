package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
)

// missing finds required settings that are not there.
func missing(vars map[string]string) []error {
	var faults []error
	for _, s := range settings {
		if s.Required != "" && vars[s.Name] == "" && (s.Unless == "" || vars[s.Unless] == "") {
			faults = append(faults, fmt.Errorf("%s is required: %s", s.Name, s.Required))
		}
	}
	return faults
}

// ranges checks the values that have bounds, but for those that did not parse.
func (c *Config) ranges(vars map[string]string, malformed map[string]bool) []error {
	var faults []error
	for field, value := range reflect.ValueOf(c).Elem().Fields() {
		s, known := find(field.Tag.Get("env"))
		if !known || s.Max == "" || malformed[s.Name] {
			continue
		}
		var n float64
		if value.CanInt() {
			n = float64(value.Int())
		} else {
			n = value.Float()
		}
		if low, high := s.bounds(); !(n >= low && n <= high) { // NaN is not within
			want := fmt.Sprintf("a %s from %s to %s", s.Kind, s.Min, s.Max)
			faults = append(faults, fault(s.Name, vars[s.Name], want))
		}
	}
	return faults
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
func combinations(vars map[string]string) []error {
	var faults []error
	keyless, role, external := vars["AWS_WEB_IDENTITY_AUDIENCE"] != "", vars["AWS_ROLE_ARN"] != "", vars["AWS_ROLE_EXTERNAL_ID"] != ""
	if keyless && !role {
		faults = append(faults, errors.New("AWS_WEB_IDENTITY_AUDIENCE is set without AWS_ROLE_ARN: a token without a role to assume gives no credentials"))
	}
	if external && !role {
		faults = append(faults, errors.New("AWS_ROLE_EXTERNAL_ID is set without AWS_ROLE_ARN: an external id belongs to a role"))
	}
	if external && keyless {
		faults = append(faults, errors.New("AWS_ROLE_EXTERNAL_ID is set with AWS_WEB_IDENTITY_AUDIENCE: a web identity has no external id, remove one"))
	}
	return faults
}
