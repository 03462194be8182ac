package guardduty

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Parser parses lines, one at a time. The zero value is ready and picks
// nothing.
type Parser struct {
	Paths *Paths // what to pick

	dec    jsontext.Decoder
	src    bytes.Buffer
	line   []byte
	values [][]byte
	rest   []Member
}

// Parse checks the whole line strictly (RFC 8259, no duplicate names, valid
// UTF-8), in one pass, and returns its finding, which is valid until the next
// call. Its errors say what is wrong with the line and never quote it.
func (p *Parser) Parse(line []byte) (Finding, error) {
	if p.Paths == nil {
		p.Paths = noPaths
	}
	if p.values == nil {
		p.values = make([][]byte, p.Paths.number)
	}
	if hasManyNames(line) {
		return Finding{}, errManyNames
	}
	clear(p.values)
	p.line, p.rest = line, p.rest[:0]
	if len(line) > longLine || hasManyParts(line) {
		defer p.forget()
	}
	if err := p.whole(); err != nil {
		return Finding{}, err
	}
	own := p.values[p.Paths.own:]
	f := Finding{
		Line: line, Values: p.values[:p.Paths.own], Rest: p.rest,
		ID: text(own[idPath]), Account: text(own[accountPath]), Region: text(own[regionPath]),
		Type: text(own[typePath]), UpdatedAt: text(own[updatedAtPath]), Count: string(own[countPath]),
	}
	f.Severity, _ = strconv.ParseFloat(string(own[severityPath]), 64) // no number is 0
	f.Sample = string(own[samplePath]) == "true" || string(own[samplePath]) == `"true"`
	if f.ID == "" {
		arn := text(own[arnPath])
		f.ID = arn[strings.LastIndexByte(arn, '/')+1:]
	}
	if f.ID == "" || f.Type == "" {
		return Finding{}, notFinding(p.rest, line)
	}
	return f, nil
}

// forget gives up the line, and the memory that it took.
func (p *Parser) forget() { *p = Parser{Paths: p.Paths} }

// whole goes through the line, which has to be one object.
func (p *Parser) whole() error {
	p.src = *bytes.NewBuffer(p.line)
	p.dec.Reset(&p.src)
	if kind := p.dec.PeekKind(); kind != '{' {
		if _, err := p.dec.ReadToken(); err != nil {
			return syntaxError(err)
		}
		return fmt.Errorf("%w: a JSON %s where an object is required", ErrNotFinding, kind)
	}
	if err := p.object(p.Paths.root, true); err != nil {
		return syntaxError(err)
	}
	if rest := bytes.TrimLeft(p.line[p.dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return fmt.Errorf("not JSON: more text after the object, at byte %d", len(p.line)-len(rest)+1)
	}
	return nil
}

// object goes through the object that comes next, which stands at n. Of the
// outermost, the members without a path are kept.
func (p *Parser) object(n *node, outermost bool) error {
	if _, err := p.dec.ReadToken(); err != nil {
		return err
	}
	for p.dec.PeekKind() != '}' {
		raw, err := p.dec.ReadValue()
		if err != nil {
			return err
		}
		child, name := n.find(raw)
		value, err := p.value(child)
		if err != nil {
			return err
		}
		if child == nil && outermost {
			p.rest = append(p.rest, Member{string(name), value})
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// value goes through the value that comes next, which stands at n or, when
// that is nil, at no path.
func (p *Parser) value(n *node) ([]byte, error) {
	var value []byte
	if n != nil && n.children != nil && p.dec.PeekKind() == '{' {
		// What PeekKind skipped counts once the token is read.
		start := p.dec.InputOffset() + int64(bytes.IndexByte(p.line[p.dec.InputOffset():], '{'))
		if err := p.object(n, false); err != nil {
			return nil, err
		}
		value = p.line[start:p.dec.InputOffset()]
	} else {
		raw, err := p.dec.ReadValue()
		if err != nil {
			return nil, err
		}
		end := p.dec.InputOffset()
		value = p.line[end-int64(len(raw)) : end]
	}
	if n != nil {
		for _, i := range n.values {
			p.values[i] = value
		}
	}
	return value, nil
}

// find returns the child of a member's name, given in quotes, and the name.
func (n *node) find(quoted []byte) (*node, []byte) {
	name := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name, _ = jsontext.AppendUnquote(nil, quoted) // it was checked by the decoder
	}
	return n.children[string(name)], name
}

// syntaxError says where and what, without quoting the line.
func syntaxError(err error) error {
	if se, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Errorf("not JSON: %w at byte %d", cause(se), se.ByteOffset+1)
	}
	return fmt.Errorf("not JSON: %w", err)
}

// cause returns the innermost reason, of which only fixed texts are kept: the
// library's own quote the input.
func cause(se *jsontext.SyntacticError) error {
	switch {
	case errors.Is(se, jsontext.ErrDuplicateName):
		return errors.New("duplicate name")
	case errors.Is(se, jsontext.ErrNonStringName):
		return errors.New("a name that is not a string")
	case bytes.Contains([]byte(se.Err.Error()), []byte("UTF-8")):
		return errors.New("invalid UTF-8")
	case bytes.Contains([]byte(se.Err.Error()), []byte("unexpected EOF")):
		return errors.New("it ends too early")
	default:
		return errors.New("invalid syntax")
	}
}

// notFinding distinguishes an empty list from everything else.
func notFinding(rest []Member, line []byte) error {
	compact := func() string { return string(bytes.Join(bytes.Fields(line), nil)) }
	if len(rest) == 1 && rest[0].Name == "findings" && compact() == `{"findings":[]}` {
		return ErrNoFindings
	}
	return fmt.Errorf("%w: it lacks type, or id and arn", ErrNotFinding)
}

// text returns the text of a JSON string, or "" for anything else.
func text(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return ""
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1])
	}
	s, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return ""
	}
	return string(s)
}
