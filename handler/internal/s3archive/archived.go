package s3archive

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
)

// archivedIn is the storage class of a listed object that cannot be read before
// it is restored, or empty. Objects of GLACIER_IR can be read at any time; those
// in an archive tier of INTELLIGENT_TIERING cannot, which no listing tells.
func archivedIn(o types.Object) string {
	switch o.StorageClass {
	case types.ObjectStorageClassGlacier, types.ObjectStorageClassDeepArchive:
	default:
		return ""
	}
	if s := o.RestoreStatus; s != nil && !aws.ToBool(s.IsRestoreInProgress) && s.RestoreExpiryDate != nil {
		return "" // a restored copy is there until then
	}
	return string(o.StorageClass)
}

// What a restore asks for: an object that is restored from a class is a copy
// for some days, one from a tier moves back.
const (
	restoreClass = "Days=7"
	restoreTier  = "{}"
)

// archived is the fault of an object that has to be restored first.
func (a *Archive) archived(key, place, request string) error {
	return &fault.Fault{
		Code: fault.Archived,
		What: fmt.Sprintf("S3 keeps %s of %s in %s", key, a.where(), place),
		Err:  ingest.ErrArchived,
		Fix: fmt.Sprintf("restore it with aws s3api restore-object --bucket %s --key KEY --restore-request %s, "+
			"then have it read again: docs/operations.md, \"Archived objects\"", a.cfg.Bucket, request),
	}
}

// archivedAnswer knows the answer of S3 to a read of an archived object, or
// returns nil.
func (a *Archive) archivedAnswer(key string, err error) error {
	if code(err) != "InvalidObjectState" {
		return nil
	}
	state, _ := errors.AsType[*types.InvalidObjectState](err)
	if state != nil && state.AccessTier != "" {
		return a.archived(key, fmt.Sprintf("the tier %s of %s", state.AccessTier,
			cmp.Or(state.StorageClass, types.StorageClassIntelligentTiering)), restoreTier)
	}
	if state != nil && state.StorageClass != "" {
		return a.archived(key, string(state.StorageClass), restoreClass)
	}
	return a.archived(key, "an archive", restoreClass)
}
