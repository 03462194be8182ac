package seed_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"testing"

	"guardduty-sentinel/dev/internal/seed"
)

var anyRegion = regexp.MustCompile(
	`^AWSLogs/(\d{12})/GuardDuty/([a-z-]+-\d)/\d{4}/\d{2}/\d{2}/[0-9a-f-]{36}\.jsonl\.gz$`)

func TestPlanOwnFolders(t *testing.T) {
	var findings [][]byte
	for i := range 60 {
		account, region := fmt.Sprintf("00000000000%d", i%3), []string{"eu-west-1", "us-gov-east-1"}[i/10%2]
		findings = append(findings, fmt.Appendf(nil,
			`{"schemaVersion":"2.0","id":"%d","accountId":"%s","region":"%s"}`, i, account, region))
	}
	findings = append(findings, []byte(`{"schemaVersion":"2.0","id":"x"}`))
	places, total := map[string]bool{}, 0
	for _, o := range seed.Plan(findings, seed.Options{Now: now, Seed: 5, OwnFolders: true, Damaged: true}) {
		total += o.Findings
		m := anyRegion.FindStringSubmatch(o.Key)
		if m == nil {
			t.Fatalf("%s is not the key of an export file", o.Key)
		}
		lines, err := whole(o.Body)
		for _, line := range lines {
			var f struct{ AccountID, Region string }
			if err := json.Unmarshal(line, &f); err != nil {
				t.Fatal(err)
			}
			if err == nil && f.AccountID != "" && (f.AccountID != m[1] || f.Region != m[2]) {
				t.Errorf("a finding of %s in %s lies in %s", f.AccountID, f.Region, o.Key)
			}
		}
		places[m[1]+m[2]] = true
	}
	if total != len(findings) || len(places) != 6 {
		t.Errorf("Plan() = %d findings in %d places, want %d in 6", total, len(places), len(findings))
	}
}

func TestPlanOwnFoldersOfFindingsWithoutPlace(t *testing.T) {
	objects := seed.Plan([][]byte{[]byte(`{"id":"1","type":"T"}`)}, seed.Options{Now: now, OwnFolders: true})
	if len(objects) != 1 || !exportFile.MatchString(objects[0].Key) {
		t.Errorf("Plan() = %+v, want one object in some folder", objects)
	}
}
