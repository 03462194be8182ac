package config_test

import (
	"strconv"
	"strings"
	"testing"

	"guardduty-sentinel/handler/internal/config"
)

// Texts of what is wanted, where several tests use one.
const (
	wantBucket   = "a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, without s3:// or a path"
	wantPrefix   = "the prefix set in GuardDuty: what comes before AWSLogs/, without a leading slash"
	wantRegion   = "an AWS region such as eu-west-1"
	wantURL      = "an address of the form https://HOST without a path"
	wantEndpoint = "an address of the form https://HOST without a path (http:// only for a loopback host)"
	wantSecret   = "the name of a Key Vault secret: 1 to 127 letters, digits and hyphens"
	wantNoKey    = "the name of a Key Vault secret: it looks like the key itself, which belongs in the vault"
	wantRole     = "the ARN of an IAM role, arn:aws:iam::ACCOUNT:role/NAME"
	wantTable    = "a table name: 3 to 63 letters and digits, a letter first"
	wantRule     = "the immutable id of a data collection rule, dcr- and 32 hexadecimal digits " +
		"(not its name or resource id)"
	wantStream   = "a stream of the data collection rule, such as Custom-AWSGuardDuty_CL"
	wantDuration = "a duration such as 90s, 15m, 24h or 7d"
	wantTypes    = "a comma-separated list of finding types such as Recon:EC2/Portscan, " +
		"or Recon:* for all of one purpose"
	wantSettings = "the name of a storage connection, such as AzureWebJobsStorage"
)

// TestBadValues: each fault names the setting, its value and what was wanted,
// and is the only fault.
func TestBadValues(t *testing.T) {
	tests := []struct{ name, value, want string }{
		{"S3_BUCKET", "s3://bucket", wantBucket},
		{"S3_BUCKET", "Bucket", wantBucket},
		{"S3_BUCKET", "ab", wantBucket},
		{"S3_BUCKET", "a/b", wantBucket},
		{"S3_PREFIX", "/a", wantPrefix},
		{"S3_PREFIX", "/", wantPrefix},
		{"S3_PREFIX", "a//b", wantPrefix},
		{"S3_PREFIX", "a//", wantPrefix},
		{"S3_PREFIX", "AWSLogs", wantPrefix},
		{"S3_PREFIX", "x/AWSLogs/1", wantPrefix},
		{"S3_PREFIX", "s3://b/p", wantPrefix},
		{"AWS_REGION", "Ireland", wantRegion},
		{"AWS_REGION", "eu-west-1a", wantRegion},
		{"KEY_VAULT_URI", "http://kv.vault.azure.net", wantURL},
		{"KEY_VAULT_URI", "kv", wantURL},
		{"KEY_VAULT_URI", "https://kv.vault.azure.net/secrets/x", wantURL},
		{"KEY_VAULT_URI", "https://%zz", wantURL},
		{"AWS_ACCESS_KEY_ID_SECRET", "aws_id", wantSecret},
		{"AWS_SECRET_ACCESS_KEY_SECRET", "https://kv/secrets/x", wantSecret},
		{"AWS_ROLE_ARN", "Reader", wantRole},
		{"AWS_ROLE_ARN", "arn:aws:iam::1:role/Reader", wantRole},
		{"AWS_ROLE_ARN", "arn:aws:iam::111122223333:user/Reader", wantRole},
		{"STATE_TABLE", "guardduty-state", wantTable},
		{"STATE_TABLE", "1State", wantTable},
		{"STATE_TABLE", "ab", wantTable},
		{"STATE_CONNECTION", "a b", wantSettings},
		{"STATE_CONNECTION", "1st", wantSettings},
		{"LOGS_INGESTION_ENDPOINT", "https://dce.ingest.monitor.azure.com/dataCollectionRules", wantURL},
		{"LOGS_INGESTION_ENDPOINT", "https://dce?x=1", wantURL},
		{"LOGS_INGESTION_ENDPOINT", "https://", wantURL},
		{"DCR_IMMUTABLE_ID", "dcr-1", wantRule},
		{"DCR_IMMUTABLE_ID", "/subscriptions/1/x", wantRule},
		{"DCR_IMMUTABLE_ID", "dcr-0123456789ABCDEF0123456789ABCDEF", wantRule},
		{"DCR_STREAM", "AWSGuardDuty_CL", wantStream},
		{"DCR_STREAM", "Custom-A B", wantStream},
		{"INITIAL_LOOKBACK", "1 day", wantDuration},
		{"INITIAL_LOOKBACK", "24", wantDuration},
		{"INITIAL_LOOKBACK", "d", wantDuration},
		{"INITIAL_LOOKBACK", "1.5d", wantDuration},
		{"INITIAL_LOOKBACK", "12h1d", wantDuration},
		{"INITIAL_LOOKBACK", "1d 12h", wantDuration},
		{"INITIAL_LOOKBACK", "1d-1h", wantDuration},
		{"INITIAL_LOOKBACK", "-1d", wantDuration},
		{"INITIAL_LOOKBACK", "100000d", wantDuration},
		{"INITIAL_LOOKBACK", "99999d2000000h", "a duration from 1m to 90d"},
		{"INITIAL_LOOKBACK", "91d", "a duration from 1m to 90d"},
		{"INITIAL_LOOKBACK", "0s", "a duration from 1m to 90d"},
		{"INITIAL_LOOKBACK", "2161h", "a duration from 1m to 90d"},
		{"INITIAL_LOOKBACK", "-1h", "a duration from 1m to 90d"},
		{"WATERMARK_OVERLAP", "no", wantDuration},
		{"WATERMARK_OVERLAP", "0", "a duration from 1m to 2d"},
		{"WATERMARK_OVERLAP", "59s", "a duration from 1m to 2d"},
		{"RUN_BUDGET", "8", wantDuration},
		{"RUN_BUDGET", "0s", "a duration from 10s to 24h"},
		{"RUN_BUDGET", "25h", "a duration from 10s to 24h"},
		{"FETCH_CONCURRENCY", "many", "a whole number"},
		{"FETCH_CONCURRENCY", "1.5", "a whole number"},
		{"FETCH_CONCURRENCY", "0", "a whole number from 1 to 512"},
		{"FETCH_CONCURRENCY", "513", "a whole number from 1 to 512"},
		{"UPLOAD_CONCURRENCY", "99999999999", "a whole number"},
		{"UPLOAD_CONCURRENCY", "0", "a whole number from 1 to 32"},
		{"UPLOAD_CONCURRENCY", "-1", "a whole number from 1 to 32"},
		{"MIN_SEVERITY", "high", "a number"},
		{"MIN_SEVERITY", "4,5", "a number"},
		{"MIN_SEVERITY", "-0.1", "a number from 0 to 10"},
		{"MIN_SEVERITY", "NaN", "a number from 0 to 10"},
		{"MIN_SEVERITY", "10.1", "a number from 0 to 10"},
		{"EXCLUDE_FINDING_TYPES", "Recon", wantTypes},
		{"EXCLUDE_FINDING_TYPES", "Recon:EC2/*", wantTypes},
		{"EXCLUDE_FINDING_TYPES", "*", wantTypes},
		{"EXCLUDE_FINDING_TYPES", "Recon:*;Trojan:*", wantTypes},
		{"EXCLUDE_SAMPLES", "yes", "true or false"},
		{"S3_PATH_STYLE", "on", "true or false"},
		{"LOG_LEVEL", "verbose", "debug, info, warn or error"},
		{"AWS_ENDPOINT_URL_S3", "http://s3.example", wantEndpoint},
		{"AWS_ENDPOINT_URL_S3", "ftp://127.0.0.1", wantEndpoint},
		{"AWS_ENDPOINT_URL_S3", "https://h/p", wantEndpoint},
		{"AWS_ENDPOINT_URL_STS", "127.0.0.1:9000", wantEndpoint},
		{"AWS_ENDPOINT_URL_STS", "http://127.0.0.1.example", wantEndpoint},
	}
	for _, tt := range tests {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			_, err := read(tt.name, tt.value)
			want := tt.name + ": " + strconv.Quote(tt.value) + " is not " + tt.want
			if err == nil || err.Error() != want {
				t.Errorf("FromEnv = %v, want %s", err, want)
			}
		})
	}
}

func TestLongValueIsShortened(t *testing.T) {
	_, err := read("AWS_REGION", strings.Repeat("é!", 90))
	want := "AWS_REGION: \"" + strings.Repeat("é!", 40) + "…\" is not " + wantRegion
	if err == nil || err.Error() != want {
		t.Errorf("FromEnv = %v, want %s", err, want)
	}
}

func TestRequiredSettings(t *testing.T) {
	tests := map[string]string{
		"S3_BUCKET":  "S3_BUCKET is required: the name of the bucket that GuardDuty exports to",
		"AWS_REGION": "AWS_REGION is required: the bucket's region, such as eu-west-1",
		"LOGS_INGESTION_ENDPOINT": "LOGS_INGESTION_ENDPOINT is required: the logs ingestion endpoint of the data " +
			"collection rule, https://….ingest.monitor.azure.com",
		"DCR_IMMUTABLE_ID": "DCR_IMMUTABLE_ID is required: the immutable id of the data collection rule, " +
			"dcr- and 32 hexadecimal digits",
		"KEY_VAULT_URI": "KEY_VAULT_URI is required: the vault that holds the AWS key pair, " +
			"https://NAME.vault.azure.net (or AWS_WEB_IDENTITY_AUDIENCE for no key pair)",
		"AzureWebJobsStorage": "AzureWebJobsStorage is required: a storage connection string, or " +
			"AzureWebJobsStorage__tableServiceUri or AzureWebJobsStorage__accountName for an identity",
	}
	for name, want := range tests {
		if _, err := read(name, ""); err == nil || err.Error() != want {
			t.Errorf("FromEnv without %s = %v, want %s", name, err, want)
		}
	}
}

func TestSettingsThatNeedOrExcludeOneAnother(t *testing.T) {
	const role = "arn:aws:iam::111122223333:role/Reader"
	noRole := "AWS_WEB_IDENTITY_AUDIENCE is set without AWS_ROLE_ARN: a token without a role to assume " +
		"gives no credentials"
	tests := map[string]struct {
		changes []string
		want    string
	}{
		"audience without role": {[]string{"AWS_WEB_IDENTITY_AUDIENCE", "api://x"}, noRole},
		"external id without role": {
			[]string{"AWS_ROLE_EXTERNAL_ID", "xy"},
			"AWS_ROLE_EXTERNAL_ID is set without AWS_ROLE_ARN: an external id belongs to a role",
		},
		"external id with audience": {
			[]string{"AWS_ROLE_EXTERNAL_ID", "xy", "AWS_ROLE_ARN", role, "AWS_WEB_IDENTITY_AUDIENCE", "api://x"},
			"AWS_ROLE_EXTERNAL_ID is set with AWS_WEB_IDENTITY_AUDIENCE: a web identity has no external id, remove one",
		},
		"malformed role, no other": {
			[]string{"AWS_WEB_IDENTITY_AUDIENCE", "api://x", "AWS_ROLE_ARN", "Reader"},
			`AWS_ROLE_ARN: "Reader" is not ` + wantRole,
		},
		"malformed audience": {
			[]string{"AWS_WEB_IDENTITY_AUDIENCE", "a b", "AWS_ROLE_ARN", role},
			`AWS_WEB_IDENTITY_AUDIENCE: "a b" is not an application id URI such as api://guardduty-sentinel`,
		},
		"malformed external id": {
			[]string{"AWS_ROLE_EXTERNAL_ID", "x", "AWS_ROLE_ARN", role},
			`AWS_ROLE_EXTERNAL_ID: "x" is not an external id: 2 to 1,224 letters, digits and _+=,.@:/-`,
		},
	}
	for name, tt := range tests {
		if _, err := read(tt.changes...); err == nil || err.Error() != tt.want {
			t.Errorf("FromEnv, %s = %v, want %s", name, err, tt.want)
		}
	}
}

// TestAllFaultsAtOnce: whoever fixes the settings fixes them once.
func TestAllFaultsAtOnce(t *testing.T) {
	_, err := config.FromEnv([]string{
		"S3_BUCKET=B", "RUN_BUDGET=1s", "LOG_LEVEL=loud", "AWS_ROLE_EXTERNAL_ID=xy",
		"AzureWebJobsStorage=x", "no setting",
	}, nil)
	if err == nil {
		t.Fatal("FromEnv = nil, want its faults")
	}
	got := strings.Split(err.Error(), "\n")
	want := []string{
		"S3_BUCKET: ",
		"LOG_LEVEL: ",
		"AWS_REGION is",
		"KEY_VAULT_URI is",
		"LOGS_INGESTION_ENDPOINT is",
		"DCR_IMMUTABLE_ID is",
		"RUN_BUDGET: ",
		"AWS_ROLE_EXTERNAL_ID is",
		"AzureWebJobsStorage: ",
	}
	if len(got) != len(want) {
		t.Fatalf("FromEnv = %d faults %q, want %d", len(got), got, len(want))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("fault %d = %q, want %q", i, got[i], want[i])
		}
	}
}
