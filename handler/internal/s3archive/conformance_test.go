package s3archive_test

import (
	"testing"

	"guardduty-sentinel/handler/internal/ingest/ingesttest"
)

// The suite runs against two servers made by others.
func TestConformance(t *testing.T) {
	for name, start := range map[string]func(*testing.T) server{"gofakes3": embedded, "versitygw": versity} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			ingesttest.Archive(t, ingesttest.ArchiveFixture{Archive: s.archive(), Put: s.put, Delete: s.delete})
		})
	}
}
