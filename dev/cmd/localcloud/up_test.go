package main_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/lock"
)

var adminURL = regexp.MustCompile(`http://127\.0\.0\.1:\d+/admin/functions/GuardDutyTimer`)

// tickLine is a line of make up: a run that found nothing.
var tickLine = regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d  no new findings; watermark \d\d:\d\d:\d\d$`)

func TestUp(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.env["FINDINGS"] = p.write("three.jsonl", few(t), 0o644)
	r := p.start("up")
	r.await("  posted 2 findings from 2 objects; watermark ", 1) // one is held back
	p.wantIn(r.output(), "S3            http://127.0.0.1:", "AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=",
		"TableEndpoint=http://127.0.0.1:", "rows          .local/cloud/rows.ndjson")

	response, err := http.Post(adminURL.FindString(r.output()), "application/json", strings.NewReader(`{"input":""}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		t.Errorf("POST to the admin endpoint = %s, want 202", response.Status)
	}
	r.await("; watermark ", 2)
	if !tickLine.MatchString(r.output()) {
		t.Errorf("the second run has no line such as 19:12:00  no new findings; watermark 19:12:00:\n%s", r.output())
	}

	before := p.read(".local/cloud/rows.ndjson")
	for _, command := range []string{"run", "up", "start"} {
		if command == "start" {
			p.env["PATH"] = p.functions("exit 1\n")
		}
		out, failed := p.run(command)
		if !failed || !strings.Contains(out, "a local cloud is running in .local/cloud (make up, process ") {
			t.Errorf("%s beside another: failed = %t, want it refused:\n%s", command, failed, out)
		}
		p.wantIn(out, "make "+command+" CLOUD=.local/second")
	}
	if after := p.read(".local/cloud/rows.ndjson"); after != before || strings.Count(after, "\n") != 2 {
		t.Errorf("the rows of the first = %q, want the two that were there", after)
	}

	r.interrupt()
	p.wantIn(r.output(), "\nStopped; the rows stay in .local/cloud/rows.ndjson.\n")
	held, err := lock.Take(filepath.Join(p.root, ".local", "cloud"), "the test")
	if err != nil {
		t.Errorf("Take() after the end = %v, want nil", err)
	} else if err := held.Release(); err != nil {
		t.Error(err)
	}
}

func TestUpWithDamagedObjects(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.env["DAMAGED"], p.env["CLOUD"] = "1", "o'brien's place"
	r := p.start("up")
	r.await("line 2: not JSON", 1)
	p.wantIn(r.output(), `make query CLOUD='o'\''brien'\''s place' KQL=`)
	r.interrupt()
	p.wantIn(r.output(), "; 3 quarantined; watermark ", "Quarantined: 3 entries")
	if _, err := os.Stat(filepath.Join(p.root, p.env["CLOUD"], "rows.ndjson")); err != nil {
		t.Errorf("CLOUD=%s: %v, want the rows there", p.env["CLOUD"], err)
	}
}
