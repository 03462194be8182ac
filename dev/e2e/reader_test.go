package e2e_test

import (
	"testing"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/servers"
	"guardduty-sentinel/dev/internal/servers/serverstest"
	"guardduty-sentinel/dev/internal/stack"
)

// The IAM user that infra/aws makes may do all that the connector needs: on a
// server that holds it to its policy, every finding arrives.
func TestReaderOfTheTemplateIsEnough(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.WithIdentity)
	reader, err := stack.Render(t.Context(), stack.Export, "Reader=KeyPair", "BucketName="+f.cloud.S3.Bucket())
	serverstest.Need(t, err)
	v := serverstest.Versity(t,
		servers.VersityOptions{IAM: true, Region: cloud.Region, Buckets: []string{f.cloud.S3.Bucket()}})
	key, err := reader.MakeReader(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	f.secrets = append(f.secrets, key.Secret)
	f.cloud.Vault.Set(cloud.AccessKeyIDSecret, key.ID)
	f.cloud.Vault.Set(cloud.SecretAccessKeySecret, key.Secret)
	findings := f.builtIn()
	objects := f.exportTo(v, findings)
	f.start()
	f.run()
	f.arrivedOnce(findings, objects)
	f.run()
	f.arrivedOnce(findings, objects)
}
