package guardduty_test

import (
	"errors"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/guardduty"
)

func TestParseFinding(t *testing.T) {
	const (
		resource = `{"a":[1,{"b":null}]}`
		service  = `{"count":12,"additionalInfo":{"value":"{\"sample\":true}","sample":true},"x":"\u00e9"}`
	)
	line := `{ "schemaVersion":"2.0","accountId":"111122223333","region":"eu-west-1","id":"5f50",` +
		`"type":"Recon:EC2\/Portscan","severity":5.30,"updatedAt":"2026-08-01T01:24:20.934Z",` +
		`"resource":` + resource + ` ,"service":` + service + `,"new":{"k":1e400} }`
	paths := []string{
		"severity", "resource", "service.x", "resource.a", "type", "service.missing", "service", "resource",
	}
	p := guardduty.Parser{Paths: guardduty.NewPaths(paths...)}
	f, err := p.Parse([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	if f.Account != "111122223333" || f.Region != "eu-west-1" {
		t.Errorf("Parse = account %q, Region %q", f.Account, f.Region)
	}
	if f.ID != "5f50" || f.Type != "Recon:EC2/Portscan" || f.Severity != 5.3 ||
		f.UpdatedAt != "2026-08-01T01:24:20.934Z" || f.Count != "12" || !f.Sample {
		t.Errorf("Parse = %+v", f)
	}
	for i, want := range []string{
		"5.30", resource, `"\u00e9"`, `[1,{"b":null}]`, `"Recon:EC2\/Portscan"`, "", service, resource,
	} {
		if got := string(f.Values[i]); got != want {
			t.Errorf("Values[%s] = %s, want %s", paths[i], got, want)
		}
	}
	if len(f.Rest) != 2 || f.Rest[0].Name != "schemaVersion" || f.Rest[1].Name != "new" ||
		string(f.Rest[1].Value) != `{"k":1e400}` {
		t.Errorf("Rest = %q, want schemaVersion and new", f.Rest)
	}
}

func TestParseOfAFindingWithoutIDTakesThatOfItsARN(t *testing.T) {
	var p guardduty.Parser
	const arn = "arn:aws:guardduty:us-east-1:111122223333:detector/12ab/finding/7ab9"
	f, err := p.Parse([]byte(`{"type":"a","arn":"` + arn + `"}`))
	if err != nil || f.ID != "7ab9" {
		t.Errorf("Parse = %+v, %v, want the id 7ab9", f, err)
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]struct{ line, want string }{
		"text":              {"<html>", "not JSON: invalid syntax at byte 1"},
		"cut off":           {`{"id":"1","type":"a"`, "not JSON: it ends too early"},
		"two values":        {`{"id":"1","type":"a"} {}`, "more text after the object, at byte 23"},
		"missing comma":     {`{"id":"1" "type":"a"}`, "not JSON: invalid syntax"},
		"duplicate name":    {`{"id":"1","type":"a","id":"2"}`, "duplicate name"},
		"nested duplicate":  {`{"id":"1","type":"a","service":{"x":1,"x":2}}`, "duplicate name"},
		"invalid UTF-8":     {"{\"id\":\"\xff\",\"type\":\"a\"}", "invalid UTF-8"},
		"control character": {"{\"id\":\"a\x00b\",\"type\":\"a\"}", "not JSON: invalid syntax"},
		"leading zero":      {`{"id":"1","type":"a","severity":05}`, "not JSON: invalid syntax"},
		"array":             {`[{"id":"1"}]`, "not a finding: a JSON ["},
		"number":            {`5`, "not a finding"},
		"without id":        {`{"type":"a"}`, "it lacks type, or id and arn"},
		"without type":      {`{"id":"a"}`, "it lacks type, or id and arn"},
		"id not a text":     {`{"id":5,"type":"a"}`, "it lacks type, or id and arn"},
		"findings wrapped":  {`{"findings":[{"id":"1","type":"a"}]}`, "it lacks type, or id and arn"},
		"deeper than 10,000": {
			`{"id":"1","type":"a","x":` + strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001) + `}`,
			"not JSON",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var p guardduty.Parser
			_, err := p.Parse([]byte(tt.line))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse(%.60q) = %v, want %q in it", tt.line, err, tt.want)
			}
			if errors.Is(err, guardduty.ErrNoFindings) {
				t.Errorf("Parse(%.60q) = %v, want no ErrNoFindings", tt.line, err)
			}
		})
	}
}

func TestParseOfAnEmptyList(t *testing.T) {
	for _, line := range []string{`{"findings":[]}`, ` { "findings" : [ ] } `} {
		var p guardduty.Parser
		if _, err := p.Parse([]byte(line)); !errors.Is(err, guardduty.ErrNoFindings) {
			t.Errorf("Parse(%q) = %v, want ErrNoFindings", line, err)
		}
	}
}

func TestErrorsNeverQuoteTheLine(t *testing.T) {
	for _, line := range []string{
		`{"id":"topsecret`, `topsecret`, `{"topsecret":1,"topsecret":2}`, `{"id":topsecret}`, `{"a":1}topsecret`,
		`"topsecret"`,
	} {
		var p guardduty.Parser
		if _, err := p.Parse([]byte(line)); err == nil || strings.Contains(err.Error(), "topsecret") {
			t.Errorf("Parse(%q) = %v, want an error that does not quote the line", line, err)
		}
	}
}

func TestFilterDrops(t *testing.T) {
	f := guardduty.Filter{
		MinSeverity:    4,
		ExcludeTypes:   []string{"Recon:EC2/Portscan", "Policy:*"},
		ExcludeSamples: true,
	}
	tests := map[string]struct {
		finding guardduty.Finding
		want    string
	}{
		"kept": {guardduty.Finding{Type: "Recon:EC2/PortProbeUnprotectedPort", Severity: 4}, ""},
		"too low": {
			guardduty.Finding{Type: "Trojan:EC2/DNSDataExfiltration", Severity: 3.9},
			"MIN_SEVERITY",
		},
		"no severity":   {guardduty.Finding{Type: "Trojan:EC2/DNSDataExfiltration"}, ""},
		"excluded type": {guardduty.Finding{Type: "Recon:EC2/Portscan", Severity: 8}, "EXCLUDE_FINDING_TYPES"},
		"excluded purpose": {
			guardduty.Finding{Type: "Policy:S3/BucketPublicAccessGranted", Severity: 8},
			"EXCLUDE_FINDING_TYPES",
		},
		"purpose that begins": {guardduty.Finding{Type: "PolicyNew:S3/X", Severity: 8}, ""},
		"sample": {
			guardduty.Finding{Type: "Trojan:EC2/DNSDataExfiltration", Severity: 8, Sample: true},
			"EXCLUDE_SAMPLES",
		},
	}
	for name, tt := range tests {
		if got := f.Drops(&tt.finding); got != tt.want {
			t.Errorf("%s: Drops(%+v) = %q, want %q", name, tt.finding, got, tt.want)
		}
	}
	if got := (guardduty.Filter{}).Drops(&guardduty.Finding{Type: "Policy:X/Y", Severity: 1, Sample: true}); got != "" {
		t.Errorf("zero Filter drops by %q, want nothing", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"id":"1","type":"a","service":{"count":1,"additionalInfo":{"sample":true}}}`))
	f.Add([]byte(`{"findings":[]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		var p guardduty.Parser
		finding, err := p.Parse(line)
		if err == nil && (finding.ID == "" || finding.Type == "") {
			t.Fatalf("Parse(%q) = %+v without id or type", line, finding)
		}
	})
}
