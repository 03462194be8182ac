package config

import (
	"errors"
	"fmt"
	"time"
)

// missing finds required settings that are not there.
func missing(vars map[string]string) []error {
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

// ranges checks the values that have bounds, but for those that did not parse.
func (c *Config) ranges(vars map[string]string, malformed map[string]bool) []error {
	var faults []error
	check := func(name string, within bool, want string) {
		if !within && !malformed[name] {
			faults = append(faults, fault(name, vars[name], want))
		}
	}
	duration := func(name string, d, low, high time.Duration, want string) {
		check(name, d >= low && d <= high, "a duration from "+want)
	}
	count := func(name string, n, high int) {
		check(name, n >= 1 && n <= high, fmt.Sprintf("a whole number from 1 to %d", high))
	}
	duration("INITIAL_LOOKBACK", c.InitialLookback, time.Minute, 90*24*time.Hour, "1m to 2160h")
	duration("WATERMARK_OVERLAP", c.WatermarkOverlap, time.Minute, 48*time.Hour, "1m to 48h")
	duration("RUN_BUDGET", c.RunBudget, 10*time.Second, 24*time.Hour, "10s to 24h")
	count("FETCH_CONCURRENCY", c.FetchConcurrency, 512)
	count("UPLOAD_CONCURRENCY", c.UploadConcurrency, 32)
	check("MIN_SEVERITY", c.MinSeverity >= 0 && c.MinSeverity <= 10, "a number from 0 to 10") // NaN is not within
	return faults
}

// combinations finds settings that exclude or need one another. What is set
// counts, well-formed or not: a malformed setting has a fault of its own.
func combinations(vars map[string]string) []error {
	var faults []error
	keyless, role, external := vars["AWS_WEB_IDENTITY_AUDIENCE"] != "", vars["AWS_ROLE_ARN"] != "", vars["AWS_ROLE_EXTERNAL_ID"] != ""
	if keyless && !role {
		faults = append(faults, errors.New("AWS_WEB_IDENTITY_AUDIENCE is set without AWS_ROLE_ARN: a token without a role to assume gives no credentials"))
	}
	if external && !role {
		faults = append(faults, errors.New("AWS_ROLE_EXTERNAL_ID is set without AWS_ROLE_ARN: an external id belongs to a role"))
	}
	if external && keyless {
		faults = append(faults, errors.New("AWS_ROLE_EXTERNAL_ID is set with AWS_WEB_IDENTITY_AUDIENCE: a web identity has no external id, remove one"))
	}
	return faults
}
