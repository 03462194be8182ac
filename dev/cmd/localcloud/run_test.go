package main_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// few are three findings of the built-in ones, one a line.
func few(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "dev", "testdata", "findings.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.SplitAfter(string(text), "\n")[:3], "")
}

func TestRunNeedsNothingButTheTwoPrograms(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	out, failed := p.run("run")
	if failed {
		t.Fatal(out)
	}
	n := strings.Count(p.read(".local/cloud/rows.ndjson"), "\n")
	p.wantIn(out,
		fmt.Sprintf("Exported %d findings in ", n),
		fmt.Sprintf("Posted %d findings from %s into", n, between(out, " findings in ", " to s3://")),
		fmt.Sprintf("The local cloud counted %d rows in ", n),
		"The local cloud counted 0 rows in 0 uploads, ",
		"\n| where Severity > 2\n",
		"(20 rows)\nShown by a plain reader: Node 20 is needed for `make query` (found none).\n",
		"Findings of High and Critical severity by account",
		fmt.Sprintf("\n%d rows of AWSGuardDuty_CL: .local/cloud/rows.ndjson\n", n),
	)
	if strings.Contains(out, "\x1b") || strings.Contains(out, "Quarantined") {
		t.Errorf("the output has colors in a file, or a quarantine that is empty:\n%s", out)
	}
}

// A first run has no packages of Node yet: it says what they are for.
func TestRunSaysWhatTheNodePackagesAreFor(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	dev := filepath.Join(p.root, "dev")
	if err := errors.Join(os.Remove(dev), os.Mkdir(dev, 0o755)); err != nil {
		t.Fatal(err)
	}
	p.link(filepath.Join(root, "dev", "testdata"), filepath.Join(dev, "testdata"))
	p.env["PATH"] = filepath.Dir(p.write("stubs/node", "#!/bin/sh\necho v20.1.0\n", 0o755))
	p.env["FINDINGS"] = p.write("many.jsonl", few(t), 0o644)
	out, failed := p.run("run")
	if failed {
		t.Fatal(out)
	}
	p.wantIn(out, "`make query` fetches, once, the packages that queries and analytics rules need.\n")
}

// between is what stands in a text between two others.
func between(text, before, after string) string {
	_, text, _ = strings.Cut(text, before)
	text, _, _ = strings.Cut(text, after)
	return text
}

func TestRunWithOwnFindings(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	const name = "o'brien's \"$HOME\"/my findings.jsonl"
	p.env["HOME"] = p.root
	p.write(name, few(t), 0o644)
	for _, path := range []string{"~/" + name, name, filepath.Join(p.root, filepath.Dir(name))} {
		p.env["FINDINGS"] = path
		out, failed := p.run("run")
		if failed || !strings.Contains(out, "\n3 rows of AWSGuardDuty_CL: ") {
			t.Errorf("FINDINGS=%s: failed = %t, want three rows:\n%s", path, failed, out)
		}
	}
}

func TestRunShowsWhyLinesWereQuarantined(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.env["DAMAGED"] = "1"
	p.env["FINDINGS"] = p.write("many.jsonl", few(t), 0o644)
	out, failed := p.run("run")
	if failed {
		t.Fatal(out)
	}
	p.wantIn(out, "\nQuarantined: 3 entries", ".jsonl.gz\n    whole object: damaged gzip", "line 2: not JSON")
}

// Under the real host each run would wait for functionTimeout.
func TestRunWithAHandlerThatCannotBeStarted(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	if err := os.Remove(filepath.Join(p.root, "bin", "handler")); err != nil {
		t.Fatal(err)
	}
	p.write("bin/handler", "#!/bin/sh\n", 0o644)
	out, failed := p.run("run")
	if !failed {
		t.Errorf("run with a handler that is not executable succeeds, want it refused:\n%s", out)
	}
	p.wantIn(out, "handler bin/handler: ", "permission denied", "the host's console is in .local/cloud/host.log")
}

// Rows of an earlier run stay until a run has succeeded.
func TestFailedRunKeepsTheRowsOfTheLastGoodOne(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	const rows = ".local/cloud/rows.ndjson"
	p.write(rows, "the last good ones\n", 0o600)
	for name, c := range map[string]struct {
		prepare func()
		want    string
	}{
		"no findings": {func() { p.env["FINDINGS"] = filepath.Join(p.root, "none") }, "none"},
		"tables":      {func() { p.env["TABLES"] = "other" }, "TABLES=other: embedded or azurite is expected"},
		"every":       {func() { p.env["EVERY"] = "soon" }, "EVERY=soon: a time such as 30s is expected"},
		"handler": {func() {
			if err := os.Remove(filepath.Join(p.root, "bin", "handler")); err != nil {
				t.Fatal(err)
			}
			p.write("bin/handler", "#!/bin/sh\nexit 1\n", 0o755)
		}, ".local/cloud/host.log"},
	} {
		c.prepare()
		out, failed := p.run("run")
		if !failed || !strings.Contains(out, c.want) {
			t.Errorf("%s: failed = %t, want %q:\n%s", name, failed, c.want, out)
		}
		if got := p.read(rows); got != "the last good ones\n" {
			t.Errorf("%s: the rows = %q, want those of the last good run", name, got)
		}
		delete(p.env, "FINDINGS")
		delete(p.env, "TABLES")
		delete(p.env, "EVERY")
	}
}
