package guardduty

import (
	"errors"
	"fmt"
)

// Finding is one line of an export object. All slices point into the line.
type Finding struct {
	Line   []byte   // the whole line
	Values [][]byte // what stands at the parser's paths, in their order, byte for byte; nil where there is nothing
	Rest   []Member // the top-level members at which no path begins, in the order of the line

	ID        string // of the finding; where the line has none, that at the end of its ARN
	Account   string // the AWS account that the finding is of
	Region    string
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

// ErrNotFinding marks a line of valid JSON that is not a finding.
var ErrNotFinding = errors.New("not a finding")

// ErrNoFindings marks a line such as {"findings":[]}: valid, and empty. It is
// an ErrNotFinding too.
var ErrNoFindings = fmt.Errorf("%w: an empty list", ErrNotFinding)
