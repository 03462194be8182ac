package guardduty

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Finding is one line of an export object. All slices point into the line.
type Finding struct {
	Line    []byte   // the whole line
	Members []Member // the top-level members, in the order of the line

	ID        string // of the finding; where the line has none, that at the end of its ARN
	Type      string
	Severity  float64 // from 1.0 to 10.0; 0 when the line has no number there
	UpdatedAt string  // RFC 3339 in every export seen
	Count     string  // service.count, the number as it stands in the line
	Sample    bool    // service.additionalInfo.sample: made by "generate sample findings"
}

// Member is a top-level member of a finding.
type Member struct {
	Name  string
	Value []byte // JSON, byte for byte as in the line
}

// ErrNotFinding marks a line of valid JSON that is no finding.
var ErrNotFinding = errors.New("not a finding")

// ErrNoFindings marks a line such as {"findings":[]}: valid, and empty. It is
// an ErrNotFinding too.
var ErrNoFindings = fmt.Errorf("%w: an empty list", ErrNotFinding)

// Parser parses lines, one at a time. The zero value is ready.
type Parser struct {
	dec     jsontext.Decoder
	src     bytes.Buffer
	members []Member
}

// Parse checks the whole line strictly (RFC 8259, no duplicate names, valid
// UTF-8) and returns its finding, which is valid until the next call. Its
// errors say what is wrong with the line and never quote it.
func (p *Parser) Parse(line []byte) (Finding, error) {
	p.members = p.members[:0]
	f := Finding{Line: line}
	if err := p.object(line, func(name string, value []byte) error {
		p.members = append(p.members, Member{name, value})
		return nil
	}); err != nil {
		return Finding{}, err
	}
	f.Members = p.members
	var service []byte
	var arn string
	for _, m := range p.members {
		switch m.Name {
		case "id":
			f.ID = text(m.Value)
		case "arn":
			arn = text(m.Value)
		case "type":
			f.Type = text(m.Value)
		case "updatedAt":
			f.UpdatedAt = text(m.Value)
		case "severity":
			f.Severity, _ = strconv.ParseFloat(string(m.Value), 64)
		case "service":
			service = m.Value
		}
	}
	if f.ID == "" {
		f.ID = arn[strings.LastIndexByte(arn, '/')+1:]
	}
	if f.ID == "" || f.Type == "" {
		return Finding{}, notFinding(p.members)
	}
	if len(service) > 0 && service[0] == '{' {
		if err := p.service(&f, service); err != nil {
			return Finding{}, err
		}
	}
	return f, nil
}

// service reads the two members of service that decide about a finding. The
// bytes were checked as part of the line.
func (p *Parser) service(f *Finding, service []byte) error {
	return p.object(service, func(name string, value []byte) error {
		switch {
		case name == "count":
			f.Count = string(value)
		case name == "additionalInfo" && value[0] == '{':
			var inner Parser
			return inner.object(value, func(name string, value []byte) error {
				f.Sample = f.Sample || name == "sample" && (string(value) == "true" || text(value) == "true")
				return nil
			})
		}
		return nil
	})
}

// object calls member with each member of the JSON object that data is.
func (p *Parser) object(data []byte, member func(name string, value []byte) error) error {
	p.src = *bytes.NewBuffer(data)
	p.dec.Reset(&p.src)
	tok, err := p.dec.ReadToken()
	if err != nil {
		return syntaxError(err)
	}
	if tok.Kind() != '{' {
		return fmt.Errorf("%w: a JSON %s where an object was wanted", ErrNotFinding, tok.Kind())
	}
	for p.dec.PeekKind() != '}' {
		tok, err := p.dec.ReadToken()
		if err != nil {
			return syntaxError(err)
		}
		name := tok.String()
		value, err := p.dec.ReadValue()
		if err != nil {
			return syntaxError(err)
		}
		end := p.dec.InputOffset()
		if err := member(name, data[end-int64(len(value)):end]); err != nil {
			return err
		}
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return syntaxError(err)
	}
	if rest := bytes.TrimLeft(data[p.dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return fmt.Errorf("not JSON: more text after the object, at byte %d", len(data)-len(rest)+1)
	}
	return nil
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

// notFinding tells an empty list from everything else.
func notFinding(members []Member) error {
	if len(members) == 1 && members[0].Name == "findings" && string(bytes.Join(bytes.Fields(members[0].Value), nil)) == "[]" {
		return ErrNoFindings
	}
	return fmt.Errorf("%w: it lacks type, or id and arn", ErrNotFinding)
}

// text returns the text of a JSON string, or "" for anything else.
func text(value []byte) string {
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	s, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return ""
	}
	return string(s)
}
