// Package fault names the ways in which a run can fail to do its job.
//
// A fault is one line: a code that never changes its meaning, what happened to
// which thing, and what mends it. The line reaches the portal's run history as
// the reason phrase of the failed invocation, so it holds no secret.
// docs/operations.md lists every code.
package fault

import (
	"errors"
	"slices"
	"strings"
)

// Code identifies one way to fail. The hundreds name the part: 10 the handler
// itself, 11 Azure identity, 12 Key Vault, 13 S3 and AWS credentials, 14 the
// state table, 15 logs ingestion.
type Code string

// The codes. A code is never given another meaning.
const (
	Settings Code = "GD1001" // settings are missing or malformed
	Panic    Code = "GD1002" // the handler has a defect; the stack is in the log
	Other    Code = "GD1003" // anything no other code describes
	Timeout  Code = "GD1004" // the run's budget ended before anything was done

	Token Code = "GD1101" // no Azure token to be had

	VaultUnreachable Code = "GD1201" // Key Vault does not answer
	SecretMissing    Code = "GD1202" // a secret is missing, disabled or empty
	VaultRefused     Code = "GD1203" // Key Vault refused the identity

	KeyRefused     Code = "GD1301" // AWS does not know or accept the key pair
	BucketMissing  Code = "GD1302" // no such bucket
	ListRefused    Code = "GD1303" // listing the bucket is not allowed
	ReadRefused    Code = "GD1304" // reading or decrypting objects is not allowed
	BucketRegion   Code = "GD1305" // the bucket is in another region
	ClockSkew      Code = "GD1306" // this machine's clock is wrong
	S3Unreachable  Code = "GD1307" // S3 does not answer
	RoleRefused    Code = "GD1308" // STS refused the role or the token
	TooManyPending Code = "GD1310" // too many objects cannot be read
	STSUnreachable Code = "GD1309" // STS does not answer

	StateRefused     Code = "GD1401" // the state table refuses the identity or key
	StateUnreachable Code = "GD1402" // the state table does not answer
	StateConflict    Code = "GD1403" // another run changed the state
	StateDamaged     Code = "GD1404" // the state table holds something unreadable

	IngestionRefused     Code = "GD1501" // the identity may not send to the rule
	RuleMissing          Code = "GD1502" // no such rule or stream
	IngestionThrottled   Code = "GD1503" // throttled for longer than a run waits
	IngestionUnreachable Code = "GD1504" // logs ingestion does not answer
	RowsRefused          Code = "GD1505" // every row of a batch was refused
)

// Fault is one failure with its code and its mend.
type Fault struct {
	Code Code
	What string // what happened, naming the thing
	Fix  string // what to do about it
	Err  error  // the cause; its text is shown between What and Fix
}

// lineEnds turns every line end into a space.
var lineEnds = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

// Error returns the fault as one line: code, what, cause, mend.
func (f *Fault) Error() string {
	s := string(f.Code) + " " + f.What
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	if f.Fix != "" {
		s += "; " + f.Fix
	}
	return lineEnds.Replace(s)
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Of returns the fault in err's chain. An error without one becomes a fault
// with the code Other.
func Of(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return &Fault{Code: Other, What: "the run failed", Err: err, Fix: "see the log of this invocation"}
}

// Line returns err's text as one short line of valid UTF-8, for errors of
// libraries that print whole answers. The result does not wrap err.
func Line(err error) error {
	const limit = 300
	words := slices.DeleteFunc(strings.Fields(err.Error()), func(word string) bool {
		return strings.Trim(word, "-") == "" // a rule between parts of an answer
	})
	text := strings.ToValidUTF8(strings.Join(words, " "), "\uFFFD")
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "..."
	}
	return errors.New(text)
}
