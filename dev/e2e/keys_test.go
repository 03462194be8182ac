package e2e_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"guardduty-sentinel/dev/internal/cloud"
	"guardduty-sentinel/dev/internal/seed"
	"guardduty-sentinel/dev/internal/servers"
	"guardduty-sentinel/dev/internal/servers/serverstest"
)

// wrongSecret has the form of a secret access key.
const wrongSecret = "wrongKEY00wrongKEY00wrongKEY00wrongKEY00"

// versitygw checks each signature: the run passes with the vault's key pair
// only, and a pair that was corrected in the vault is in use at the next run,
// however fresh the one that the handler has kept.
func TestSignaturesAreGoodAndASecretIsReadAnewWhenRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	findings := f.builtIn()
	objects := f.onVersity(findings)
	f.secrets = append(f.secrets, wrongSecret)
	f.cloud.Vault.Set(cloud.SecretAccessKeySecret, wrongSecret)
	f.start()
	inv := f.invoke()
	if inv.Succeeded || !strings.HasPrefix(inv.Reason, "GD1301 ") ||
		!strings.Contains(inv.Reason, "SignatureDoesNotMatch") {
		t.Errorf("run with a wrong secret = succeeded %t, %q, want GD1301 with SignatureDoesNotMatch", inv.Succeeded,
			inv.Reason)
	}
	pid := f.host.HandlerPID()
	f.cloud.Vault.Set(cloud.SecretAccessKeySecret, f.cloud.SecretAccessKey)
	f.run()
	if got := f.host.HandlerPID(); got != pid {
		t.Errorf("handler = %d, want %d as before", got, pid)
	}
	f.arrivedOnce(findings, objects)
	reads := f.cloud.Vault.Reads(cloud.SecretAccessKeySecret)
	f.run()
	f.arrivedOnce(findings, objects)
	if got := f.cloud.Vault.Reads(cloud.SecretAccessKeySecret); got != reads {
		t.Errorf("reads of the secret by a run within ten minutes = %d, want 0", got-reads)
	}
}

// onVersity exports findings to a versitygw that knows the cloud's key pair,
// and makes it the S3 of the settings.
func (f *fixture) onVersity(findings [][]byte) []seed.Object {
	f.Helper()
	return f.exportTo(serverstest.Versity(f.T, servers.VersityOptions{
		Access: f.cloud.AccessKeyID, Secret: f.cloud.SecretAccessKey, Region: cloud.Region,
		Buckets: []string{f.cloud.S3.Bucket()},
	}), findings)
}

// exportTo exports findings to v and makes it the S3 of the settings.
func (f *fixture) exportTo(v *servers.Versity, findings [][]byte) []seed.Object {
	f.Helper()
	bucket := f.cloud.S3.Bucket()
	objects := f.export(findings, seed.Options{Seed: 11, Days: 2})
	for _, o := range objects {
		if err := v.Put(bucket, o.Key, o.Body, o.LastModified); err != nil {
			f.Fatal(err)
		}
		if err := f.cloud.S3.Delete(o.Key); err != nil { // what is not signed finds nothing
			f.Fatal(err)
		}
	}
	f.with(map[string]string{"AWS_ENDPOINT_URL_S3": v.Endpoint})
	return objects
}

// A rotation ends with the old pair switched off: the handler that still has
// it reads the new one and continues.
func TestRotatedPairIsInUseAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	findings := f.builtIn()
	f.export(findings[:100], seed.Options{Seed: 1})
	f.start()
	f.run()
	const id, secret = "AKIAROTATEDROTATED00", "rotated/secret+rotated/secret+rotated/se"
	f.secrets = append(f.secrets, secret)
	f.cloud.Vault.Set(cloud.AccessKeyIDSecret, id)
	f.cloud.Vault.Set(cloud.SecretAccessKeySecret, secret)
	f.cloud.S3.AcceptKeys(id)
	f.exportNow(findings[100:])
	f.run()
	f.deliveredOnce(len(findings))
}

// AWS credentials of any other origin are not used and not looked for.
func TestOtherAWSCredentialsAreNotUsed(t *testing.T) {
	t.Parallel()
	f := newFixture(t, cloud.InMemory)
	var asked atomic.Int32
	metadata := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusNotFound)
	}))
	defer metadata.Close()
	shared := filepath.Join(t.TempDir(), "credentials")
	text := "[default]\naws_access_key_id = AKIAOTHEROTHEROTHER1\naws_secret_access_key = " + wrongSecret +
		"\n[other]\naws_access_key_id = AKIAOTHEROTHEROTHER2\naws_secret_access_key = " + wrongSecret +
		"\nregion = us-gov-west-1\n"
	if err := os.WriteFile(shared, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f.secrets = append(f.secrets, wrongSecret)
	f.environ = append(f.environ, "AWS_ACCESS_KEY_ID=AKIAOTHEROTHEROTHER0", "AWS_SECRET_ACCESS_KEY="+wrongSecret,
		"AWS_SESSION_TOKEN=other", "AWS_PROFILE=other", "AWS_SHARED_CREDENTIALS_FILE="+shared,
		"AWS_CONFIG_FILE="+shared, "AWS_DEFAULT_REGION=us-gov-west-1",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT="+metadata.URL, "AWS_CONTAINER_CREDENTIALS_FULL_URI="+metadata.URL,
		"AWS_ENDPOINT_URL="+metadata.URL)
	findings := f.builtIn()
	objects := f.export(findings, seed.Options{Seed: 5})
	f.start()
	f.run()
	f.arrivedOnce(findings, objects)
	for _, r := range f.cloud.S3.Requests() {
		if r.Status == http.StatusForbidden {
			t.Fatalf("%s %s = 403, want every request with the vault's key", r.Operation, r.Key)
		}
	}
	if n := asked.Load(); n > 0 {
		t.Errorf("requests to the metadata services = %d, want 0", n)
	}
}
