package main_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/funchost"
)

// functions returns a search path with a program named func, a shell script,
// and with the programs of this machine.
func (p *place) functions(script string) string {
	p.Helper()
	file := p.write("core-tools/func", "#!/bin/sh\n"+script, 0o755)
	return filepath.Dir(file) + string(filepath.ListSeparator) + os.Getenv("PATH")
}

// coreTools plays func start with the stand-in host, which chooses its proxy as
// the real one does: it reads the folder it is run in, makes one run and prints
// what the history shows of it.
func coreTools() int {
	var local struct{ Values map[string]string }
	text, err := os.ReadFile("local.settings.json")
	if err == nil {
		err = json.Unmarshal(text, &local)
	}
	if err == nil {
		err = runOnce(local.Values)
	}
	if err != nil {
		fmt.Println("func:", err)
		return 1
	}
	return 0
}

func runOnce(settings map[string]string) error {
	host, err := funchost.Start(context.Background(), funchost.Config{AppDir: ".", Settings: settings})
	if err != nil {
		return err
	}
	inv, err := host.Invoke(context.Background(), "GuardDutyTimer")
	if err == nil {
		fmt.Printf("Succeeded: %t %q %s\n", inv.Succeeded, inv.Logs, inv.Exception)
	}
	return errors.Join(err, host.Shutdown(context.Background()))
}

// The rows arrive under a host that .NET's rules for proxies hold for.
func TestStartDelivers(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.needAzurite()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.env["PATH"] = p.functions("")
	p.env["FINDINGS"] = p.write("three.jsonl", few(t), 0o644)
	file := filepath.Join(p.root, "core-tools", "func")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	p.link(self, file)
	out, failed := p.run("start")
	if failed {
		t.Fatal(out)
	}
	p.wantIn(out, `Succeeded: true ["Posted 2 findings from 2 objects into AWSGuardDuty_CL in `)
	if n := strings.Count(p.read(".local/cloud/rows.ndjson"), "\n"); n != 2 {
		t.Errorf("%d rows, want the 2 findings that were not held back", n)
	}
}

// CLOUD may name a folder that has an app folder of the user's.
func TestStartKeepsTheUsersFolder(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.needAzurite()
	p.write("mine/app/work.txt", "work", 0o644)
	p.env["PATH"] = p.functions("")
	p.env["CLOUD"] = "mine"
	out, failed := p.run("start")
	if !failed || p.read("mine/app/work.txt") != "work" {
		t.Errorf("make start in a folder with another app: failed = %v, want it refused:\n%s", failed, out)
	}
	p.wantIn(out, "mine/app is not one that make start made: remove it, or give another folder with CLOUD=")
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
		p.Fatal("Azurite is not installed: npm ci --ignore-scripts in dev/node")
	case missing:
		p.Skip("Azurite is not installed: npm ci --ignore-scripts in dev/node")
	}
}
