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
		return &fault.Fault{Code: fault.ListRefused, What: "S3 refused to list " + a.where(), Err: short(err), Fix: "allow the reader s3:ListBucket on the bucket"}
	}
	return a.unreachable("list", err)
}

// readFault turns an error of a read into what the engine knows of objects, or
// into a fault.
func (a *Archive) readFault(err error) error {
	switch {
	case noSuchKey(err):
		return ingest.ErrGone
	case status(err) == http.StatusPreconditionFailed:
		return ingest.ErrReplaced
	}
	if f := a.commonFault(err); f != nil {
		return f
	}
	if code(err) == "AccessDenied" || status(err) == http.StatusForbidden || strings.HasPrefix(code(err), "KMS.") {
		return &fault.Fault{Code: fault.ReadRefused, What: "S3 refused to read from " + a.where(), Err: short(err), Fix: "allow the reader s3:GetObject on the objects and kms:Decrypt on the export's KMS key"}
	}
	return a.unreachable("read", err)
}

// commonFault knows the errors that any call may have.
func (a *Archive) commonFault(err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok || errors.Is(err, context.Canceled) {
		return err
	}
	switch c := code(err); {
	case keyRefused(err):
		return &fault.Fault{Code: fault.KeyRefused, What: "AWS refused the key pair for " + a.where(), Err: short(err), Fix: "store a valid access key id and secret access key in the vault"}
	case c == "NoSuchBucket":
		return &fault.Fault{Code: fault.BucketMissing, What: "there is no " + a.where(), Err: short(err), Fix: "set S3_BUCKET to the export bucket's name"}
	case c == "RequestTimeTooSkewed":
		return &fault.Fault{Code: fault.ClockSkew, What: "AWS refused the request's time", Err: short(err), Fix: "set this machine's clock"}
	case c == "PermanentRedirect", c == "AuthorizationHeaderMalformed", c == "IllegalLocationConstraintException", status(err) == http.StatusMovedPermanently:
		return &fault.Fault{Code: fault.BucketRegion, What: fmt.Sprintf("bucket %s is not in %s", a.cfg.Bucket, a.cfg.Region), Err: short(err), Fix: "set AWS_REGION to the bucket's region"}
	}
	return nil
}

func (a *Archive) unreachable(what string, err error) error {
	return &fault.Fault{Code: fault.S3Unreachable, What: fmt.Sprintf("cannot %s %s", what, a.where()), Err: short(err), Fix: "a later run tries again; if it stays, look at the network and AWS_ENDPOINT_URL_S3"}
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
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		return op.Err
	}
	return err
}
