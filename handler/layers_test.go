package main_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// module is the path of the product's own packages.
const module = "guardduty-sentinel/handler"

// TestLayers holds every package to what it may import: the algorithm knows no
// SDK, the adapters know the algorithm's types and never each other, and the
// host's protocol knows nothing of GuardDuty. A package that is not listed
// fails, so that a new one is given its place.
func TestLayers(t *testing.T) {
	const (
		gzip      = "github.com/klauspost/compress/gzip"
		jsontext  = "github.com/go-json-experiment/json/jsontext"
		azure     = "github.com/Azure/azure-sdk-for-go/"
		aws       = "github.com/aws/"
		fault     = module + "/internal/fault"
		guardduty = module + "/internal/guardduty"
		ingest    = module + "/internal/ingest"
		sigv4     = module + "/internal/sigv4"
		secret    = module + "/internal/secret"
		outbound  = module + "/internal/outbound"
	)
	allowed := map[string][]string{
		"":                        {module + "/internal/", azure},
		"/internal/azfunc":        {},
		"/internal/secret":        {},
		"/internal/process":       {},
		"/internal/fault":         {},
		"/internal/config":        {secret, "github.com/caarlos0/env/v11"},
		"/internal/guardduty":     {gzip, jsontext},
		"/internal/ingest":        {guardduty},
		"/internal/outbound":      {},
		"/internal/azclient":      {outbound, azure},
		"/internal/aztoken":       {fault, outbound, azure},
		"/internal/awscreds":      {fault, outbound, secret, sigv4, azure, aws},
		"/internal/s3archive":     {fault, ingest, outbound, sigv4, aws},
		"/internal/sigv4":         {aws},
		"/internal/logsingestion": {fault, guardduty, ingest, outbound, azure, gzip, jsontext},
		"/internal/state":         {fault, ingest, outbound, secret, azure},

		// Test support, which only tests import.
		"/internal/ingest/ingesttest": {guardduty, ingest},
		"/internal/localtest":         nil, // whatever it needs
	}
	support := []string{ingest + "/ingesttest", module + "/internal/localtest"}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg := strings.TrimPrefix(fields[0], module)
		may, known := allowed[pkg]
		if !known {
			t.Errorf("package %s has no place in the layers", fields[0])
		}
		for _, imported := range fields[1:] {
			first, _, _ := strings.Cut(imported, "/")
			own := strings.HasPrefix(imported, "guardduty-sentinel/")
			if !own && !strings.Contains(first, ".") || may == nil {
				continue // the standard library, or whatever it needs
			}
			if slices.Contains(support, imported) ||
				!slices.ContainsFunc(may, func(prefix string) bool { return strings.HasPrefix(imported, prefix) }) {
				t.Errorf("%s imports %s, which its layer does not allow", fields[0], imported)
			}
		}
	}
}
