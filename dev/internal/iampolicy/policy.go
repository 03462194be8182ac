// Package iampolicy decides what an IAM policy document says of a request, for
// tests of policies that no local server enforces: of KMS keys, of trust, and
// for AWS services.
//
// It knows the part of the policy language that infra/aws uses and refuses the
// rest: an element, operator or form of principal that it does not know is an
// error, never a guess. It follows AWS's description of the evaluation; it is
// not AWS's implementation.
package iampolicy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Request is what somebody asks for.
type Request struct {
	// Kind and Principal say who asks: "AWS" and an ARN, "Service" and a
	// service's name, "Federated" and the ARN of a provider.
	Kind, Principal string
	Action          string
	Resource        string
	// Context holds the condition keys that the request has, Lists those of
	// them that have several values.
	Context map[string]string
	Lists   map[string][]string
}

// Decision is what a document says of a request.
type Decision int

const (
	// Silent means that there is no statement for it.
	Silent Decision = iota
	// Delegated is an allowance for the whole account: the identity's own
	// policies decide.
	Delegated
	// Allowed is an allowance for the principal.
	Allowed
	// Denied is a refusal, which nothing overrules.
	Denied
)

// Document is a policy document.
type Document struct {
	Version   string
	Statement []Statement
}

// Statement is one statement of a document.
type Statement struct {
	Sid, Effect string
	Principal   principals
	Action      texts
	Resource    texts
	Condition   map[string]map[string]texts
}

// Parse reads a document. What the package does not know is an error.
func Parse(text string) (*Document, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	doc := new(Document)
	if err := d.Decode(doc); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if doc.Version != "2012-10-17" || len(doc.Statement) == 0 {
		return nil, errors.New("policy: want version 2012-10-17 and a statement")
	}
	for _, s := range doc.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" || len(s.Action) == 0 {
			return nil, fmt.Errorf("policy: statement %q has effect %q and %d actions", s.Sid, s.Effect, len(s.Action))
		}
		for operator := range s.Condition {
			if _, known := operators[operator]; !known {
				return nil, fmt.Errorf("policy: statement %q: operator %s is not known here", s.Sid, operator)
			}
		}
	}
	return doc, nil
}

// Decide returns what the document says of the request. A document of an
// identity has no principals and holds for its identity; a trust policy has no
// resource and holds for its role.
func (d *Document) Decide(r Request) Decision {
	decision := Silent
	for _, s := range d.Statement {
		who := s.Principal.match(r)
		if who == Silent || !s.Action.match(r.Action, true) ||
			s.Resource != nil && !s.Resource.match(r.Resource, false) || !s.holds(r) {
			continue
		}
		if s.Effect == "Deny" {
			return Denied
		}
		decision = max(decision, who)
	}
	return decision
}

// holds reports whether all conditions do.
func (s Statement) holds(r Request) bool {
	for name, keys := range s.Condition {
		for key, wanted := range keys {
			values := texts(r.Lists[key])
			if value, ok := r.Context[key]; ok {
				values = texts{value}
			}
			if !operators[name].holds(values, wanted) {
				return false
			}
		}
	}
	return true
}
