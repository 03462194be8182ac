package config_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/config"
)

const (
	wrongSpace = " begins or ends with white space: remove it"
	wrongQuote = " is in quotes: remove them"
	wrongEmpty = " is only quotes: leave it empty"
	wrongVault = " is a reference to KeyVault that the platform did not resolve: " +
		"check its form, and that the app's identity may read what it names"
)

// wrapped is values that are refused whatever the setting, with the reasons.
// GOOD stands for a value that the setting takes.
var wrapped = map[string]string{
	" GOOD":    wrongSpace,
	"GOOD ":    wrongSpace,
	"GOOD\n":   wrongSpace,
	"GOOD\r\n": wrongSpace,
	"\tGOOD":   wrongSpace,
	" \n ":     " is only white space: leave it empty",
	"GO\nOD":   " has a line break in it: write it in one line",
	`"GOOD"`:   wrongQuote,
	`'GOOD'`:   wrongQuote,
	`""`:       wrongEmpty,
	`''`:       wrongEmpty,
	`"`:        wrongEmpty,

	"\u00a0GOOD": wrongSpace, // copied from a page
	"GOOD\u200b": wrongSpace,
	"\ufeffGOOD": wrongSpace,
	"“GOOD”":     wrongQuote, // from a text document
	"`GOOD`":     wrongQuote,

	"@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/x)": wrongVault,
	`"@Microsoft.KeyVault(VaultName=kv;SecretName=x)"`:                    wrongVault,
	" @microsoft.keyvault(VaultName=kv;SecretName=x":                      wrongVault,
	"@Microsoft.KeyVault": wrongVault,
	"@Microsoft.AppConfiguration(Endpoint=https://a.azconfig.io; Key=gd:name)": strings.Replace(wrongVault,
		"KeyVault", "AppConfiguration", 1),
}

// good is a value that each setting takes, for those that are not minimal.
var good = map[string]string{
	"S3_PREFIX":                            "security",
	"S3_BUCKET_OWNER":                      "111122223333",
	"AWS_ACCESS_KEY_ID_SECRET":             "id",
	"AWS_SECRET_ACCESS_KEY_SECRET":         "key",
	"AWS_ROLE_ARN":                         "arn:aws:iam::111122223333:role/Reader",
	"AWS_ROLE_EXTERNAL_ID":                 "external",
	"AWS_WEB_IDENTITY_AUDIENCE":            "api://guardduty-sentinel",
	"STATE_CONNECTION":                     "AzureWebJobsStorage",
	"STATE_TABLE":                          "State",
	"DCR_STREAM":                           "Custom-Other_CL",
	"INITIAL_LOOKBACK":                     "1h",
	"WATERMARK_OVERLAP":                    "1h",
	"RUN_BUDGET":                           "1m",
	"FETCH_CONCURRENCY":                    "8",
	"UPLOAD_CONCURRENCY":                   "8",
	"MIN_SEVERITY":                         "4",
	"EXCLUDE_FINDING_TYPES":                "Recon:*",
	"ACCOUNTS":                             "111122223333",
	"ADMINISTRATOR_ACCOUNTS":               "111122223333",
	"MAX_PAIR_MB":                          "100",
	"EXCLUDE_SAMPLES":                      "true",
	"LOG_LEVEL":                            "debug",
	"AZURE_CLIENT_ID":                      "00000000-0000-0000-0000-000000000001",
	"AZURE_TOKEN_CREDENTIALS":              "dev",
	"AWS_ENDPOINT_URL_S3":                  "https://s3.example",
	"AWS_ENDPOINT_URL_STS":                 "https://sts.example",
	"S3_PATH_STYLE":                        "true",
	"AzureWebJobsStorage__clientId":        "00000000-0000-0000-0000-000000000001",
	"AzureWebJobsStorage__credential":      "managedidentity",
	"AzureWebJobsStorage__accountName":     "acct1",
	"AzureWebJobsStorage__tableServiceUri": "https://acct1.table.core.windows.net",
}

// TestWrappedValues: one check is over all settings, and it is the only fault.
func TestWrappedValues(t *testing.T) {
	names := []string{"AzureWebJobsStorage", "AzureWebJobsStorage__clientId", "AzureWebJobsStorage__accountName",
		"AzureWebJobsStorage__tableServiceUri", "AzureWebJobsStorage__credential"}
	for _, s := range config.Settings() {
		if s.Kind != config.Schedule { // the host reads it
			names = append(names, s.Name)
		}
	}
	for _, name := range names {
		value := good[name] + minimal()[name]
		for form, wrong := range wrapped {
			text := strings.ReplaceAll(strings.ReplaceAll(form, "GOOD", value), "GO\nOD", value+"\n"+value)
			_, err := read("AWS_ROLE_ARN", good["AWS_ROLE_ARN"], name, text)
			show := strconv.Quote(text)
			if name == "AzureWebJobsStorage" || name == "AzureWebJobsStorage__credential" ||
				strings.Contains(text, "; Key=") {
				show = "[redacted]"
			}
			if len(text) > 120 && show != "[redacted]" {
				show = strconv.Quote(text[:120] + "…")
			}
			if want := name + ": " + show + wrong; err == nil || err.Error() != want {
				t.Errorf("FromEnv, %s=%q = %v, want %s", name, text, err, want)
			}
		}
	}
}

// TestWrappedSecrets: a key in quotes is a key, and a connection's secret for
// the host has no form that tells it from another text.
func TestWrappedSecrets(t *testing.T) {
	_, err := read("AzureWebJobsStorage__clientSecret", "abc8Q~hidden\n")
	if want := "AzureWebJobsStorage__clientSecret: [redacted]" + wrongSpace; err == nil || err.Error() != want {
		t.Errorf("FromEnv, __clientSecret = %v, want %s", err, want)
	}
	quoted := func(key string) string { return `"` + key + `"` }
	for _, value := range []string{quoted(awsKey), "'AKIAIOSFODNN7EXAMPLE'", awsKey + "\n", quoted(storageKey)} {
		_, err := read("S3_PREFIX", value)
		if err == nil || !strings.HasPrefix(err.Error(), "S3_PREFIX: [redacted] ") {
			t.Errorf("FromEnv, S3_PREFIX = %v, want it redacted", err)
		}
	}
}

// TestWhatMayLookWrapped: a quote or a space inside a value is its own.
func TestWhatMayLookWrapped(t *testing.T) {
	for _, value := range []string{`a"b`, `it's`, "a b", `"a`, "@Microsoft/KeyVault"} {
		if c, err := read("S3_PREFIX", value); err != nil || string(c.Prefix) != value {
			t.Errorf("FromEnv, S3_PREFIX=%q = %v, want it taken", value, err)
		}
	}
}

// TestUnresolvedReferencesElsewhere: what an SDK reads is a fault, what others
// read a warning, and no value is shown.
func TestUnresolvedReferencesElsewhere(t *testing.T) {
	for name, isFault := range map[string]bool{
		"AZURE_TENANT_ID": true, "AZURE_CLIENT_SECRET": true, "AZURE_AUTHORITY_HOST": true,
		"HTTPS_PROXY": true, "http_proxy": true, "NO_PROXY": true,
		"APPLICATIONINSIGHTS_CONNECTION_STRING": false, "AzureFunctionsJobHost__functionTimeout": false,
		"OF_ANOTHER_PROGRAM": false,
	} {
		c, err := read(name, "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/hidden)")
		switch want := name + wrongVault; {
		case isFault && (err == nil || err.Error() != want || len(c.Notices) > 0):
			t.Errorf("FromEnv with %s = %v and %q, want %s", name, err, c.Notices, want)
		case !isFault && (err != nil || !slices.Equal(notices(c, slog.LevelWarn), []string{want})):
			t.Errorf("FromEnv with %s = %v and %q, want the warning %s", name, err, c.Notices, want)
		}
	}
	for name, c := range map[string]struct {
		changes []string
		warns   []string
	}{
		"the host's connection beside another": {
			[]string{
				"STATE_CONNECTION", "Other", "Other__accountName", "acct1",
				"AzureWebJobsStorage", "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/hidden)",
			}, []string{"AzureWebJobsStorage" + wrongVault},
		},
		"a name in another case, once": {
			[]string{"s3_prefix", "@Microsoft.KeyVault(VaultName=hidden;SecretName=x)"},
			[]string{"s3_prefix is set: names are case-sensitive, rename it to S3_PREFIX"},
		},
	} {
		cfg, err := read(c.changes...)
		if err != nil || !slices.Equal(notices(cfg, slog.LevelWarn), c.warns) {
			t.Errorf("FromEnv, %s = %v and %q, want only %q", name, err, cfg.Notices, c.warns)
		}
	}
	var many []string
	for i := range 30 {
		many = append(many, fmt.Sprintf("OTHER_%02d", i), "@Microsoft.AppConfiguration(Key=hidden)")
	}
	c, err := read(many...)
	if err != nil || len(c.Notices) != 10 || strings.Contains(fmt.Sprint(c.Notices), "hidden") {
		t.Errorf("FromEnv with 30 references = %v and %d notices, want 10 without a value", err, len(c.Notices))
	}
}
