package config_test

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"guardduty-sentinel/handler/internal/config"
)

// Texts that no fault and no printer may show.
var (
	storageKey = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("storage key, ", 5)[:64]))
	signature  = "sv=2026-02-06&ss=t&sig=c2VjcmV0c2ln%3D"
	awsKey     = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

func connectionString(account string) string {
	return "DefaultEndpointsProtocol=https;AccountName=" + account +
		";AccountKey=" + storageKey + ";EndpointSuffix=core.windows.net"
}

// minimal is the settings that have no default.
func minimal() map[string]string {
	return map[string]string{
		"S3_BUCKET":               "guardduty-export",
		"AWS_REGION":              "eu-west-1",
		"KEY_VAULT_URI":           "https://kv-1.vault.azure.net",
		"LOGS_INGESTION_ENDPOINT": "https://dce-1.westeurope-1.ingest.monitor.azure.com",
		"DCR_IMMUTABLE_ID":        "dcr-0123456789abcdef0123456789abcdef",
		"AzureWebJobsStorage":     connectionString("acct1"),
	}
}

// environ is the minimal settings with changes, names and values in turn.
func environ(changes ...string) []string {
	vars := minimal()
	for i := 0; i < len(changes); i += 2 {
		vars[changes[i]] = changes[i+1]
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		list = append(list, name+"="+vars[name])
	}
	return list
}

// read reads them.
func read(changes ...string) (*config.Config, error) {
	return config.FromEnv(environ(changes...), nil)
}

// TestContractSettings pins the names and defaults of settings: they stand in
// the app settings of every deployment, so a name is never changed and a
// default only with a reason that users would thank for. GUARDDUTY_SCHEDULE is
// read by the host, and AZURE_CLIENT_ID and AZURE_TOKEN_CREDENTIALS by
// azidentity.
func TestContractSettings(t *testing.T) {
	want := map[string]string{
		"GUARDDUTY_SCHEDULE": "", "AZURE_CLIENT_ID": "", "AZURE_TOKEN_CREDENTIALS": "",
		"S3_BUCKET": "", "S3_PREFIX": "", "S3_BUCKET_OWNER": "", "AWS_REGION": "", "KEY_VAULT_URI": "",
		"AWS_ACCESS_KEY_ID_SECRET":     "aws-access-key-id",
		"AWS_SECRET_ACCESS_KEY_SECRET": "aws-secret-access-key",
		"AWS_ROLE_ARN":                 "", "AWS_ROLE_EXTERNAL_ID": "", "AWS_WEB_IDENTITY_AUDIENCE": "",
		"STATE_CONNECTION": "AzureWebJobsStorage", "STATE_TABLE": "GuardDutyState",
		"LOGS_INGESTION_ENDPOINT": "", "DCR_IMMUTABLE_ID": "", "DCR_STREAM": "Custom-AWSGuardDuty_CL",
		"INITIAL_LOOKBACK": "24h", "WATERMARK_OVERLAP": "1h", "RUN_BUDGET": "8m",
		"FETCH_CONCURRENCY": "64", "UPLOAD_CONCURRENCY": "4",
		"MIN_SEVERITY": "0", "EXCLUDE_FINDING_TYPES": "", "EXCLUDE_SAMPLES": "false",
		"ACCOUNTS": "", "ADMINISTRATOR_ACCOUNTS": "", "MAX_PAIR_MB": "2000", "LOG_LEVEL": "info",
		"AWS_ENDPOINT_URL_S3": "", "AWS_ENDPOINT_URL_STS": "", "S3_PATH_STYLE": "false",
	}
	got := map[string]string{}
	for _, s := range config.Settings() {
		got[s.Name] = s.Default
	}
	if !maps.Equal(got, want) || len(config.Settings()) != len(want) {
		t.Errorf("Settings() = %v, want %v", got, want)
	}
}

// TestDefaults: a setting that is empty is a setting that is not there.
func TestDefaults(t *testing.T) {
	empty := []string{}
	for _, s := range config.Settings() {
		if _, required := minimal()[s.Name]; !required {
			empty = append(empty, s.Name, "")
		}
	}
	for how, changes := range map[string][]string{"not set": nil, "empty": empty} {
		c, err := read(changes...)
		if err != nil {
			t.Fatalf("FromEnv, %s = %v", how, err)
		}
		got := fmt.Sprint(c.Prefix, c.LogLevel, c.AccessKeyIDSecret, c.SecretAccessKeySecret, c.RoleARN,
			c.RoleExternalID, c.WebIdentityAudience, c.StateConnection, c.StateTable, c.Stream,
			c.InitialLookback, c.WatermarkOverlap, c.RunBudget, c.FetchConcurrency, c.UploadConcurrency,
			c.MinSeverity, c.ExcludeTypes, c.ExcludeSamples, c.S3Endpoint, c.STSEndpoint, c.S3PathStyle, c.Keyless())
		want := fmt.Sprint("", slog.LevelInfo, "aws-access-key-id", "aws-secret-access-key", "", "", "",
			"AzureWebJobsStorage", "GuardDutyState", "Custom-AWSGuardDuty_CL", 24*time.Hour, time.Hour,
			8*time.Minute, 64, 4, 0, []string{}, false, "", "", false, false)
		if got != want {
			t.Errorf("FromEnv, %s = %s, want %s", how, got, want)
		}
	}
}

func TestGoodValues(t *testing.T) {
	tests := []struct {
		name, value, field string
		want               any
	}{
		{"S3_BUCKET", "a.b-3", "Bucket", "a.b-3"},
		{"S3_PREFIX", "security/gd/", "Prefix", "security/gd"},
		{"S3_PREFIX", "OldAWSLogs", "Prefix", "OldAWSLogs"},
		{"AWS_REGION", "us-gov-west-1", "Region", "us-gov-west-1"},
		{"KEY_VAULT_URI", "https://kv.vault.azure.net/", "VaultURL", "https://kv.vault.azure.net"},
		{"AWS_ACCESS_KEY_ID_SECRET", "my-id", "AccessKeyIDSecret", "my-id"},
		{"AWS_SECRET_ACCESS_KEY_SECRET", "My-Key-2", "SecretAccessKeySecret", "My-Key-2"},
		{
			"AWS_ROLE_ARN",
			"arn:aws-us-gov:iam::111122223333:role/path/Reader_1",
			"RoleARN",
			"arn:aws-us-gov:iam::111122223333:role/path/Reader_1",
		},
		{"STATE_TABLE", "T12", "StateTable", "T12"},
		{
			"LOGS_INGESTION_ENDPOINT",
			"https://dce.ingest.monitor.azure.com/",
			"IngestionURL",
			"https://dce.ingest.monitor.azure.com",
		},
		{"DCR_IMMUTABLE_ID", "dcr-" + strings.Repeat("f", 32), "RuleID", "dcr-" + strings.Repeat("f", 32)},
		{"DCR_STREAM", "Custom-Other_CL", "Stream", "Custom-Other_CL"},
		{"INITIAL_LOOKBACK", "2160h", "InitialLookback", 2160 * time.Hour},
		{"INITIAL_LOOKBACK", "90d", "InitialLookback", 2160 * time.Hour},
		{"INITIAL_LOOKBACK", "7d", "InitialLookback", 168 * time.Hour},
		{"INITIAL_LOOKBACK", "1d12h", "InitialLookback", 36 * time.Hour},
		{"WATERMARK_OVERLAP", "1d0h30m", "WatermarkOverlap", 24*time.Hour + 30*time.Minute},
		{"WATERMARK_OVERLAP", "1m", "WatermarkOverlap", time.Minute},
		{"RUN_BUDGET", "1m30s", "RunBudget", 90 * time.Second},
		{"FETCH_CONCURRENCY", "1", "FetchConcurrency", 1},
		{"UPLOAD_CONCURRENCY", "32", "UploadConcurrency", 32},
		{"MIN_SEVERITY", "4.5", "MinSeverity", 4.5},
		{"MIN_SEVERITY", "10", "MinSeverity", 10.0},
		{"ACCOUNTS", "111122223333", "Accounts", []string{"111122223333"}},
		{"MAX_PAIR_MB", "100", "MaxPairMB", 100},
		{"ADMINISTRATOR_ACCOUNTS", "111122223333, 222233334444,,", "Administrators",
			[]string{"111122223333", "222233334444"}},
		{"EXCLUDE_FINDING_TYPES", "Recon:*, Trojan:EC2/DNSDataExfiltration!DNS,,", "ExcludeTypes",
			"[Recon:* Trojan:EC2/DNSDataExfiltration!DNS]"},
		{"EXCLUDE_SAMPLES", "true", "ExcludeSamples", true},
		{"LOG_LEVEL", "DEBUG", "LogLevel", slog.LevelDebug},
		{"LOG_LEVEL", "error", "LogLevel", slog.LevelError},
		{"AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000/", "S3Endpoint", "http://127.0.0.1:9000"},
		{"AWS_ENDPOINT_URL_S3", "https://s3.example", "S3Endpoint", "https://s3.example"},
		{"AWS_ENDPOINT_URL_STS", "http://[::1]:9001", "STSEndpoint", "http://[::1]:9001"},
		{"AWS_ENDPOINT_URL_STS", "http://localhost:9001", "STSEndpoint", "http://localhost:9001"},
		{"S3_PATH_STYLE", "1", "S3PathStyle", true},
		{"", "ignored", "S3PathStyle", false},
	}
	for _, tt := range tests {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			c, err := read(tt.name, tt.value)
			if err != nil {
				t.Fatalf("FromEnv = %v", err)
			}
			if got := reflect.ValueOf(c).Elem().FieldByName(tt.field); fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("%s = %v, want %v", tt.field, got, tt.want)
			}
		})
	}
}

func TestRoleSettingsThatGoTogether(t *testing.T) {
	role := "arn:aws:iam::111122223333:role/Reader"
	c, err := read("AWS_ROLE_ARN", role, "AWS_ROLE_EXTERNAL_ID", "x/y:1")
	if err != nil || c.RoleExternalID != "x/y:1" || c.Keyless() {
		t.Errorf("role with external id = %v, %v, want it taken", c.RoleExternalID, err)
	}
	longest := strings.Repeat("x", 1224)
	c, err = read("AWS_ROLE_ARN", role, "AWS_ROLE_EXTERNAL_ID", longest)
	if err != nil || string(c.RoleExternalID) != longest {
		t.Errorf("external id of 1,224 letters = %v, want it taken", err)
	}
	if _, err = read("AWS_ROLE_ARN", role, "AWS_ROLE_EXTERNAL_ID", longest+"x"); err == nil {
		t.Error("external id of 1,225 letters is taken, want a fault")
	}
	c, err = read("AWS_ROLE_ARN", role, "AWS_WEB_IDENTITY_AUDIENCE", "api://guardduty-sentinel", "KEY_VAULT_URI", "")
	if err != nil || c.WebIdentityAudience != "api://guardduty-sentinel" || !c.Keyless() || c.VaultURL != "" {
		t.Errorf("keyless = %v, %v, want it taken without a vault", c.WebIdentityAudience, err)
	}
}

// TestEveryFieldIsDeclared: a tag that names no declared setting would read
// nothing.
func TestEveryFieldIsDeclared(t *testing.T) {
	var tags, declared []string
	for f := range reflect.TypeFor[config.Config]().Fields() {
		if name := f.Tag.Get("env"); name != "" {
			tags = append(tags, name)
		}
	}
	for _, s := range config.Settings() {
		if s.ReadBy == "" {
			declared = append(declared, s.Name)
		}
	}
	slices.Sort(tags)
	slices.Sort(declared)
	if !slices.Equal(tags, declared) {
		t.Errorf("the tags of Config name %v, want %v", tags, declared)
	}
}
