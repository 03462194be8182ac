package s3archive

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/outbound"
)

// keyRefused reports whether AWS did not accept the credentials themselves.
func keyRefused(err error) bool {
	switch code(err) {
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired":
		return true
	}
	return false
}

// listFault turns an error of a listing into the fault of the run.
func (a *Archive) listFault(err error) error {
	if f := a.commonFault(err); f != nil {
		return f
	}
	if code(err) == "AccessDenied" || status(err) == http.StatusForbidden {
		what := "S3 refused to list " + a.where()
		return &fault.Fault{Code: fault.ListRefused, What: what, Err: short(err), Fix: a.fix()}
	}
	return a.unreachable("list", err)
}

// fix is what may be wrong beside the reader's permissions; empty for nothing.
func (a *Archive) fix() string {
	if a.cfg.Owner == "" {
		return ""
	}
	return fmt.Sprintf("allow the reader s3:ListBucket on the bucket, and check that it belongs to the account %s, as "+
		"S3_BUCKET_OWNER says", a.cfg.Owner)
}

// readFault turns an error of a read into what the engine knows of objects, or
// into a fault.
func (a *Archive) readFault(key string, err error) error {
	switch {
	case noSuchKey(err):
		return ingest.ErrGone
	case status(err) == http.StatusPreconditionFailed:
		return ingest.ErrReplaced
	}
	if f := a.archivedAnswer(key, err); f != nil {
		return f
	}
	if f := a.commonFault(err); f != nil {
		return f
	}
	if code(err) == "AccessDenied" || status(err) == http.StatusForbidden || strings.HasPrefix(code(err), "KMS.") {
		return &fault.Fault{Code: fault.ReadRefused, What: "S3 refused to read from " + a.where(), Err: short(err)}
	}
	return a.unreachable("read", err)
}

// commonFault knows the errors that any call may have.
func (a *Archive) commonFault(err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok || errors.Is(err, context.Canceled) {
		return err
	}
	switch {
	case keyRefused(err):
		return &fault.Fault{Code: fault.KeyRefused, What: "AWS refused the key pair for " + a.where(), Err: short(err)}
	case code(err) == "NoSuchBucket":
		return &fault.Fault{Code: fault.BucketMissing, What: "there is no " + a.where(), Err: short(err)}
	case code(err) == "RequestTimeTooSkewed":
		return &fault.Fault{Code: fault.ClockSkew, What: "AWS refused the request's time", Err: short(err)}
	case otherRegion(err):
		what := fmt.Sprintf("bucket %s is not in %s", a.cfg.Bucket, a.cfg.Region)
		return &fault.Fault{Code: fault.BucketRegion, What: what, Err: short(err)}
	}
	return nil
}

// otherRegion reports whether S3 answered that the bucket is elsewhere.
func otherRegion(err error) bool {
	switch code(err) {
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return true
	}
	return status(err) == http.StatusMovedPermanently
}

func (a *Archive) unreachable(do string, err error) error {
	what := fmt.Sprintf("cannot %s %s", do, a.where())
	if _, answered := errors.AsType[smithy.APIError](err); answered {
		return &fault.Fault{Code: fault.S3Unreachable, What: what, Err: short(err)}
	}
	return &fault.Fault{Code: fault.S3Unreachable, What: what, Err: outbound.Reason(err, what)}
}

// code returns the error code of an answer of AWS.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// status returns the HTTP status of an answer of AWS, or 0.
func status(err error) int {
	if re, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		return re.HTTPStatusCode()
	}
	return 0
}

// short keeps of the SDK's text what helps: code, message and status.
func short(err error) error {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		text := api.ErrorCode()
		if m := api.ErrorMessage(); m != "" && m != text {
			text += ": " + m
		}
		if s := status(err); s != 0 {
			text += fmt.Sprintf(" (HTTP %d)", s)
		}
		return errors.New(text)
	}
	return err
}
