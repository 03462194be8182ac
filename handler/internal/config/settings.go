package config

import "slices"

// Setting is what is known of one app setting. The list below is the only
// place that says it: docs/settings.md and infra/schema/settings.json are
// written from it, and tests hold infra/ and the sample file to the latter.
type Setting struct {
	Name    string `json:"name"`
	Kind    Kind   `json:"kind"`
	Default string `json:"default,omitempty"` // used where the setting is not set or empty

	// What has to be given where there is no default; empty for a setting that
	// may be left out. Unless names the setting that makes it unnecessary.
	Required string `json:"required,omitempty"`
	Unless   string `json:"unless,omitempty"`

	Min       string   `json:"min,omitempty"` // of numbers and durations
	Max       string   `json:"max,omitempty"`
	Values    []string `json:"values,omitempty"`    // all that are taken
	Pattern   string   `json:"pattern,omitempty"`   // of the whole value
	MinLength int      `json:"minLength,omitempty"` // of what is not empty
	MaxLength int      `json:"maxLength,omitempty"`

	Help   string `json:"help"`             // one line, for docs/settings.md and for Bicep
	Sample string `json:"sample,omitempty"` // in local.settings.sample.json, where it is not the default
	ReadBy string `json:"readBy,omitempty"` // who reads it, where it is not the connector
	Bicep  Bicep  `json:"bicep"`
}

// Kind is the kind of a setting's value.
type Kind string

// The kinds.
const (
	Text     Kind = "text"
	Duration Kind = "duration"
	Count    Kind = "whole number"
	Number   Kind = "number"
	Switch   Kind = "true or false"
	Schedule Kind = "schedule"
)

// Bicep says from what infra/main.bicep sets a setting: one of the three.
type Bicep struct {
	Parameter string   `json:"parameter,omitempty"`
	Values    []string `json:"values,omitempty"`   // of the parameter, where it takes fewer
	Resource  string   `json:"resource,omitempty"` // what is deployed and gives the value
	Unset     string   `json:"unset,omitempty"`    // why the default is kept
}

// Settings returns all settings, in the order of docs/settings.md, with their
// ranges in the help.
func Settings() []Setting {
	all := slices.Clone(settings)
	for i, s := range all {
		if s.Max != "" {
			all[i].Help += "; " + s.Min + " to " + s.Max
		}
	}
	return all
}

// settings is every setting of the connector, and those of the host and of the
// Azure SDK that a deployment of it needs.
var settings = slices.Concat(sourceSettings, stateSettings, runSettings, otherSettings)

var sourceSettings = []Setting{
	{
		Name: "GUARDDUTY_SCHEDULE", Kind: Schedule, MinLength: 11, ReadBy: "the Functions host",
		Help:   "when to run: six-field NCRONTAB, `{second} {minute} {hour} {day} {month} {day of week}`, in UTC",
		Sample: "0 */5 * * * *", Bicep: Bicep{Parameter: "schedule"},
	},
	{
		Name: "S3_BUCKET", Kind: Text, Pattern: bucketPattern, MinLength: 3, MaxLength: 63,
		Required: "the name of the bucket that GuardDuty exports to",
		Help:     "the bucket that GuardDuty exports to",
		Sample:   "my-guardduty-findings", Bicep: Bicep{Parameter: "s3Bucket"},
	},
	{
		Name: "S3_PREFIX", Kind: Text, MaxLength: 400,
		Help:  "the prefix set in GuardDuty, before `AWSLogs/`; empty for none",
		Bicep: Bicep{Parameter: "s3Prefix"},
	},
	{
		Name: "ACCOUNTS", Kind: Text,
		Help: "comma-separated AWS accounts whose folders are read; empty for all that are in the bucket. " +
			"An account that is added is read from then on",
		Bicep: Bicep{Parameter: "accounts"},
	},
	{
		Name: "ADMINISTRATOR_ACCOUNTS", Kind: Text,
		Help: "comma-separated AWS accounts whose folders may carry findings of other accounts: those of " +
			"GuardDuty's administrators; empty where it is not known",
		Bicep: Bicep{Parameter: "administratorAccounts"},
	},
	{
		Name: "S3_BUCKET_OWNER", Kind: Text, Pattern: accountPattern,
		Help:  "the AWS account of the bucket, so that one of another account is refused; empty for any",
		Bicep: Bicep{Parameter: "s3BucketOwner"},
	},
	{
		Name: "AWS_REGION", Kind: Text, Pattern: regionPattern, MinLength: 9,
		Required: "the bucket's region, such as eu-west-1",
		Help:     "the region of the bucket",
		Sample:   "eu-west-1", Bicep: Bicep{Parameter: "awsRegion"},
	},
	{
		Name: "KEY_VAULT_URI", Kind: Text, Unless: "AWS_WEB_IDENTITY_AUDIENCE",
		Required: "the vault that holds the AWS key pair, https://NAME.vault.azure.net " +
			"(or AWS_WEB_IDENTITY_AUDIENCE for no key pair)",
		Help:   "the vault that holds the AWS key pair, `https://NAME.vault.azure.net`",
		Sample: "https://my-vault.vault.azure.net", Bicep: Bicep{Resource: "the vault"},
	},
	{
		Name: "AWS_ACCESS_KEY_ID_SECRET", Kind: Text, Default: "aws-access-key-id",
		Pattern: secretPattern, MinLength: 1, MaxLength: 127,
		Help:  "name of the Key Vault secret that holds the access key id; letters, digits and hyphens",
		Bicep: Bicep{Parameter: "awsKeyIdName"},
	},
	{
		Name: "AWS_SECRET_ACCESS_KEY_SECRET", Kind: Text, Default: "aws-secret-access-key",
		Pattern: secretPattern, MinLength: 1, MaxLength: 127,
		Help:  "name of the Key Vault secret that holds the secret access key; letters, digits and hyphens",
		Bicep: Bicep{Parameter: "awsKeyName"},
	},
	{
		Name: "AWS_ROLE_ARN", Kind: Text, Pattern: rolePattern,
		Help:  "ARN of the IAM role to assume; optional with a key pair, required without one",
		Bicep: Bicep{Parameter: "awsRoleArn"},
	},
	{
		Name: "AWS_ROLE_EXTERNAL_ID", Kind: Text, MaxLength: maxExternalID,
		Help:  "external id for the role, only with a key pair; empty for none",
		Bicep: Bicep{Parameter: "awsRoleExternalId"},
	},
	{
		Name: "AWS_WEB_IDENTITY_AUDIENCE", Kind: Text, Pattern: audiencePattern, MaxLength: 512,
		Help:  "an Entra token for this application id URI replaces the AWS key; empty for a key pair",
		Bicep: Bicep{Parameter: "awsWebIdentityAudience"},
	},
}

var stateSettings = []Setting{
	{
		Name: "STATE_CONNECTION", Kind: Text, Default: hostConnection,
		Help:  "name of the storage connection of the state table (see below)",
		Bicep: Bicep{Unset: "the state is in the storage account of the host"},
	},
	{
		Name: "STATE_TABLE", Kind: Text, Default: "GuardDutyState",
		Pattern: tablePattern, MinLength: 3, MaxLength: 63,
		Help: "name of the state table, created if missing; letters and digits, a letter first. " +
			"A new name starts over at `INITIAL_LOOKBACK`",
		Bicep: Bicep{Parameter: "stateTable"},
	},
	{
		Name: "LOGS_INGESTION_ENDPOINT", Kind: Text,
		Required: "the logs ingestion endpoint of the data collection rule, https://….ingest.monitor.azure.com",
		Help:     "logs ingestion endpoint of the data collection rule, `https://….ingest.monitor.azure.com`",
		Sample:   "https://my-rule-abcd.westeurope-1.ingest.monitor.azure.com",
		Bicep:    Bicep{Resource: "the data collection rule"},
	},
	{
		Name: "DCR_IMMUTABLE_ID", Kind: Text, Pattern: rulePattern,
		Required: "the immutable id of the data collection rule, dcr- and 32 hexadecimal digits",
		Help:     "immutable id of the data collection rule, `dcr-` and 32 hexadecimal digits",
		Sample:   "dcr-00000000000000000000000000000000",
		Bicep:    Bicep{Resource: "the data collection rule"},
	},
	{
		Name: "DCR_STREAM", Kind: Text, Default: "Custom-AWSGuardDuty_CL", Pattern: streamPattern,
		Help:  "stream of the data collection rule",
		Bicep: Bicep{Resource: "the data collection rule"},
	},
}

var runSettings = []Setting{
	{
		Name: "INITIAL_LOOKBACK", Kind: Duration, Default: "24h", Min: "1m", Max: "90d", MinLength: 2,
		Help:  "how far back the first run starts",
		Bicep: Bicep{Parameter: "initialLookback"},
	},
	{
		Name: "WATERMARK_OVERLAP", Kind: Duration, Default: "1h", Min: "1m", Max: "2d", MinLength: 2,
		Help:  "how far behind the watermark each run looks again",
		Bicep: Bicep{Parameter: "watermarkOverlap"},
	},
	{
		Name: "RUN_BUDGET", Kind: Duration, Default: "8m", Min: "10s", Max: "24h", MinLength: 2,
		Help:  "how long a run may take; it has to be below `functionTimeout` in host.json",
		Bicep: Bicep{Parameter: "runBudget"},
	},
	{
		Name: "FETCH_CONCURRENCY", Kind: Count, Default: "64", Min: "1", Max: "512",
		Help:  "objects read at once",
		Bicep: Bicep{Parameter: "fetchConcurrency"},
	},
	{
		Name: "UPLOAD_CONCURRENCY", Kind: Count, Default: "4", Min: "1", Max: "32",
		Help:  "batches delivered at once",
		Bicep: Bicep{Parameter: "uploadConcurrency"},
	},
	{
		Name: "MAX_PAIR_MB", Kind: Count, Default: "2000", Min: "1", Max: "100000",
		Help:  "the most that a run sends of one account and Region, in MB of rows; later runs send the rest",
		Bicep: Bicep{Parameter: "maxPairMB"},
	},
	{
		Name: "MIN_SEVERITY", Kind: Number, Default: "0", Min: "0", Max: "10", MinLength: 1,
		Help:  "findings below it are counted and not sent",
		Bicep: Bicep{Parameter: "minSeverity"},
	},
	{
		Name: "EXCLUDE_FINDING_TYPES", Kind: Text,
		Help:  "comma-separated finding types that are not sent; `Recon:*` for all of one purpose",
		Bicep: Bicep{Parameter: "excludeFindingTypes"},
	},
	{
		Name: "EXCLUDE_SAMPLES", Kind: Switch, Default: "false",
		Help:  "whether to leave out GuardDuty's sample findings",
		Bicep: Bicep{Parameter: "excludeSamples"},
	},
	{
		Name: "LOG_LEVEL", Kind: Text, Default: "info", Values: []string{"debug", "info", "warn", "error"},
		Help: "least level of the lines that are logged. The alert rules read lines of level info, " +
			"so a higher one blinds them",
		Bicep: Bicep{Parameter: "logLevel", Values: []string{"debug", "info"}},
	},
}

var otherSettings = []Setting{
	{
		Name: "AZURE_CLIENT_ID", Kind: Text, ReadBy: "azidentity",
		Help:  "client id of a user-assigned identity",
		Bicep: Bicep{Resource: "the identity"},
	},
	{
		Name: "AZURE_TOKEN_CREDENTIALS", Kind: Text, ReadBy: "azidentity",
		Help: "which credentials are tried: `ManagedIdentityCredential` in Azure, `dev` on your machine; " +
			"empty for all",
		Sample: "dev", Bicep: Bicep{Resource: "the identity"},
	},
	{
		Name: "AWS_ENDPOINT_URL_S3", Kind: Text,
		Help:  "address of another S3 server; plain http only on this machine",
		Bicep: Bicep{Unset: "AWS itself"},
	},
	{
		Name: "AWS_ENDPOINT_URL_STS", Kind: Text,
		Help:  "address of another STS server; plain http only on this machine",
		Bicep: Bicep{Unset: "AWS itself"},
	},
	{
		Name: "S3_PATH_STYLE", Kind: Switch, Default: "false",
		Help:  "for S3 servers that want the bucket in the path",
		Bicep: Bicep{Unset: "AWS itself"},
	},
}
