package config_test

import (
	"bufio"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/config"
)

// notices is the texts of c's notices at a level.
func notices(c *config.Config, level slog.Level) []string {
	var texts []string
	for _, n := range c.Notices {
		if n.Level == level {
			texts = append(texts, n.Text)
		}
	}
	return texts
}

// TestPlatformVariables: the variables of an app in Azure, of Core Tools, and
// those that the SDKs read are nothing to warn of.
func TestPlatformVariables(t *testing.T) {
	file, err := os.Open("testdata/platform.env")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	changes := []string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), "="); ok {
			changes = append(changes, name, value)
		}
	}
	if len(changes) < 200 {
		t.Fatalf("testdata/platform.env has %d variables, want a hundred or more", len(changes)/2)
	}
	c, err := read(changes...)
	if err != nil || len(c.Notices) > 0 {
		t.Errorf("FromEnv with the platform's variables = %v and %v, want neither fault nor notice", err, c.Notices)
	}
}

// TestNamesThatLookLikeSettings: each is the one warning.
func TestNamesThatLookLikeSettings(t *testing.T) {
	meant := func(name, setting string) string { return name + " is not a setting; did you mean " + setting + "?" }
	cased := func(name, setting string) string {
		return name + " is set: names are case-sensitive, rename it to " + setting
	}
	moved := func(name, setting string) string { return name + " is set: move its value to " + setting }
	tests := map[string]string{
		"S3_BUKET":                meant("S3_BUKET", "S3_BUCKET"),
		"S3_BUCKTE":               meant("S3_BUCKTE", "S3_BUCKET"),
		"S3BUCKET":                meant("S3BUCKET", "S3_BUCKET"),
		"S3-BUCKET":               meant("S3-BUCKET", "S3_BUCKET"),
		"S3_BUCKET_NAME":          meant("S3_BUCKET_NAME", "S3_BUCKET"),
		"AWS_S3_BUCKET":           meant("AWS_S3_BUCKET", "S3_BUCKET"),
		"KEY_VAULT_URL":           meant("KEY_VAULT_URL", "KEY_VAULT_URI"),
		"KEYVAULT_URI":            meant("KEYVAULT_URI", "KEY_VAULT_URI"),
		"MIN_SEVERTY":             meant("MIN_SEVERTY", "MIN_SEVERITY"),
		"LOGLEVEL":                meant("LOGLEVEL", "LOG_LEVEL"),
		"AZURE_CLIENTID":          meant("AZURE_CLIENTID", "AZURE_CLIENT_ID"),
		"AzureWebJobStorage":      meant("AzureWebJobStorage", "AzureWebJobsStorage"),
		"DCR_STREAM_NAME":         meant("DCR_STREAM_NAME", "DCR_STREAM"),
		"GUARDDUTY_SCHEDULES":     meant("GUARDDUTY_SCHEDULES", "GUARDDUTY_SCHEDULE"),
		"GUARDDUTY_BUCKET":        "GUARDDUTY_BUCKET is not a setting: docs/settings.md lists them all",
		"S3_REGION":               "S3_REGION is not a setting: docs/settings.md lists them all",
		"s3_bucket":               cased("s3_bucket", "S3_BUCKET"),
		"Aws_Region":              cased("Aws_Region", "AWS_REGION"),
		"azurewebjobsstorage":     cased("azurewebjobsstorage", "AzureWebJobsStorage"),
		"AZUREWEBJOBSSTORAGE":     cased("AZUREWEBJOBSSTORAGE", "AzureWebJobsStorage"),
		"guardduty_schedule":      cased("guardduty_schedule", "GUARDDUTY_SCHEDULE"),
		"CUSTOMCONNSTR_S3_BUCKET": moved("CUSTOMCONNSTR_S3_BUCKET", "S3_BUCKET"),

		"CUSTOMCONNSTR_AzureWebJobsStorage": moved("CUSTOMCONNSTR_AzureWebJobsStorage", "AzureWebJobsStorage"),
		"ConnectionStrings__AzureWebJobsStorage": moved("ConnectionStrings__AzureWebJobsStorage",
			"AzureWebJobsStorage"),
		"ConnectionStrings:AzureWebJobsStorage": moved("ConnectionStrings:AzureWebJobsStorage", "AzureWebJobsStorage"),
		"SQLAZURECONNSTR_azurewebjobsstorage":   moved("SQLAZURECONNSTR_azurewebjobsstorage", "AzureWebJobsStorage"),
		"AzureWebJobsStorage:accountName": cased("AzureWebJobsStorage:accountName",
			"AzureWebJobsStorage__accountName"),
		"azurewebjobsstorage__tableserviceuri": cased("azurewebjobsstorage__tableserviceuri",
			"AzureWebJobsStorage__tableServiceUri"),
	}
	for name, want := range tests {
		c, err := read(name, "value")
		if got := notices(c, slog.LevelWarn); err != nil || !slices.Equal(got, []string{want}) || len(c.Notices) != 1 {
			t.Errorf("FromEnv with %s = %v and %q, want no fault and %q", name, err, c.Notices, want)
		}
		if c, _ = read(name, ""); len(c.Notices) != 0 {
			t.Errorf("FromEnv with an empty %s = %q, want no notice", name, c.Notices)
		}
	}
}

// TestManyStrangers: a shell full of another program's variables does not fill
// the history of each run.
func TestManyStrangers(t *testing.T) {
	var changes []string
	for i := range 500 {
		changes = append(changes, fmt.Sprintf("S3_OTHER_%03d", i), "value")
	}
	c, err := read(changes...)
	if err != nil || len(c.Notices) != 11 {
		t.Fatalf("FromEnv with 500 strangers = %v and %d notices, want no fault and 11", err, len(c.Notices))
	}
	want := "490 more variables look like settings and are not: docs/settings.md lists them all"
	if got := c.Notices[10].Text; got != want {
		t.Errorf("the last notice = %s, want %s", got, want)
	}
}

// TestMissingForAnotherName: the fault says where the value stands, and no
// warning says it again.
func TestMissingForAnotherName(t *testing.T) {
	tests := map[string]struct{ missing, want string }{
		"s3_bucket": {"S3_BUCKET", "s3_bucket is set: names are case-sensitive, rename it to S3_BUCKET"},
		"S3_BUKET":  {"S3_BUCKET", "S3_BUKET is not a setting; did you mean S3_BUCKET?"},
		"CUSTOMCONNSTR_AzureWebJobsStorage": {"AzureWebJobsStorage",
			"CUSTOMCONNSTR_AzureWebJobsStorage is set: move its value to AzureWebJobsStorage"},
		"ConnectionStrings__AzureWebJobsStorage": {"AzureWebJobsStorage",
			"ConnectionStrings__AzureWebJobsStorage is set: move its value to AzureWebJobsStorage"},
		"azurewebjobsstorage": {"AzureWebJobsStorage",
			"azurewebjobsstorage is set: names are case-sensitive, rename it to AzureWebJobsStorage"},
		"AzureWebJobsStorage__AccountName": {"AzureWebJobsStorage",
			"AzureWebJobsStorage__AccountName is set: names are case-sensitive, " +
				"rename it to AzureWebJobsStorage__accountName"},
	}
	for name, tt := range tests {
		c, err := read(tt.missing, "", name, connectionString("acct1"))
		if want := tt.missing + " is required: " + tt.want; err == nil || err.Error() != want {
			t.Errorf("FromEnv with %s = %v, want %s", name, err, want)
		}
		if len(c.Notices) != 0 {
			t.Errorf("FromEnv with %s = %q, want no notice beside the fault", name, c.Notices)
		}
	}
}

// TestConnectionNamedLikeTheHosts: the host's own is set beside it.
func TestConnectionNamedLikeTheHosts(t *testing.T) {
	c, err := read("STATE_CONNECTION", "AzureWebJobsStorage2", "AzureWebJobsStorage2__accountName", "acct2")
	if err != nil || len(c.Notices) != 0 {
		t.Errorf("FromEnv = %v and %q, want neither fault nor notice", err, c.Notices)
	}
}

// TestShortConnectionName: half of the variables are two letters away from a
// name of three.
func TestShortConnectionName(t *testing.T) {
	c, err := read("STATE_CONNECTION", "Kit", "Kit", connectionString("acct1"), "PWD", "/", "TZ", "UTC", "USER", "app")
	if err != nil || len(c.Notices) != 0 {
		t.Errorf("FromEnv = %v and %q, want neither fault nor notice", err, c.Notices)
	}
}
