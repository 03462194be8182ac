package s3archive_test

import (
	"os"
	"path/filepath"
	"testing"

	"guardduty-sentinel/handler/internal/fault"
	"guardduty-sentinel/handler/internal/ingest"
	"guardduty-sentinel/handler/internal/s3archive"
)

// refusing returns servers that refuse the first key pair, each with a pair
// that is good.
func refusing(t *testing.T) map[string]func(*testing.T) (s server, bad, good *keys) {
	t.Helper()
	return map[string]func(*testing.T) (server, *keys, *keys){
		"unknown key id": func(t *testing.T) (server, *keys, *keys) {
			s := embedded(t)
			good := s.cfg.Credentials.(*keys)
			return s, &keys{id: "AKIAUNKNOWN", secret: "secret-of-the-test"}, good
		},
		"wrong secret": func(t *testing.T) (server, *keys, *keys) {
			s := versity(t)
			good := s.cfg.Credentials.(*keys)
			return s, &keys{id: good.id, secret: "secret-of-the-test"}, good
		},
	}
}

func TestRefusedKeyPairIsAFault(t *testing.T) {
	for name, start := range refusing(t) {
		t.Run(name, func(t *testing.T) {
			s, bad, _ := start(t)
			archive := s.archive(func(cfg *s3archive.Config) { cfg.Credentials = bad })
			_, err := archive.List(t.Context(), "", "", ingest.MaxPage)
			wantFault(t, err, fault.KeyRefused, "HTTP 403")
			_, _, err = archive.Folders(t.Context(), "")
			wantFault(t, err, fault.KeyRefused, "HTTP 403")
			_, err = archive.Open(t.Context(), ingest.Object{Key: "k"})
			wantFault(t, err, fault.KeyRefused, "HTTP 403")
			if bad.renews != 3 {
				t.Errorf("Renew was called %d times, want once a call", bad.renews)
			}
		})
	}
}

func TestRefusedKeyPairIsReadAnewWithinTheCall(t *testing.T) {
	for name, start := range refusing(t) {
		t.Run(name, func(t *testing.T) {
			s, bad, good := start(t)
			s.put(t, "renew/a", []byte("x"), written)
			for name, call := range map[string]func(*s3archive.Archive) error{
				"List": func(a *s3archive.Archive) error {
					_, err := a.List(t.Context(), "renew/", "", ingest.MaxPage)
					return err
				},
				"Folders": func(a *s3archive.Archive) error {
					_, _, err := a.Folders(t.Context(), "renew/")
					return err
				},
				"Open": func(a *s3archive.Archive) error {
					body, err := a.Open(t.Context(), ingest.Object{Key: "renew/a"})
					if err == nil {
						body.Close()
					}
					return err
				},
			} {
				rotated := &keys{id: bad.id, secret: bad.secret, next: good}
				if err := call(s.archive(func(cfg *s3archive.Config) { cfg.Credentials = rotated })); err != nil ||
					rotated.renews != 1 {
					t.Errorf("%s = %v after %d Renews, want success after one", name, err, rotated.renews)
				}
			}
		})
	}
}

func TestKeyPairThatIsRefusedAgainIsAFault(t *testing.T) {
	s := embedded(t)
	rotated := &keys{
		id:     "AKIAOLD",
		secret: "secret-of-the-test",
		next:   &keys{id: "AKIANEW", secret: "secret-of-the-test"},
	}
	archive := s.archive(func(cfg *s3archive.Config) { cfg.Credentials = rotated })
	_, err := archive.List(t.Context(), "", "", ingest.MaxPage)
	wantFault(t, err, fault.KeyRefused, "InvalidAccessKeyId")
	if rotated.renews != 1 {
		t.Errorf("Renew was called %d times, want once", rotated.renews)
	}
}

// What the vault says reaches the caller as it is.
func TestFaultOfTheCredentials(t *testing.T) {
	s := embedded(t)
	vault := &fault.Fault{Code: fault.VaultUnreachable, What: "no vault"}
	archive := s.archive(func(cfg *s3archive.Config) { cfg.Credentials = &keys{err: vault} })
	_, err := archive.List(t.Context(), "", "", ingest.MaxPage)
	wantFault(t, err, fault.VaultUnreachable, "no vault")
	_, err = archive.Open(t.Context(), ingest.Object{Key: "k"})
	wantFault(t, err, fault.VaultUnreachable, "no vault")
}

// Whatever a machine has for the AWS command line is not ours to use: only a
// request signed with the given key pair for the given region gets through.
func TestTheSDKsOwnSettingsAreNeverRead(t *testing.T) {
	s := versity(t)
	s.put(t, "env/a", []byte("x"), written)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"credentials": "[default]\naws_access_key_id = other\naws_secret_access_key = other\n",
		"config": "[default]\nregion = us-east-2\nendpoint_url = http://127.0.0.1:1\nservices = s\n" +
			"[services s]\ns3 =\n  endpoint_url = http://127.0.0.1:1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID":           "other",
		"AWS_SECRET_ACCESS_KEY":       "other",
		"AWS_SESSION_TOKEN":           "other",
		"AWS_REGION":                  "us-east-2",
		"AWS_DEFAULT_REGION":          "us-east-2",
		"AWS_PROFILE":                 "default",
		"AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "credentials"),
		"AWS_CONFIG_FILE":             filepath.Join(dir, "config"),
		"AWS_ENDPOINT_URL":            "http://127.0.0.1:1",
		"AWS_ENDPOINT_URL_S3":         "http://127.0.0.1:1",
		"AWS_MAX_ATTEMPTS":            "1",
		"AWS_USE_FIPS_ENDPOINT":       "true",
		"AWS_USE_DUALSTACK_ENDPOINT":  "true",
		"AWS_WEB_IDENTITY_TOKEN_FILE": "/none",
		"AWS_ROLE_ARN":                "arn:aws:iam::111122223333:role/other",
	} {
		t.Setenv(name, value)
	}
	if got, _ := listed(t, s, "env/", ""); len(got) != 1 {
		t.Errorf("List = %q, want the object", got)
	}
	if got := read(t, s, ingest.Object{Key: "env/a"}); got != "x" {
		t.Errorf("Open = %q, want the object's bytes", got)
	}
}
