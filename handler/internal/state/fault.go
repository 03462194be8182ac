package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
)

// damagedError marks a row that cannot be read.
type damagedError struct{ err error }

func (d *damagedError) Error() string { return d.err.Error() }

func isCode(err error, code string) bool {
	response, ok := errors.AsType[*azcore.ResponseError](err)
	return ok && response.ErrorCode == code
}

func isStatus(err error, status int) bool {
	response, ok := errors.AsType[*azcore.ResponseError](err)
	return ok && response.StatusCode == status
}

// fault turns an error of the client into the fault of the run.
func (s *Store) fault(what string, err error) error {
	if known, ok := errors.AsType[*fault.Fault](err); ok {
		return known
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	if d, ok := errors.AsType[*damagedError](err); ok {
		return s.damaged(d)
	}
	response, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		return &fault.Fault{
			Code: fault.StateUnreachable,
			What: "cannot reach " + s.where,
			Err:  fault.Line(withoutURL(err)),
		}
	}
	status, code := inner(response)
	short := fmt.Errorf("%s (HTTP %d)", cmp.Or(code, http.StatusText(status)), status)
	if status == http.StatusForbidden || status == http.StatusUnauthorized {
		return &fault.Fault{
			Code: fault.StateRefused,
			What: fmt.Sprintf("no permission to %s %s", what, s.where),
			Err:  short,
		}
	}
	return &fault.Fault{
		Code: fault.StateUnreachable,
		What: fmt.Sprintf("cannot %s %s", what, s.where),
		Err:  short,
		Fix:  "a later run tries again", // it was reached: neither the connection nor the network is wrong
	}
}

// withoutURL removes the address of a failed request: with a shared access
// signature it holds the signature.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// inner returns the status and code of an answer. For a transaction they stand
// in the body only: the client keeps those of the outer answer.
func inner(response *azcore.ResponseError) (int, string) {
	status, code := response.StatusCode, response.ErrorCode
	if status != http.StatusAccepted {
		return status, code
	}
	text := response.Error()
	if m := regexp.MustCompile(`HTTP/1\.1 ([45][0-9]{2})`).FindStringSubmatch(text); m != nil {
		fmt.Sscan(m[1], &status)
	}
	if m := regexp.MustCompile(`"code":\s*"([A-Za-z]+)"`).FindStringSubmatch(text); m != nil {
		code = m[1]
	}
	return status, code
}

func (s *Store) damaged(err error) error {
	return &fault.Fault{
		Code: fault.StateDamaged,
		What: s.where + " has an unreadable row in partition " + s.partition,
		Err:  fault.Line(err),
	}
}

func (s *Store) conflict() error {
	return &fault.Fault{
		Code: fault.StateConflict,
		What: "another run advanced the watermark meanwhile",
		Err:  ingest.ErrConflict,
	}
}
