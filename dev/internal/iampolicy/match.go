package iampolicy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// operator is a condition operator.
type operator struct {
	// match compares a value of the request with one of the policy.
	match func(value, want string) bool
	// negated operators hold when nothing matches, so also when the request
	// lacks the key. All others need the key.
	negated bool
}

// operators are the condition operators that are known.
var operators = map[string]operator{
	"StringEquals":                 {match: equal},
	"StringNotEquals":              {match: equal, negated: true},
	"ForAllValues:StringNotEquals": {match: equal, negated: true},
	"StringLike":                   {match: like},
	"Bool":                         {match: strings.EqualFold},
	"ArnLike":                      {match: arnLike},
	"ArnNotEquals":                 {match: arnLike, negated: true},
}

// holds reports whether the operator does for what the request has of a key.
func (o operator) holds(values, wanted texts) bool {
	matched := anyOf(values, func(value string) bool {
		return anyOf(wanted, func(want string) bool { return o.match(value, want) })
	})
	return matched != o.negated
}

func equal(value, want string) bool { return value == want }

// arnLike compares part by part: a wildcard does not cross a colon, but in the
// last part.
func arnLike(value, want string) bool {
	values, wants := strings.SplitN(value, ":", 6), strings.SplitN(want, ":", 6)
	return len(values) == 6 && len(wants) == 6 && slices.EqualFunc(values, wants, like)
}

// like compares with "*" for any text and "?" for any character.
func like(value, pattern string) bool {
	for i, c := range []byte(pattern) {
		if c == '*' {
			rest := pattern[i+1:]
			for at := range len(value) - i + 1 {
				if like(value[i+at:], rest) {
					return true
				}
			}
			return false
		}
		if i >= len(value) || c != '?' && c != value[i] {
			return false
		}
	}
	return len(value) == len(pattern)
}

func anyOf(list []string, f func(string) bool) bool { return slices.ContainsFunc(list, f) }

// texts is a text or a list of them.
type texts []string

// UnmarshalJSON takes either form.
func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

func (t texts) match(value string, fold bool) bool {
	return anyOf(t, func(pattern string) bool {
		if fold {
			return like(strings.ToLower(value), strings.ToLower(pattern))
		}
		return like(value, pattern)
	})
}

// principals is "*" or lists by kind; nil in a document of an identity.
type principals map[string]texts

// UnmarshalJSON takes either form, and no kind that is not known.
func (p *principals) UnmarshalJSON(data []byte) error {
	var everyone string
	if json.Unmarshal(data, &everyone) == nil {
		if everyone != "*" {
			return fmt.Errorf("principal %q", everyone)
		}
		*p = principals{"*": nil}
		return nil
	}
	if err := json.Unmarshal(data, (*map[string]texts)(p)); err != nil {
		return err
	}
	for kind, names := range *p {
		if !slices.Contains([]string{"AWS", "Service", "Federated"}, kind) || slices.Contains(names, "*") {
			return fmt.Errorf("principal %s %q", kind, names)
		}
	}
	return nil
}

// match is Allowed for a principal that is named, Delegated when its account
// is, and Silent otherwise. No wildcard works in a name.
func (p principals) match(r Request) Decision {
	if _, everyone := p["*"]; p == nil || everyone {
		return Allowed
	}
	switch names := p[r.Kind]; {
	case slices.Contains(names, r.Principal):
		return Allowed
	case r.Kind == "AWS" && slices.ContainsFunc(names,
		func(name string) bool { return name == accountOf(r.Principal) }):
		return Delegated
	}
	return Silent
}

// accountOf is the ARN that stands for a principal's whole account.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return ""
	}
	return strings.Join(append(parts[:5], "root"), ":")
}
