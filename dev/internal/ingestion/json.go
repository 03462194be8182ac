package ingestion

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds the nesting of a row, and with it the scanner's stack.
const maxDepth = 100

var errDepth = fmt.Errorf("nesting is deeper than %d", maxDepth)

// member is one name of an object with its value's text as it came.
type member struct {
	name string
	text []byte
}

// elements returns the text of each element of the array in data, without
// copying. It is strict where the standard library is lax: text that is not
// UTF-8, half a surrogate pair, the same name twice in one object at any
// depth, and anything after the array are errors.
func elements(data []byte) ([][]byte, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("the body is not UTF-8")
	}
	if !json.Valid(data) {
		return nil, errors.New("the body is not one JSON text")
	}
	s := scanner{data: data}
	s.space()
	if s.data[s.pos] != '[' {
		return nil, errors.New("the body is not an array")
	}
	var list [][]byte
	err := s.list(']', func() error {
		text, err := s.value(1)
		if err != nil {
			return &RowError{Row: len(list), Reason: err.Error()}
		}
		list = append(list, text)
		return nil
	})
	return list, err
}

// members returns the members of an object that elements has returned.
func members(object []byte) ([]member, error) {
	if object[0] != '{' {
		return nil, errors.New("is not an object")
	}
	s := scanner{data: object}
	var list []member
	err := s.list('}', func() error {
		name, err := s.name()
		if err != nil {
			return err
		}
		text, err := s.value(1)
		list = append(list, member{name, text})
		return err
	})
	return list, err
}

// scanner walks over text that json.Valid has accepted, and so never looks
// for a fault of syntax.
type scanner struct {
	data []byte
	pos  int
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.pos++
		default:
			return
		}
	}
}

// list walks an array or an object, from its opening bracket to end, and
// calls item at the start of each item.
func (s *scanner) list(end byte, item func() error) error {
	s.pos++
	for s.space(); s.data[s.pos] != end; s.space() {
		if s.data[s.pos] == ',' {
			s.pos++
			s.space()
		}
		if err := item(); err != nil {
			return err
		}
	}
	s.pos++
	return nil
}

// name walks an object's name and the colon after it.
func (s *scanner) name() (string, error) {
	s.space()
	text := s.quoted()
	s.space()
	s.pos++
	return unquote(text)
}

// quoted walks a string and returns its text with the quotes.
func (s *scanner) quoted() []byte {
	start := s.pos
	for s.pos++; s.data[s.pos] != '"'; s.pos++ {
		if s.data[s.pos] == '\\' {
			s.pos++
		}
	}
	s.pos++
	return s.data[start:s.pos]
}

// value walks any value, depth levels down, and returns its text.
func (s *scanner) value(depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	s.space()
	start := s.pos
	var err error
	switch s.data[s.pos] {
	case '"':
		_, err = unquote(s.quoted())
	case '[':
		err = s.list(']', func() error {
			_, err := s.value(depth + 1)
			return err
		})
	case '{':
		seen := make(map[string]struct{})
		err = s.list('}', func() error {
			name, err := s.name()
			if err != nil {
				return err
			}
			if _, twice := seen[name]; twice {
				return fmt.Errorf("the name %q is there twice in one object", name)
			}
			seen[name] = struct{}{}
			_, err = s.value(depth + 1)
			return err
		})
	default:
		s.bare()
	}
	return s.data[start:s.pos], err
}

// bare walks a number, true, false or null.
func (s *scanner) bare() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ',', ']', '}', ' ', '\t', '\r', '\n':
			return
		}
		s.pos++
	}
}

// unquote returns the string that text stands for.
func unquote(text []byte) (string, error) {
	plain := true
	for i := 1; i < len(text)-1; i++ {
		if text[i] != '\\' {
			continue
		}
		plain = false
		i++
		if text[i] != 'u' {
			continue
		}
		r := unit(text, i-1)
		i += 4
		if !utf16.IsSurrogate(r) {
			continue
		}
		if utf16.DecodeRune(r, unit(text, i+1)) == utf8.RuneError {
			return "", errors.New("a string has half a surrogate pair")
		}
		i += 6
	}
	if plain {
		return string(text[1 : len(text)-1]), nil
	}
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return "", err
	}
	return s, nil
}

// unit returns the code unit of the escape \uXXXX at text[i], or 0 where
// there is no such escape.
func unit(text []byte, i int) rune {
	if len(text) < i+6 || text[i] != '\\' || text[i+1] != 'u' {
		return 0
	}
	v, err := strconv.ParseUint(string(text[i+2:i+6]), 16, 16)
	if err != nil {
		return 0
	}
	return rune(v)
}
