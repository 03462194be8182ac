package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// functions returns a search path with a program named func, a shell script,
// and with the programs of this machine.
func (p *place) functions(script string) string {
	p.Helper()
	file := p.write("core-tools/func", "#!/bin/sh\n"+script, 0o755)
	return filepath.Dir(file) + string(filepath.ListSeparator) + os.Getenv("PATH")
}

// What func is given: a folder with the app and the settings of the local
// cloud, whatever local.settings.json lies in the repository, and a proxy that
// loopback is exempted from.
func TestStart(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.needAzurite()
	p.write("local.settings.json", `{"IsEncrypted": false, "Values": {"STATE_TABLE": "Own", "S3_PREFIX": "own"}}`,
		0o600)
	p.env["PATH"] = p.functions("set -e\n" + `[ "$1" = start ]
env > env.txt
ls host.json GuardDutyTimer/function.json bin/handler > /dev/null
[ -x bin/handler ]
`)
	out, failed := p.run("start")
	if failed {
		t.Fatal(out)
	}
	p.wantIn(out, "S3            http://127.0.0.1:", "Stopped; the rows stay in .local/cloud/rows.ndjson.")
	var settings struct{ Values map[string]string }
	if err := json.Unmarshal([]byte(p.read(".local/cloud/app/local.settings.json")), &settings); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"FUNCTIONS_WORKER_RUNTIME": "custom",
		"INITIAL_LOOKBACK":         "744h",
		"S3_BUCKET":                "guardduty-findings",
		"STATE_TABLE":              "",
		"S3_PREFIX":                "",
	} {
		if got := settings.Values[name]; got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if got := settings.Values["AzureWebJobsStorage"]; !strings.Contains(got, "BlobEndpoint=") {
		t.Errorf("AzureWebJobsStorage = %q, want blobs in it, which the host needs", got)
	}
	env := "\n" + p.read(".local/cloud/app/env.txt")
	p.wantIn(env, "\nNO_PROXY=127.0.0.1,localhost\n", "\nno_proxy=127.0.0.1,localhost\n",
		"\nHTTPS_PROXY=http://127.0.0.1:", "\nIDENTITY_ENDPOINT=", "\nFUNCTIONS_CORE_TOOLS_TELEMETRY_OPTOUT=1\n")
	if strings.Contains(env, "\nS3_BUCKET=") {
		t.Error("S3_BUCKET is in the environment too: func would complain of it")
	}
}

func TestStartWithoutCoreTools(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	out, failed := p.run("start")
	if !failed {
		t.Error("start without func succeeds, want it refused")
	}
	p.wantIn(out, "func, the program of Azure Functions Core Tools, is not installed; make up runs the same")
}

// needAzurite skips the test where Azurite is not installed, unless MUST_RUN.
func (p *place) needAzurite() {
	p.Helper()
	_, nodeErr := exec.LookPath("node")
	_, err := os.Stat(filepath.Join(root, "dev", "node", "node_modules", ".bin", "azurite"))
	switch missing := nodeErr != nil || err != nil; {
	case missing && os.Getenv("MUST_RUN") != "":
		p.Fatal("Azurite is not installed: npm ci in dev/node")
	case missing:
		p.Skip("Azurite is not installed: npm ci in dev/node")
	}
}
