package sentinel

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// node is one member name on the way to columns.
type node struct {
	children map[string]*node
	columns  []int // indexes of the columns that take the value here
}

// tree arranges the columns by their paths.
func tree(columns []column) *node {
	root := &node{children: make(map[string]*node)}
	for i, c := range columns {
		n := root
		for name := range strings.SplitSeq(c.path, ".") {
			child := n.children[name]
			if child == nil {
				child = &node{children: make(map[string]*node)}
				n.children[name] = child
			}
			n = child
		}
		n.columns = append(n.columns, i)
	}
	return root
}

// picker finds the columns' values in one pass over a member of a finding.
// The bytes have been checked as part of the line, so nothing is checked again.
type picker struct {
	dec    *jsontext.Decoder
	src    bytes.Buffer
	data   []byte
	values [][]byte // by column; nil where the finding has none
}

func newPicker(columns int) *picker {
	return &picker{dec: new(jsontext.Decoder), values: make([][]byte, columns)}
}

// pick takes the values at n and below from value.
func (p *picker) pick(n *node, value []byte) error {
	for _, i := range n.columns {
		p.values[i] = value
	}
	if len(n.children) == 0 || value[0] != '{' {
		return nil
	}
	p.data = value
	p.src = *bytes.NewBuffer(value)
	p.dec.Reset(&p.src, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return p.object(n)
}

// object goes through the object that comes next in the decoder.
func (p *picker) object(n *node) error {
	if _, err := p.dec.ReadToken(); err != nil {
		return err
	}
	for p.dec.PeekKind() != '}' {
		name, err := p.dec.ReadToken()
		if err != nil {
			return err
		}
		if err := p.member(n.children[name.String()]); err != nil {
			return err
		}
	}
	_, err := p.dec.ReadToken()
	return err
}

// member takes the value that comes next; child is nil for one that no column
// wants.
func (p *picker) member(child *node) error {
	if child == nil {
		return p.dec.SkipValue()
	}
	if p.dec.PeekKind() == '{' && len(child.children) > 0 && len(child.columns) == 0 {
		return p.object(child)
	}
	value, err := p.dec.ReadValue()
	if err != nil {
		return err
	}
	end := p.dec.InputOffset()
	for _, i := range child.columns {
		p.values[i] = p.data[end-int64(len(value)) : end]
	}
	return nil
}
