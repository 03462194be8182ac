package config

import (
	"errors"
	"fmt"
	"time"
)

// missing finds required settings that are not there.
func (c *Config) missing(vars map[string]string) []error {
	var faults []error
	need := func(name, what string) {
		if vars[name] == "" {
			faults = append(faults, fmt.Errorf("%s is not set: it wants %s", name, what))
		}
	}
	need("S3_BUCKET", "the name of the bucket that GuardDuty exports to")
	need("AWS_REGION", "the bucket's region, such as eu-west-1")
	need("LOGS_INGESTION_ENDPOINT", "the logs ingestion endpoint of the data collection rule, https://….ingest.monitor.azure.com")
	need("DCR_IMMUTABLE_ID", "the immutable id of the data collection rule, dcr- and 32 hexadecimal digits")
	if vars["AWS_WEB_IDENTITY_AUDIENCE"] == "" {
		need("KEY_VAULT_URI", "the vault that holds the AWS key pair, https://NAME.vault.azure.net (or AWS_WEB_IDENTITY_AUDIENCE for no key pair)")
	}
	return faults
}

// ranges checks the values that have bounds. A value that did not parse is
// zero here and was reported already, so zero is passed over where no zero
// can be set.
func (c *Config) ranges() []error {
	var faults []error
	duration := func(name string, d, low, high time.Duration) {
		if d != 0 && (d < low || d > high) {
			faults = append(faults, fault(name, d.String(), fmt.Sprintf("a duration from %s to %s", low, high)))
		}
	}
	count := func(name string, n, high int) {
		if n != 0 && (n < 1 || n > high) {
			faults = append(faults, fault(name, fmt.Sprint(n), fmt.Sprintf("a whole number from 1 to %d", high)))
		}
	}
	duration("INITIAL_LOOKBACK", c.InitialLookback, time.Minute, 90*24*time.Hour)
	duration("WATERMARK_OVERLAP", c.WatermarkOverlap, time.Minute, 48*time.Hour)
	duration("RUN_BUDGET", c.RunBudget, 10*time.Second, 24*time.Hour)
	count("FETCH_CONCURRENCY", c.FetchConcurrency, 512)
	count("UPLOAD_CONCURRENCY", c.UploadConcurrency, 32)
	if !(c.MinSeverity >= 0 && c.MinSeverity <= 10) {
		faults = append(faults, fault("MIN_SEVERITY", fmt.Sprint(c.MinSeverity), "a number from 0 to 10"))
	}
	return faults
}

// combinations finds settings that exclude or need one another.
func (c *Config) combinations() []error {
	var faults []error
	if c.Keyless() && c.RoleARN == "" {
		faults = append(faults, errors.New("AWS_WEB_IDENTITY_AUDIENCE is set without AWS_ROLE_ARN: a token without a role to assume gives no credentials"))
	}
	if c.RoleExternalID != "" && c.RoleARN == "" {
		faults = append(faults, errors.New("AWS_ROLE_EXTERNAL_ID is set without AWS_ROLE_ARN: an external id belongs to a role"))
	}
	if c.RoleExternalID != "" && c.Keyless() {
		faults = append(faults, errors.New("AWS_ROLE_EXTERNAL_ID is set with AWS_WEB_IDENTITY_AUDIENCE: a web identity has no external id, remove one"))
	}
	return faults
}
