package seed

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
)

// object is a JSON object whose members keep their order, so that a finding
// that is changed still reads as GuardDuty writes it. The other values are
// []any, string, json.Number, bool and nil.
type object struct{ members []member }

type member struct {
	name  string
	value any
}

// get returns the value of a member, nil where there is none.
func (o *object) get(name string) any {
	if m := o.member(name); m != nil {
		return m.value
	}
	return nil
}

func (o *object) member(name string) *member {
	for i := range o.members {
		if o.members[i].name == name {
			return &o.members[i]
		}
	}
	return nil
}

// set replaces a member, or adds it at the end.
func (o *object) set(name string, value any) {
	if m := o.member(name); m != nil {
		m.value = value
		return
	}
	o.members = append(o.members, member{name, value})
}

func (o *object) remove(name string) {
	for i := range o.members {
		if o.members[i].name == name {
			o.members = append(o.members[:i], o.members[i+1:]...)
			return
		}
	}
}

// text returns a member that is a string, else "".
func (o *object) text(name string) string {
	s, _ := o.get(name).(string)
	return s
}

// at returns the object below the named members, nil where there is none.
func (o *object) at(names ...string) *object {
	for _, name := range names {
		next, ok := o.get(name).(*object)
		if !ok {
			return nil
		}
		o = next
	}
	return o
}

// parse reads one JSON value.
func parse(text []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	v, err := parseValue(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

func parseValue(dec *json.Decoder) (any, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := &object{}
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				return nil, err
			}
			value, err := parseValue(dec)
			if err != nil {
				return nil, err
			}
			o.members = append(o.members, member{name.(string), value})
		}
		_, err := dec.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for dec.More() {
			value, err := parseValue(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := dec.Token()
		return list, err
	}
	return token, nil
}

// encode writes a value without white space.
func encode(v any) []byte {
	var buf bytes.Buffer
	encodeTo(&buf, v)
	return buf.Bytes()
}

func encodeTo(buf *bytes.Buffer, v any) {
	switch v := v.(type) {
	case *object:
		buf.WriteByte('{')
		for i, m := range v.members {
			if i > 0 {
				buf.WriteByte(',')
			}
			encodeTo(buf, m.name)
			buf.WriteByte(':')
			encodeTo(buf, m.value)
		}
		buf.WriteByte('}')
	case []any:
		buf.WriteByte('[')
		for i, element := range v {
			if i > 0 {
				buf.WriteByte(',')
			}
			encodeTo(buf, element)
		}
		buf.WriteByte(']')
	default:
		enc := json.NewEncoder(buf)
		enc.SetEscapeHTML(false)
		must(enc.Encode(v))
		buf.Truncate(buf.Len() - 1) // the newline
	}
}

// clone returns a copy that shares nothing with v.
func clone(v any) any {
	switch v := v.(type) {
	case *object:
		o := &object{members: make([]member, len(v.members))}
		for i, m := range v.members {
			o.members[i] = member{m.name, clone(m.value)}
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = clone(element)
		}
		return list
	}
	return v
}

// walk replaces every value that is not an object or a list by what change
// returns for it. The path has the members' names; that of an element is "*".
func walk(v any, path []string, change func(path []string, leaf any) any) any {
	switch v := v.(type) {
	case *object:
		for i, m := range v.members {
			v.members[i].value = walk(m.value, append(path, m.name), change)
		}
		return v
	case []any:
		for i, element := range v {
			v[i] = walk(element, append(path, "*"), change)
		}
		return v
	}
	return change(path, v)
}

// assign sets the value at each place that a pattern such as
// "service.action.**.remoteIpDetails.ipAddressV4" matches: "*" is any one
// member or element, a number an element, "**" any number of steps. Nothing is
// added where the pattern matches nothing.
func assign(v any, pattern string, value any) {
	assignAt(v, strings.Split(pattern, "."), value)
}

func assignAt(v any, steps []string, value any) any {
	if len(steps) == 0 {
		switch v.(type) {
		case *object, []any:
			return v
		}
		return value
	}
	if steps[0] == "**" {
		v = assignAt(v, steps[1:], value)
	}
	next := func(name string, child any) any {
		switch steps[0] {
		case "**":
			return assignAt(child, steps, value)
		case "*", name:
			return assignAt(child, steps[1:], value)
		}
		return child
	}
	switch v := v.(type) {
	case *object:
		for i, m := range v.members {
			v.members[i].value = next(m.name, m.value)
		}
	case []any:
		for i, element := range v {
			v[i] = next(strconv.Itoa(i), element)
		}
	}
	return v
}
