// Package fault names the ways in which a run can fail to do its job.
//
// A fault is one line: a code that never changes its meaning, what happened to
// which thing, and how to fix it. The line reaches the portal's run history as
// the reason phrase of the failed invocation, so it holds no secret.
package fault

import (
	"cmp"
	"errors"
	"slices"
	"strings"
)

// Fault is one failure with its code and its fix.
type Fault struct {
	Code Code
	What string // what happened, naming the thing
	Err  error  // the cause; its text is shown between What and the fix
	Fix  string // what to do about it; empty for what the catalogue advises
}

// lineEnds turns every line end into a space.
var lineEnds = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

// Error returns the fault as one line: code, what, cause, fix.
func (f *Fault) Error() string {
	s := string(f.Code) + " " + f.What
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	if fix := cmp.Or(f.Fix, f.Code.fix()); fix != "" {
		s += "; " + fix
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
	return &Fault{Code: Other, What: "the run failed", Err: err}
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
