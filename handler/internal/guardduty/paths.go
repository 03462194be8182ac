package guardduty

import "strings"

// Paths are places in a finding whose values a Parser picks while it reads the
// line.
type Paths struct {
	root   *node
	number int // of all values, those that a Parser needs itself among them
	own    int // where those begin
}

// The places that decide about a finding, in the order in which Paths has them
// after all others.
const (
	idPath = iota
	arnPath
	typePath
	severityPath
	updatedAtPath
	countPath
	samplePath
	accountPath
	regionPath
)

var ownPaths = []string{
	idPath:        "id",
	arnPath:       "arn",
	typePath:      "type",
	severityPath:  "severity",
	updatedAtPath: "updatedAt",
	countPath:     "service.count",
	samplePath:    "service.additionalInfo.sample",
	accountPath:   "accountId",
	regionPath:    "region",
}

// NewPaths returns the paths, each of member names joined by dots. A path may
// be named twice, and one may lead on from another.
func NewPaths(paths ...string) *Paths {
	p := &Paths{root: &node{}, own: len(paths)}
	for _, list := range [][]string{paths, ownPaths} {
		for _, path := range list {
			n := p.root
			for name := range strings.SplitSeq(path, ".") {
				n = n.child(name)
			}
			n.values = append(n.values, p.number)
			p.number++
		}
	}
	return p
}

// noPaths are those of a Parser that was given none.
var noPaths = NewPaths()

// node is one member name on the way along paths.
type node struct {
	children map[string]*node
	values   []int // of the paths that end here
}

// child returns the node of a member, a new one where there is none.
func (n *node) child(name string) *node {
	if n.children == nil {
		n.children = make(map[string]*node)
	}
	if n.children[name] == nil {
		n.children[name] = &node{}
	}
	return n.children[name]
}
