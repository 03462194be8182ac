package e2e_test

import (
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/dev/internal/cloud"
)

// TestForgedFindingReplacesNone has somebody who writes into one account's folder
// put a finding of another there: the same update as the genuine one, but low and
// a sample, and written later. Before it, the genuine one was skipped as a repeat.
func TestForgedFindingReplacesNone(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	const (
		victim = "222222222222"
		writer = "111111111111"
	)
	genuine := `{"schemaVersion":"2.0","accountId":"` + victim + `","region":"eu-west-1",` +
		`"id":"0123456789abcdef0123456789abcdef","type":"Backdoor:EC2/C&CActivity.B!DNS","severity":8,` +
		`"updatedAt":"2026-08-16T02:24:20.934Z","service":{"count":1}}`
	forged := strings.NewReplacer(`"severity":8`, `"severity":1`,
		`{"count":1}`, `{"count":1,"additionalInfo":{"sample":true}}`).Replace(genuine)
	at := time.Now().UTC().Add(-2 * time.Hour)
	put := func(account, line string, at time.Time) {
		key := "AWSLogs/" + account + "/GuardDuty/eu-west-1/" + at.Format("2006/01/02/") + account + ".jsonl.gz"
		if err := f.cloud.S3.Put(key, zipped(line), at); err != nil {
			t.Fatal(err)
		}
	}
	put(victim, genuine, at)
	put(writer, forged, at.Add(time.Minute))
	f.start()
	inv := f.run()
	f.tells(inv, "1 finding in the folder of an account that has no business with them "+
		"("+writer+`; the first is of "`+victim+`")`)
	if !strings.Contains(f.output.String(), `"foreign_in":["`+writer+`"]`) {
		t.Errorf("the line of the run does not name the folder of %s:\n%s", writer, f.output.String())
	}
	rows := f.cloud.Ingestion.Rows()
	if len(rows) != 2 {
		t.Fatalf("rows = %d, want the genuine one and the forged one", len(rows))
	}
	for _, text := range rows {
		row := f.parse(text)
		want := ""
		if strings.Contains(row.text("SourceObject_s"), "/"+writer+"/") {
			want = "true"
		}
		if got := string(row["ForeignFolder_b"]); got != want {
			t.Errorf("ForeignFolder_b of the row from %s = %q, want %q", row.text("SourceObject_s"), got, want)
		}
	}
	f.run()
	if n := len(f.cloud.Ingestion.Rows()); n != 2 {
		t.Errorf("rows after another run = %d, want 2", n)
	}
}
