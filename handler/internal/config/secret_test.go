package config_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/config"
)

// TestNoFaultShowsASecret puts each kind of secret into each setting, where a
// slip of the hand may put it. Faults reach the logs and the run history.
func TestNoFaultShowsASecret(t *testing.T) {
	names := []string{"AzureWebJobsStorage", "AzureWebJobsStorage__tableServiceUri", "AzureWebJobsStorage__accountName"}
	for _, s := range config.Settings() {
		names = append(names, s.Name)
	}
	secrets := map[string]string{
		"connection string":     connectionString("acct1"),
		"connection string SAS": "TableEndpoint=https://a.example;SharedAccessSignature=" + signature,
		"broken connection":     "AccountKey=" + storageKey + ";oops",
		"storage key":           storageKey,
		"SAS":                   "https://a.table.core.windows.net/?" + signature,
		"AWS key":               awsKey,
		"AWS key and a space":   awsKey + "\n",
		"AWS key without slash": strings.ReplaceAll(awsKey, "/", "x"),
		"AWS key id":            "AKIAIOSFODNN7EXAMPLE",
		"password":              "https://user:hunter2hunter2@host",
	}
	for _, name := range names {
		if name == "S3_PREFIX" || name == "AWS_ROLE_EXTERNAL_ID" || name == "AWS_WEB_IDENTITY_AUDIENCE" {
			continue // they take nearly any text
		}
		for kind, secret := range secrets {
			c, err := read(name, secret)
			said := fmt.Sprint(err, c.Notices)
			for _, part := range []string{
				storageKey, "c2VjcmV0c2ln", awsKey, strings.ReplaceAll(awsKey, "/", "x"),
				"AKIAIOSFODNN7EXAMPLE", "hunter2",
			} {
				if strings.Contains(said, part) {
					t.Errorf("%s with a %s: %q shows %s", name, kind, said, part)
				}
			}
		}
	}
}

// TestNoNoticeShowsASecret pastes a key into the name of a variable that looks
// like a setting, and what would break a line of the log.
func TestNoNoticeShowsASecret(t *testing.T) {
	const stranger = " is not a setting: docs/settings.md lists them all"
	long := strings.Repeat("x_", 2500)
	for name, want := range map[string]string{
		"S3_" + awsKey:                        "[redacted]" + stranger,
		"S3_BUCKET_AKIAIOSFODNN7EXAMPLE":      "[redacted] is not a setting; did you mean S3_BUCKET?",
		"S3_" + storageKey:                    "[redacted]" + stranger,
		"S3_A\nB\x1b[31m":                     `"S3_A\nB\x1b[31m"` + stranger,
		"S3_" + long:                          `"S3_` + long[:117] + `…"` + stranger,
		"AzureWebJobsStorage__" + long + "\n": "",
	} {
		c, err := read(name, "value")
		var texts, wanted []string
		for _, n := range c.Notices {
			texts = append(texts, n.Text)
		}
		if want != "" {
			wanted = []string{want}
		}
		if err != nil || !slices.Equal(texts, wanted) {
			t.Errorf("FromEnv with %.40q = %v and %.300q, want no fault and %.300q", name, err, c.Notices, want)
		}
	}
}

// TestKeyInPlaceOfItsName: a key that happens to be a good secret name would
// be shown in faults and sent as part of a URL.
func TestKeyInPlaceOfItsName(t *testing.T) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID_SECRET":     "AKIAIOSFODNN7EXAMPLE",
		"AWS_SECRET_ACCESS_KEY_SECRET": awsKey,
	} {
		if _, err := read(name, value); err == nil || err.Error() != name+": [redacted] is not "+wantNoKey {
			t.Errorf("FromEnv, %s = %v, want it redacted and %s", name, err, wantNoKey)
		}
	}
}

// TestNoPrinterShowsASecret prints the whole Config every way there is.
func TestNoPrinterShowsASecret(t *testing.T) {
	for _, text := range []string{connectionString("acct1"), "AccountName=acct1;SharedAccessSignature=" + signature} {
		c, err := read("AzureWebJobsStorage", text)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&out, verb, c)
			fmt.Fprintf(&out, verb, *c)
			fmt.Fprintf(&out, verb, c.State)
		}
		j, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(j)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "c", c, "v", *c)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "c", c, "v", *c)
		for _, secret := range []string{
			storageKey, signature, "c2VjcmV0c2ln", fmt.Sprintf("%x", storageKey), fmt.Sprintf("%x", "c2VjcmV0c2ln"),
		} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("printed Config = %s, want no %s in it", &out, secret)
			}
		}
		if !strings.Contains(out.String(), "[redacted]") || !strings.Contains(out.String(), "guardduty-export") {
			t.Errorf("printed Config = %s, want the rest of it", &out)
		}
	}
}
