package e2e_test

import (
	"path"
	"strings"
	"testing"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/s3server"
	"guardduty-sentinel/dev/internal/seed"
)

// An account whose folder may not be listed fails the run, which names it, and
// holds back no other account. Once it may, its findings arrive, and those of
// the others do not arrive again.
func TestOneAccountRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	findings := f.builtIn()
	objects := f.export(findings, seed.Options{Seed: 21})
	account, _, _ := strings.Cut(objects[0].Key, "GuardDuty/")
	others := 0
	for _, o := range objects {
		if !strings.HasPrefix(o.Key, account) {
			others += o.Findings
		}
	}
	if others == 0 || others == len(findings) {
		t.Fatalf("%d of %d findings are of other accounts than %s, want some", others, len(findings), account)
	}
	allow := f.cloud.S3.Deny(s3server.ListObjectsV2, account)
	f.start()
	for range 2 {
		f.failsWith(breakage{code: "GD1303", says: []string{path.Base(account), "s3:ListBucket", "nothing is lost"}})
		f.deliveredOnce(others)
	}
	allow()
	f.run()
	f.deliveredOnce(len(findings))
	f.run()
	f.deliveredOnce(len(findings))
}
