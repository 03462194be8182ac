package state_test

import (
	"reflect"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// What is stored outlives the version that stored it: a later version that
// read other names would deliver everything again, or start anew.
func TestContractRows(t *testing.T) {
	cfg, s := store(t)
	o := object(1)
	p := waiting(2)
	record(t, s,
		ingest.Entry{Object: o, Findings: 12, Sent: []ingest.Update{{1, 2, 3}, {4}}, Quarantine: []ingest.Quarantined{{Line: 7, Reason: "not JSON"}}},
		ingest.Entry{Object: p.Object, Pending: &p, Sent: []ingest.Update{{5}}},
	)
	if _, err := s.Acquire(t.Context(), "the owner", 90*time.Second, nobodyGone); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Advance(t.Context(), ingest.Mark{}, at(written)); err != nil {
		t.Fatal(err)
	}
	const (
		source = "s3:guardduty-findings:exports: "
		id1    = "4a8ad3aeba9177009d10fbb86bcec354"
		id2    = "ade1235f004bfbd118ee1fcd3ed4afce"
		key1   = `AWSLogs/1/GuardDuty/eu-west-1/2026/08/01/1 #?\é.jsonl.gz`
		key2   = `AWSLogs/1/GuardDuty/eu-west-1/2026/08/01/2 #?\é.jsonl.gz`
	)
	want := map[string]map[string]any{
		source + "watermark": {"Time": "2026-08-01T02:03:04Z", "Floor": "2026-08-01T01:03:04Z"},
		source + "lease":     {"Owner": "the owner", "Seconds": 90.0},
		source + "sent|20260801T020504Z|" + id2 + "|050000000000000000000000": {"Sent": "BQAAAAAAAAAAAAAA"},
		source + "done|20260801T020404Z|" + id1: {
			"ObjectKey": key1, "ObjectETag": "etag1", "Size": "4294967296", "Size@odata.type": "Edm.Int64", "LastModified": "2026-08-01T02:04:04Z", "Findings": 12.0,
			"Sent": "AQIDAAAAAAAAAAAABAAAAAAAAAAAAAAA",
		},
		source + "quarantine|" + id1 + "|0000000007": {
			"ObjectKey": key1, "ObjectETag": "etag1", "Size": "4294967296", "Size@odata.type": "Edm.Int64", "LastModified": "2026-08-01T02:04:04Z",
			"Line": 7.0, "Reason": "not JSON",
		},
		source + "pending|" + id2: {
			"ObjectKey": key2, "ObjectETag": "etag2", "Size": "8589934592", "Size@odata.type": "Edm.Int64", "LastModified": "2026-08-01T02:05:04Z",
			"Lines": 17.0, "Attempts": 3.0, "Next": "2026-08-01T03:33:04.123456789Z", "Error": "unexpected EOF",
		},
	}
	got := rowsOf(t, cfg)
	for key, properties := range want {
		if !reflect.DeepEqual(got[key], properties) {
			t.Errorf("row %s = %v, want %v", key, got[key], properties)
		}
		delete(got, key)
	}
	for key, properties := range got {
		t.Errorf("row %s = %v, want none", key, properties)
	}
}
