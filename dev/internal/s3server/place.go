package s3server

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/johannesboyne/gofakes3"
)

// Place is where an object is stored. The zero value is the class STANDARD.
type Place struct {
	Class string // a storage class, such as GLACIER
	// Tier is the archive tier of an object in INTELLIGENT_TIERING, such as
	// ARCHIVE_ACCESS; no listing shows it.
	Tier string
	// Restoring says that a restore is in progress; Restored is until when a
	// restored copy can be read, zero for none.
	Restoring bool
	Restored  time.Time
}

func (p Place) class() string {
	if p.Class == "" {
		return string(gofakes3.StorageStandard)
	}
	return p.Class
}

// archived reports whether the object has to be restored before it can be read.
func (p Place) archived() bool {
	return (p.Class == "GLACIER" || p.Class == "DEEP_ARCHIVE" || p.Tier != "") && p.Restored.IsZero()
}

// Move puts an object of the server's bucket to another place, as a lifecycle
// rule or a restore does: its ETag and LastModified stay. A missing object is an
// error.
func (s *Server) Move(key string, to Place) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	old := s.store.buckets[s.bucket].objects[key]
	if old == nil {
		return fmt.Errorf("move %q in %q: there is no such object", key, s.bucket)
	}
	moved := *old
	moved.place = to
	s.store.buckets[s.bucket].objects[key] = &moved
	return nil
}

// archived answers 403 to a read of an object that has to be restored first, as
// S3 does (API reference, "GetObject", InvalidObjectState).
func (s *Server) archived(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req := classify(r)
		o, err := s.store.object(req.Bucket, req.Key)
		if req.Operation != GetObject || err != nil || !o.place.archived() {
			next.ServeHTTP(w, r) // a missing object is gofakes3's to report
			return
		}
		answer(w, http.StatusForbidden, struct {
			XMLName      xml.Name `xml:"Error"`
			Code         string
			Message      string
			StorageClass string
			AccessTier   string `xml:",omitempty"`
		}{
			Code: "InvalidObjectState", Message: "The operation is not valid for the object's storage class",
			StorageClass: o.place.class(), AccessTier: o.place.Tier,
		})
	})
}

// restoreStatus is part of a listing only where the request asks for it.
type restoreStatus struct {
	IsRestoreInProgress bool
	RestoreExpiryDate   string `xml:",omitempty"`
}

func asksForRestoreStatus(r *http.Request) bool {
	for _, line := range r.Header.Values("X-Amz-Optional-Object-Attributes") {
		for name := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(name) == "RestoreStatus" {
				return true
			}
		}
	}
	return false
}

// addRestoreStatus adds it for the objects that are restored, or will be.
func (s *Server) addRestoreStatus(bucket string, out *listResult, found *gofakes3.ObjectList) {
	for i, listed := range found.Contents {
		o, err := s.store.object(bucket, listed.Key)
		if err != nil || !o.place.Restoring && o.place.Restored.IsZero() {
			continue
		}
		status := &restoreStatus{IsRestoreInProgress: o.place.Restoring}
		if !o.place.Restored.IsZero() {
			status.RestoreExpiryDate = o.place.Restored.UTC().Format(time.RFC3339)
		}
		out.Contents[i].RestoreStatus = status
	}
}
