package e2e_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/seed"
)

// layouts are the ways in which a bucket can be laid out and the state kept:
// every two of the choices meet in one of them.
var layouts = []struct {
	name, prefix, organization string
	storage                    cloud.Storage
}{
	{"plain, identity", "", "", cloud.WithIdentity},
	{"prefix, connection string", "security/guard duty", "", cloud.WithKey},
	{"organization, connection string", "", "o-abc1234567", cloud.WithKey},
	{"prefix and organization, identity", "exports", "o-abc1234567", cloud.WithIdentity},
	{"plain, tables in memory", "", "", cloud.InMemory},                       // as measurements have it
	{"plain, tables in memory, identity", "", "", cloud.InMemoryWithIdentity}, // as make run has it
}

func TestEveryFindingArrivesOnceAsItIs(t *testing.T) {
	t.Parallel()
	for _, tt := range layouts {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t, tt.storage)
			findings := f.builtIn()
			f.arrival(findings, seed.Options{Prefix: tt.prefix, Organization: tt.organization}, 0)
		})
	}
}

// FINDINGS_DIR names files or folders of findings to be tested like the built-in
// ones.
func TestOutsideFindingsArriveOnceAsTheyAre(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("FINDINGS_DIR")
	if dir == "" {
		t.Skip("FINDINGS_DIR is not set")
	}
	f := newFixture(t, cloud.WithIdentity)
	in, err := f.cloud.Findings(dir)
	if err != nil {
		t.Fatal(err)
	}
	bad := 0
	for _, line := range in.Findings {
		if !isFinding(f.parse(line)) {
			bad++
		}
	}
	t.Logf("%d findings, %d of which the connector refuses; %s", len(in.Findings), bad, strings.Join(in.Notes, "; "))
	f.arrival(in.Findings, seed.Options{}, bad)
}

// arrival exports findings, bad of which are none, beside decoys and damaged
// objects, and looks at three runs.
func (f *fixture) arrival(findings [][]byte, opts seed.Options, bad int) {
	f.Helper()
	opts.Seed, opts.Days, opts.Decoys, opts.Damaged = 7, 3, true, true
	objects := f.export(findings, opts)
	f.with(map[string]string{"S3_PREFIX": strings.TrimSuffix(opts.Prefix, "/")})
	f.start()
	first := f.run()
	f.arrivedOnce(findings, objects)
	if want := fmt.Sprintf("Posted %d findings from ", len(findings)-bad); !strings.HasPrefix(first.Logs[0], want) {
		f.Errorf("Logs[0] = %q, want %q at its start", first.Logs[0], want)
	}
	if bad == 0 {
		f.tells(first, "Quarantined 2 objects and 1 line")
	} else {
		f.tells(first, "Quarantined ")
	}
	pairs, accounts := f.pairs(objects)
	for run := 2; run <= 3; run++ {
		f.idle(run, 2*pairs+2+accounts)
	}
	f.arrivedOnce(findings, objects)
}

// idle makes a run that has nothing to do, and looks at what it costs.
func (f *fixture) idle(run, most int) {
	f.Helper()
	before := f.cloud.Ingestion.Stats()
	f.cloud.S3.ResetRequests()
	inv := f.run()
	if got := f.cloud.Ingestion.Stats(); got.Rows != before.Rows || got.Calls != before.Calls ||
		got.Refused != before.Refused {
		f.Errorf("run %d sent %d rows in %d calls, %d refused, want none", run, got.Rows-before.Rows,
			got.Calls-before.Calls, got.Refused-before.Refused)
	}
	counts := f.cloud.S3.Counts()
	lists := counts[s3server.ListObjectsV2]
	delete(counts, s3server.ListObjectsV2)
	if len(counts) > 0 || lists == 0 || lists > most {
		f.Errorf("run %d made %d LIST calls and %v, want 1 to %d and nothing else", run, lists, counts, most)
	}
	f.tells(inv, "No new findings for AWSGuardDuty_CL")
}

// pairs counts the accounts and the pairs of account and region that have
// exports.
func (f *fixture) pairs(objects []seed.Object) (pairs, accounts int) {
	seen, owners := make(map[string]bool), make(map[string]bool)
	for _, o := range objects {
		account, rest, ok := strings.Cut(o.Key, "/GuardDuty/")
		if !ok {
			continue
		}
		region, _, _ := strings.Cut(rest, "/")
		owners[account] = true
		seen[account+" "+region] = true
	}
	return len(seen), len(owners)
}
