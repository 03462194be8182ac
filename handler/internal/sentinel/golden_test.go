package sentinel_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/sentinel"
)

// golden are the findings whose rows stand in testdata: one of each kind of
// resource and action, more or less.
var golden = []string{
	"AttackSequence:EC2/CompromisedInstanceGroup",
	"Backdoor:EC2/C&CActivity.B!DNS",
	"CredentialAccess:RDS/AnomalousBehavior.SuccessfulLogin",
	"CryptoCurrency:Runtime/BitcoinTool.B!DNS",
	"Execution:EC2/MaliciousFile",
	"Execution:S3/MaliciousFile!RecoveryPoint",
	"Impact:Kubernetes/TorIPCaller",
	"PenTest:IAMUser/PentooLinux",
	"Policy:IAMUser/ShortTermRootCredentialUsage",
	"PrivilegeEscalation:Runtime/ElevationToRoot",
	"Recon:EC2/Portscan",
	"Trojan:Lambda/BlackholeTraffic",
}

// The rows are what queries are written against, so a change of one is seen in
// review. They are indented; the bytes of the values are checked elsewhere.
func TestGoldenRows(t *testing.T) {
	e := sentinel.NewEncoder()
	found := map[string]bool{}
	for _, line := range findings(t) {
		kind := strings.Trim(members(t, line)["type"], `"`)
		if !isGolden(kind) || found[kind] {
			continue
		}
		found[kind] = true
		var got bytes.Buffer
		if err := json.Indent(&got, encode(t, e, line), "", "  "); err != nil {
			t.Fatal(err)
		}
		got.WriteByte('\n')
		file := filepath.Join("testdata", "rows", regexp.MustCompile(`[^A-Za-z0-9]+`).ReplaceAllString(kind, "-")+".json")
		if *update {
			if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n"))) {
			t.Errorf("Row(%s) = %s, want %s as in %s", kind, got.Bytes(), want, file)
		}
	}
	for _, kind := range golden {
		if !found[kind] {
			t.Errorf("no generated finding is a %s", kind)
		}
	}
}

func isGolden(kind string) bool {
	for _, k := range golden {
		if k == kind {
			return true
		}
	}
	return false
}
