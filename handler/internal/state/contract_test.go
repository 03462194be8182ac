package state_test

import (
	"reflect"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/ingest"
)

// What is stored outlives the version that stored it: a later version that
// read other names would deliver everything again, or start again.
func TestContractRows(t *testing.T) {
	cfg, _ := store(t)
	cfg.Destination = "https://one dcr-1 Custom-T"
	s := newStore(t, cfg)
	o := object(1)
	p := waiting(2)
	entries := []ingest.Entry{
		{
			Object:     o,
			Findings:   12,
			Sent:       []ingest.Update{{1, 2, 3}, {4}},
			Quarantine: []ingest.Quarantined{{Line: 7, Reason: "not JSON"}},
		},
		{Object: p.Object, Pending: &p, Sent: []ingest.Update{{5}}},
	}
	record(t, s, entries...)
	record(t, s, entries...) // to repeat it adds no row
	if err := s.Summarize(t.Context(), run()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Acquire(t.Context(), "the owner", 90*time.Second, noneGone); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Acquire(t.Context(), "the next", 90*time.Second, allGone); err != nil {
		t.Fatal(err)
	}
	mark := claimed(written)
	mark.Lookback = 7 * 24 * time.Hour
	mark.Kept, mark.Swept = written.Add(-48*time.Hour), written.Add(time.Minute+123456789)
	if _, err := s.Advance(t.Context(), ingest.Mark{}, mark); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Hold(t.Context(), ingest.Held{
		Folder: "AWSLogs/1/", Since: written.Add(1), Mark: written.Add(-time.Hour), Floor: written.Add(-2 * time.Hour),
		Until: written.Add(time.Hour), Tries: 3, Next: written.Add(time.Minute), Error: "AccessDenied",
	}); err != nil {
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
		source + "watermark": {
			"Time": "2026-08-01T02:03:04Z", "Floor": "2026-08-01T01:03:04Z",
			"Lookback": 604800.0, "Kept": "2026-07-30T02:03:04Z", "Swept": "2026-08-01T02:04:04.123456789Z",
			"Destination": "https://one dcr-1 Custom-T",
		},
		source + "lease": {"Owner": "the next", "Seconds": 90.0, "Crashes": 1.0},
		source + "held|102f7756c0660cb633706b52a5ffb29c": {
			"Folder": "AWSLogs/1/", "Since": "2026-08-01T02:03:04.000000001Z",
			"Mark": "2026-08-01T01:03:04Z", "Floor": "2026-08-01T00:03:04Z", "Until": "2026-08-01T03:03:04Z",
			"Tries": 3.0, "Next": "2026-08-01T02:04:04Z", "Error": "AccessDenied",
		},
		source + "done|20260801T020504Z|" + id2 + "|050000000000000000000000": {
			"ObjectKey": key2, "LastModified": "2026-08-01T02:05:04Z", "Sent": "BQAAAAAAAAAAAAAA",
		},
		source + "done|20260801T020404Z|" + id1: {
			"ObjectKey": key1, "ObjectETag": "etag1", "Size": "4294967296", "Size@odata.type": "Edm.Int64",
			"LastModified": "2026-08-01T02:04:04Z", "Findings": 12.0, "Further": false,
			"Sent": "AQIDAAAAAAAAAAAABAAAAAAAAAAAAAAA",
		},
		source + "quarantine|" + id1 + "|0000000007": {
			"ObjectKey": key1, "ObjectETag": "etag1", "Size": "4294967296", "Size@odata.type": "Edm.Int64",
			"LastModified": "2026-08-01T02:04:04Z",
			"Line":         7.0, "Reason": "not JSON",
		},
		source + "pending|" + id2: {
			"ObjectKey": key2, "ObjectETag": "etag2", "Size": "8589934592", "Size@odata.type": "Edm.Int64",
			"LastModified": "2026-08-01T02:05:04Z",
			"Lines":        17.0, "BadLines": 4.0, "Attempts": 3.0, "Opens": 2.0, "Refused": 0.0, "Further": true,
			"Next": "2026-08-01T03:33:04.123456789Z", "Error": "unexpected EOF",
		},
		source + "run|7437822252354775807": {
			"Started": "2026-08-01T02:03:04.5Z", "Seconds": 12.0, "Outcome": "failed", "Failure": "no permission",
			"Objects": 3.0, "Findings": 40.0, "Batches": 2.0, "Bytes": "21474836480", "Bytes@odata.type": "Edm.Int64",
			"Dropped": 12.0, "Repeated": 6.0, "Foreign": 16.0, "Capped": 2.0,
			"Pending": 1.0, "Quarantined": 9.0, "Left": 8.0, "DaysLeft": 2.0,
			"Lists": 21.0, "Reads": 4.0, "Pairs": 20.0, "Held": 1.0, "Waiting": 13.0, "Archived": 14.0, "Late": 15.0,
			"Watermark": "2026-08-01T01:00:00Z", "LagSeconds": 90.5,
		},
	}
	got := rowsOf(t, cfg)
	if _, err := time.Parse(time.RFC3339, got[source+"lease"]["Taken"].(string)); err != nil {
		t.Errorf("the lease was taken at %v", err)
	}
	delete(got[source+"lease"], "Taken") // the service's time
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

// run is the summary of a run, with every field set.
func run() ingest.Summary {
	return ingest.Summary{
		Started:    written.Add(500 * time.Millisecond),
		Duration:   12 * time.Second,
		Plan:       ingest.PlanStats{Lists: 21, Pairs: 20},
		Reads:      4,
		Objects:    3,
		Findings:   40,
		Batches:    2,
		Bytes:      5 << 32,
		Dropped:    map[string]int{"MIN_SEVERITY": 5, "EXCLUDE_SAMPLES": 7},
		Repeated:   6,
		Foreign:    16,
		Capped:     []string{"111122223333 eu-west-1", "111122223333 us-east-1"},
		EmptyLines: 1, BadLines: 5, BadObjects: 4, Pending: 1, Left: 8, WindowsLeft: 2,
		Waiting: 13, Archived: 14, Late: 15, Held: []ingest.Held{{Folder: "AWSLogs/1/"}},
		Watermark: written.Truncate(time.Hour).Add(-time.Hour), Lag: 90500 * time.Millisecond, Failure: "no permission",
	}
}
