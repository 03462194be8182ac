package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/outbound"
)

// damagedError is the error of a row that cannot be read. It names the row.
type damagedError struct {
	key string
	err error
}

func (d *damagedError) Error() string { return d.err.Error() }

// fix says what to do about the row; empty for what the catalogue advises.
func (d *damagedError) fix() string {
	const page = `; see "A damaged row" in docs/operations.md`
	switch (row{Key: d.key}).kind() {
	case "done":
		return "delete the row; the findings of its object may be delivered again" + page
	case "held":
		return "correct the row; if it were deleted, what its folder is behind would not be delivered" + page
	case "pending":
		return "correct the row; if it were deleted, its object would not be read again" + page
	case leaseKey:
		return "delete the row when no run is in progress" + page
	default:
		return ""
	}
}

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
		return s.damaged(d, d.fix())
	}
	response, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok {
		what := "cannot reach " + s.where
		return &fault.Fault{Code: fault.StateUnreachable, What: what, Err: outbound.Reason(err, what)}
	}
	status, code := inner(response)
	short := fmt.Errorf("%s (HTTP %d)", cmp.Or(code, http.StatusText(status)), status)
	if status == http.StatusForbidden || status == http.StatusUnauthorized {
		return &fault.Fault{
			Code: fault.StateRefused,
			What: fmt.Sprintf("no permission to %s %s", what, s.where),
			Err:  short,
			Fix:  s.access.fix(code),
		}
	}
	return &fault.Fault{
		Code: fault.StateUnreachable,
		What: fmt.Sprintf("cannot %s %s", what, s.where),
		Err:  short,
		Fix:  "a later run tries again", // it was reached: neither the connection nor the network is wrong
	}
}

// passing reports whether err is that of a transaction which may succeed when it
// is made again: the service was too busy or too slow for it. The client makes
// only those again whose outer answer says so.
func passing(err error) bool { return outbound.Again(within(err)) }

// missing reports whether err is that of a transaction in which a row to be
// deleted is not there.
func missing(err error) bool { return within(err) == http.StatusNotFound }

// changed reports whether err is that of a transaction in which a row is not at
// the version given, or not there.
func changed(err error) bool {
	status := within(err)
	return status == http.StatusPreconditionFailed || status == http.StatusNotFound
}

// within is the status inside the answer to a transaction; 0 when there is none.
func within(err error) int {
	response, ok := errors.AsType[*azcore.ResponseError](err)
	if !ok || response.StatusCode != http.StatusAccepted {
		return 0
	}
	status, _ := inner(response)
	return status
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

func (s *Store) damaged(err error, fix string) error {
	return &fault.Fault{
		Code: fault.StateDamaged,
		What: s.where + " has an unreadable row in partition " + s.partition,
		Err:  fault.Line(err),
		Fix:  fix,
	}
}

func (s *Store) conflict(what string) error {
	return &fault.Fault{
		Code: fault.StateConflict,
		What: "another run " + what + " meanwhile",
		Err:  ingest.ErrConflict,
	}
}
