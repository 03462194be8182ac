package s3server_test

import (
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"guardduty-sentinel/dev/internal/s3server"
)

// listed lists one object, with or without its restore status.
func listed(t *testing.T, c *s3.Client, key string, more ...types.OptionalObjectAttributes) types.Object {
	t.Helper()
	out, err := c.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{
		Bucket: aws.String(s3server.DefaultBucket), Prefix: &key, OptionalObjectAttributes: more,
	})
	if err != nil || len(out.Contents) != 1 {
		t.Fatalf("ListObjectsV2(%s) = %+v, %v, want one object", key, out, err)
	}
	return out.Contents[0]
}

func TestPlacesOfObjects(t *testing.T) {
	srv, c := start(t, s3server.Options{})
	until := time.Date(2026, 8, 9, 0, 0, 0, 0, time.UTC)
	for name, at := range map[string]struct {
		place s3server.Place
		class types.ObjectStorageClass
		read  string // the error code
	}{
		"standard":  {s3server.Place{}, "STANDARD", "ok"},
		"instant":   {s3server.Place{Class: "GLACIER_IR"}, "GLACIER_IR", "ok"},
		"glacier":   {s3server.Place{Class: "GLACIER"}, "GLACIER", "InvalidObjectState"},
		"deep":      {s3server.Place{Class: "DEEP_ARCHIVE"}, "DEEP_ARCHIVE", "InvalidObjectState"},
		"restoring": {s3server.Place{Class: "GLACIER", Restoring: true}, "GLACIER", "InvalidObjectState"},
		"restored":  {s3server.Place{Class: "GLACIER", Restored: until}, "GLACIER", "ok"},
		"tiering":   {s3server.Place{Class: "INTELLIGENT_TIERING"}, "INTELLIGENT_TIERING", "ok"},
		"archive tier": {
			s3server.Place{Class: "INTELLIGENT_TIERING", Tier: "ARCHIVE_ACCESS"},
			"INTELLIGENT_TIERING",
			"InvalidObjectState",
		},
	} {
		t.Run(name, func(t *testing.T) {
			put(t, srv, name)
			before := listed(t, c, name)
			if err := srv.Move(name, at.place); err != nil {
				t.Fatal(err)
			}
			_, _, err := get(t, c, name)
			if got := code(err); got != at.read {
				t.Errorf("GetObject = %s, want %s", got, at.read)
			}
			if state, ok := errors.AsType[*types.InvalidObjectState](err); ok &&
				(string(state.StorageClass) != string(at.class) || string(state.AccessTier) != at.place.Tier) {
				t.Errorf("GetObject = %+v, want class and tier of %+v", state, at.place)
			}
			after := listed(t, c, name)
			if after.StorageClass != at.class || after.RestoreStatus != nil || *after.ETag != *before.ETag ||
				!after.LastModified.Equal(*before.LastModified) {
				t.Errorf("ListObjectsV2 = %+v, want %+v in %s", after, before, at.class)
			}
			status := listed(t, c, name, types.OptionalObjectAttributesRestoreStatus).RestoreStatus
			if status == nil != (!at.place.Restoring && at.place.Restored.IsZero()) {
				t.Fatalf("RestoreStatus = %+v, want it as of %+v", status, at.place)
			}
			if status != nil && (aws.ToBool(status.IsRestoreInProgress) != at.place.Restoring ||
				!aws.ToTime(status.RestoreExpiryDate).Equal(at.place.Restored)) {
				t.Errorf("RestoreStatus = %+v, want that of %+v", status, at.place)
			}
		})
	}
	if err := srv.Move("none", s3server.Place{Class: "GLACIER"}); err == nil {
		t.Error("Move of a missing object = nil, want an error")
	}
}
