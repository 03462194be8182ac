package seed_test

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/seed"
)

// form reads a file of testdata/forms.
func form(t *testing.T, name string) (findings []map[string]any, notes []string) {
	t.Helper()
	dir := filepath.Join("testdata", "forms")
	in, err := seed.Read(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range in.Findings {
		var f map[string]any
		decode(t, text, &f)
		findings = append(findings, f)
	}
	for _, note := range in.Notes {
		notes = append(notes, strings.TrimPrefix(note, dir+string(filepath.Separator)))
	}
	return findings, notes
}

// at is the value at a dotted path; a number is an element.
func at(v any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch below := v.(type) {
		case map[string]any:
			v = below[step]
		case []any:
			n := 0
			if _, err := fmt.Sscan(step, &n); err != nil || n >= len(below) {
				return nil
			}
			v = below[n]
		default:
			return nil
		}
	}
	return v
}

func checkValues(t *testing.T, finding any, want map[string]any) {
	t.Helper()
	for path, value := range want {
		if got := at(finding, path); !reflect.DeepEqual(got, value) {
			t.Errorf("%s = %v, want %v", path, got, value)
		}
	}
}

func checkNotes(t *testing.T, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("notes = %q, want %q", got, want)
	}
}

func TestReadGetFindings(t *testing.T) {
	findings, notes := form(t, "get-findings.json")
	checkNotes(t, notes, []string{
		"get-findings.json: 2 findings of aws guardduty get-findings, converted to the export's form"})
	checkValues(t, findings[0], map[string]any{
		"type":      "Recon:EC2/PortProbeUnprotectedPort",
		"accountId": "111122223333",
		"severity":  2.0,
		"createdAt": "2026-02-11T09:14:03.531Z",
		"resource.instanceDetails.iamInstanceProfile.id":                          "AIPAEXAMPLE",
		"resource.instanceDetails.networkInterfaces.0.ipv6Addresses":              []any{},
		"resource.instanceDetails.networkInterfaces.0.publicIp":                   "203.0.113.7",
		"resource.instanceDetails.productCodes.0.productCodeId":                   "abc123",
		"service.action.portProbeAction.portProbeDetails.0.localPortDetails.port": 22.0,
		"service.additionalInfo": map[string]any{
			"threatName": "Scanner", "threatListName": "Example", "type": "default",
			"value": `{"threatName":"Scanner","threatListName":"Example"}`,
		},
	})
	checkValues(t, findings[1], map[string]any{
		"resource.eksClusterDetails.createdAt":               1636625755.218,
		"resource.s3BucketDetails.0.createdAt":               1513612691.551,
		"service.action.kubernetesApiCallAction.sourceIPs.0": "198.51.100.23",
	})
}

func TestReadEvents(t *testing.T) {
	findings, notes := form(t, "events.json")
	checkNotes(t, notes, []string{
		"events.json: 2 findings taken out of EventBridge events",
		`events.json:127: skipped: an event "GuardDuty Malware Protection Object Scan Result", ` +
			"which is not a GuardDuty finding",
	})
	checkValues(t, findings[1], map[string]any{
		"type": "Policy:IAMUser/RootCredentialUsage", "detail-type": nil, "service.count": 2.0, "schemaVersion": "2.0",
	})
}

func TestReadSecurityHub(t *testing.T) {
	const partly = " of Security Hub, converted as far as possible: most details of the resource are not in them; " +
		"aws guardduty get-findings gives whole findings"
	findings, notes := form(t, "securityhub.json")
	checkNotes(t, notes, []string{
		"securityhub.json: 1 finding" + partly,
		"securityhub.json:64: skipped: a Security Hub finding of inspector, not of GuardDuty",
	})
	checkValues(t, findings[0], map[string]any{
		"id": "e0b1c2d3e4f5a0b1c2d3e4f5a0b1c2d3", "type": "Recon:EC2/PortProbeUnprotectedPort", "severity": 8.0,
		"accountId": "777788889999", "region": "eu-central-1", "partition": "aws", "schemaVersion": "2.0",
		"updatedAt": "2026-02-14T12:09:00.000Z", "service.count": 7.0, "service.archived": false,
		"service.detectorId":                    "12abc34d567e8fa901bc2d34e56789f0",
		"service.additionalInfo.threatName":     "Scanner",
		"resource.resourceType":                 "Instance",
		"resource.instanceDetails.instanceId":   "i-0ff11bb22cc33dd44",
		"resource.instanceDetails.instanceType": "t3.small",
		"service.action.portProbeAction.portProbeDetails.0.remoteIpDetails.geoLocation.lat": 52.37,
		"service.action.portProbeAction.portProbeDetails.1.localPortDetails.port":           9200.0,
		"service.evidence.threatIntelligenceDetails.0.threatNames.0":                        "Scanner",
	})
	findings, notes = form(t, "securityhub-event.json")
	checkNotes(t, notes, []string{"securityhub-event.json: 1 finding" + partly})
	checkValues(t, findings[0], map[string]any{
		"type": "UnauthorizedAccess:IAMUser/ConsoleLoginSuccess.B", "severity": 5.0,
		"resource.accessKeyDetails.userName": "maria", "resource.accessKeyDetails.accessKeyId": "ASIAEXAMPLE",
	})
}
