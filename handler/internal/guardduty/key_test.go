package guardduty_test

import (
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/guardduty"
)

func TestParseKey(t *testing.T) {
	const name = "ec7b0b8c-5ec8-32ec-8e77-c738515b4f6f.jsonl.gz"
	day := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		prefix, key string
		pair        string // empty: not an export object
	}{
		"account": {
			"",
			"AWSLogs/111122223333/GuardDuty/eu-west-1/2026/11/21/" + name,
			"AWSLogs/111122223333/GuardDuty/eu-west-1/",
		},
		"organization": {
			"",
			"AWSLogs/o-a1b2c3d4e5/111122223333/GuardDuty/us-gov-east-1/2026/11/21/" + name,
			"AWSLogs/o-a1b2c3d4e5/111122223333/GuardDuty/us-gov-east-1/",
		},
		"prefix": {
			"exports/guardduty",
			"exports/guardduty/AWSLogs/111122223333/GuardDuty/eu-west-1/2026/11/21/" + name,
			"exports/guardduty/AWSLogs/111122223333/GuardDuty/eu-west-1/",
		},
		"other prefix":         {"a", "b/AWSLogs/111122223333/GuardDuty/eu-west-1/2026/11/21/" + name, ""},
		"prefix missing":       {"", "x/AWSLogs/111122223333/GuardDuty/eu-west-1/2026/11/21/" + name, ""},
		"CloudTrail":           {"", "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/21/x.json.gz", ""},
		"region folder":        {"", "AWSLogs/111122223333/GuardDuty/eu-west-1/", ""},
		"day folder":           {"", "AWSLogs/111122223333/GuardDuty/eu-west-1/2026/11/21/", ""},
		"plain JSON":           {"", "AWSLogs/111122223333/GuardDuty/eu-west-1/2026/11/21/x.json", ""},
		"no such day":          {"", "AWSLogs/111122223333/GuardDuty/eu-west-1/2026/02/30/" + name, ""},
		"deeper":               {"", "AWSLogs/111122223333/GuardDuty/eu-west-1/2026/11/21/x/" + name, ""},
		"no Region":            {"", "AWSLogs/111122223333/GuardDuty/x1/2026/11/21/" + name, ""},
		"organization's name":  {"", "AWSLogs/o-short/111122223333/GuardDuty/eu-west-1/2026/11/21/" + name, ""},
		"account of 11 digits": {"", "AWSLogs/11112222333/GuardDuty/eu-west-1/2026/11/21/" + name, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := guardduty.ParseKey(guardduty.Root(tt.prefix), tt.key)
			if ok != (tt.pair != "") || string(got.Pair) != tt.pair {
				t.Fatalf("ParseKey(%q) = %q, %v, want %q", tt.key, got.Pair, ok, tt.pair)
			}
			if ok && !got.Day.Equal(day) {
				t.Errorf("ParseKey(%q).Day = %v, want %v", tt.key, got.Day, day)
			}
		})
	}
}

func TestDayFolderSortsBeforeItsObjectsAndAfterEarlierDays(t *testing.T) {
	pair := guardduty.Pair("AWSLogs/111122223333/GuardDuty/eu-west-1/")
	folder := pair.DayFolder(time.Date(2026, 11, 21, 23, 59, 0, 0, time.UTC))
	if before := string(pair) + "2026/11/20/ffffffff.jsonl.gz"; folder <= before {
		t.Errorf("DayFolder = %q, want it after %q", folder, before)
	}
	if after := string(pair) + "2026/11/21/00000000.jsonl.gz"; folder >= after {
		t.Errorf("DayFolder = %q, want it before %q", folder, after)
	}
}
