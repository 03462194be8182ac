package fault

import "slices"

// Entry is what the catalogue says of one code, in Markdown. Fix also ends the
// line of every fault with the code that has no fix of its own.
type Entry struct {
	Code   Code
	Means  string
	Causes string // likely ones
	Fix    string
	More   string // sentences that docs/operations.md adds to the fix, such as commands; may be empty
}

// Catalogue returns all codes in their order. The list of codes in
// docs/operations.md is generated from it (make docs).
func Catalogue() []Entry { return slices.Clone(catalogue) }

var catalogue = []Entry{
	{
		Code:   Settings,
		Means:  "invalid settings; the reason and the log line `every run will fail` list all of them",
		Causes: "a setting is missing, malformed or contradicts another",
		Fix:    "fix the app settings",
		More:   "`az functionapp config appsettings set -g RG -n APP --settings NAME=VALUE` (the app restarts)",
	},
	{
		Code:   Panic,
		Means:  "internal error: the handler panicked; it continues to answer",
		Causes: "a defect",
		Fix:    "please report it with the stack trace; no data was lost and the next run will continue",
		More:   "The stack trace is in the log line `run panicked`",
	},
	{
		Code:   Other,
		Means:  "anything that no other code describes",
		Causes: "see the cause in the reason",
		Fix:    "see the log of this invocation",
	},
	{
		Code: Timeout,
		Means: "the run's budget ended, and no single service is to blame; " +
			"a call that ran into its time limit is mostly reported as that service's \"does not answer\"",
		Causes: "`RUN_BUDGET` is too short for the listing or the state",
		Fix:    "raise `RUN_BUDGET`, below `functionTimeout` in `host.json`; the next run continues",
	},
	{
		Code:  Token,
		Means: "no Azure token could be obtained",
		Causes: "the app has no managed identity; `AZURE_CLIENT_ID` or `…__clientId` names one that is not assigned; " +
			"on your machine, you are not signed in",
		Fix: "assign the app a managed identity (set `AZURE_CLIENT_ID` for a user-assigned one), " +
			"or sign in with `az login` on your machine",
		More: "`az functionapp identity assign -g RG -n APP`",
	},
	{
		Code:  TokenUnreachable,
		Means: "what gives Azure tokens does not answer, or answers with an error of its own",
		Causes: "an outage; on a machine of your own, no route to `login.microsoftonline.com`, " +
			"or a proxy that refuses it",
		Fix: "a later run tries again; if it persists, restart the app, or check the network and its proxy",
	},
	{
		Code: VaultUnreachable,
		Means: "Key Vault does not answer, or answers with an error of its own, " +
			"and no key pair is in hand that AWS accepts",
		Causes: "a wrong `KEY_VAULT_URI`; no route or name resolution; an outage",
		Fix:    "check `KEY_VAULT_URI`, the network and the vault's firewall; a later run tries again",
		More:   "With a private endpoint, check its DNS",
	},
	{
		Code:   SecretMissing,
		Means:  "a secret is missing, disabled, or its value is empty or has spaces or line breaks inside",
		Causes: "it was never stored, or under another name",
		Fix: "store the AWS key under this name, " +
			"or set `AWS_ACCESS_KEY_ID_SECRET` and `AWS_SECRET_ACCESS_KEY_SECRET`",
		More: "`az keyvault secret set --vault-name VAULT --name aws-access-key-id --file FILE`",
	},
	{
		Code:   VaultRefused,
		Means:  "Key Vault refused the identity (401 or 403)",
		Causes: "the role is missing; the vault's firewall",
		Fix: "give the identity the role `Key Vault Secrets User` on the vault, " +
			"and let the app's network through the vault's firewall",
	},
	{
		Code: KeyRefused,
		Means: "AWS does not know or accept the key pair, " +
			"also after the handler read it from the vault again",
		Causes: "the key was deactivated or deleted; id and key do not belong together; " +
			"with a role, its session is no longer valid",
		Fix: "store a valid access key id and secret access key in the vault",
		More: "`aws iam list-access-keys --user-name USER` shows the keys " +
			"(see \"Rotating the AWS key\")",
	},
	{
		Code:   BucketMissing,
		Means:  "the bucket does not exist",
		Causes: "a wrong `S3_BUCKET`; the bucket was deleted",
		Fix:    "set `S3_BUCKET` to the export bucket's name",
	},
	{
		Code: ListRefused,
		Means: "listing the bucket, or the folder of an account that the reason names, is not allowed; " +
			"in the second case everything else is delivered",
		Causes: "the reader lacks `s3:ListBucket`, or has it only for another prefix; a bucket policy denies it",
		Fix:    "allow the reader `s3:ListBucket` on the bucket",
		More:   "Try `aws s3api list-objects-v2 --bucket BUCKET --max-items 1` as the reader",
	},
	{
		Code: ReadRefused,
		Means: "reading or decrypting is not allowed for any object of the run; " +
			"when some could be read, the others become pending and the run succeeds",
		Causes: "the reader lacks `s3:GetObject` or `kms:Decrypt`; the key policy does not name it; " +
			"the KMS key is disabled",
		Fix:  "allow the reader `s3:GetObject` on the objects and `kms:Decrypt` on the export's KMS key",
		More: "Try `aws s3api get-object --bucket BUCKET --key KEY FILE` as the reader",
	},
	{
		Code:   BucketRegion,
		Means:  "the bucket is in another region",
		Causes: "a wrong `AWS_REGION`",
		Fix:    "set `AWS_REGION` to the bucket's region",
		More:   "`aws s3api get-bucket-location --bucket BUCKET` shows it",
	},
	{
		Code:   ClockSkew,
		Means:  "AWS refused the request's time",
		Causes: "the clock of the machine is wrong",
		Fix:    "set this machine's clock",
		More:   "In Azure the platform sets it",
	},
	{
		Code:   S3Unreachable,
		Means:  "S3 does not answer, or answers with an error of its own; for reads, for every object of the run",
		Causes: "no route; a wrong `AWS_ENDPOINT_URL_S3`; an outage",
		Fix:    "a later run tries again; if it persists, check the network and `AWS_ENDPOINT_URL_S3`",
	},
	{
		Code:  RoleRefused,
		Means: "STS refused the role or the token",
		Causes: "the role's trust policy: principal, external id, audience or subject; " +
			"the role does not exist; the key pair lacks `sts:AssumeRole`",
		Fix: "check the role's trust policy: its principal, external id, audience and subject",
		More: "Compare `aws iam get-role --role-name ROLE --query Role.AssumeRolePolicyDocument` with " +
			"`AWS_ROLE_ARN`, `AWS_ROLE_EXTERNAL_ID` and `AWS_WEB_IDENTITY_AUDIENCE`",
	},
	{
		Code:   STSUnreachable,
		Means:  "STS does not answer, throttles, or answers with an error of its own",
		Causes: "no route; a wrong `AWS_ENDPOINT_URL_STS`; an outage",
		Fix:    "check the network and `AWS_ENDPOINT_URL_STS`; a later run tries again",
	},
	{
		Code: Archived,
		Means: "an object is in an archive: its storage class is `GLACIER` or `DEEP_ARCHIVE`, " +
			"or it is in an archive tier of `INTELLIGENT_TIERING`; " +
			"it cannot be read before it is restored, whoever asks",
		Causes: "a lifecycle rule of the bucket, or Intelligent-Tiering with archive tiers",
		Fix: "restore it with `aws s3api restore-object`, then have it read again: " +
			"docs/operations.md, \"Archived objects\"",
		More: "More permissions do not help. To keep new objects readable, let the rule wait for longer than " +
			"a run may come late",
	},
	{
		Code:   ListingSlow,
		Means:  "a folder takes so long to list that all others would wait for it",
		Causes: "very many Regions, days or objects in the folder of an account, which GuardDuty did not write",
		Fix:    "delete there what is not GuardDuty's, or leave the account out with `ACCOUNTS`",
		More:   "A folder that is simply large needs a longer `RUN_BUDGET`",
	},
	{
		Code:  StateRefused,
		Means: "the state table refuses the identity or key (401 or 403)",
		Causes: "the role is missing; the account key was rotated; the account's firewall; " +
			"shared keys are switched off",
		Fix: "give the identity the role `Storage Table Data Contributor` on the account, " +
			"or correct the key of the connection string, and check the account's firewall",
		More: "The reason names the fix for what the account answered and for the form of the connection",
	},
	{
		Code:   StateUnreachable,
		Means:  "the state table does not answer, or answers with an error of its own",
		Causes: "a wrong account; no route or private DNS for `table`; an outage",
		Fix:    "check the storage connection, the network and the account's firewall; a later run tries again",
	},
	{
		Code:  StateConflict,
		Means: "another run moved the watermark or took the lease during this one",
		Causes: "a second app, or one left over from a restart, reads the same source with one table; " +
			"the row was changed by hand",
		Fix:  "nothing is lost; if it persists, two apps read the same source with one table",
		More: "Stop one of the two or give each its own `STATE_TABLE`",
	},
	{
		Code:   StateDamaged,
		Means:  "a row of the state table that a run needs cannot be read; the reason names it",
		Causes: "it was changed by hand or by another program",
		Fix:    "correct the row; \"A damaged row\" in docs/operations.md says for each kind what to do",
		More: "A `watermark`, `pending` or `held` row that is deleted loses findings; " +
			"a `done` or `lease` row may be deleted",
	},
	{
		Code:  StateElsewhere,
		Means: "the state table has the state of this bucket for another rule, stream or endpoint",
		Causes: "a second app reads the same bucket with the same storage account and `STATE_TABLE`; " +
			"this app was given another rule, stream or endpoint",
		Fix: "set `STATE_TABLE` to a new name to start a state of this app's own, " +
			"or move this state to the new destination as docs/operations.md says under \"Another destination\"",
		More: "Two apps with one state would share the findings out between them",
	},
	{
		Code:   StateAhead,
		Means:  "the watermark is later than S3's own time: no run would find anything new",
		Causes: "the row was changed by hand",
		Fix:    "write the time from which findings are missing into the row `watermark`",
		More:   "See \"The state table\"",
	},
	{
		Code:   IngestionRefused,
		Means:  "the identity may not send to the data collection rule",
		Causes: "the role is missing or new",
		Fix: "give the identity the role `Monitoring Metrics Publisher` on the data collection rule; " +
			"a new assignment takes some minutes",
	},
	{
		Code:  RuleMissing,
		Means: "this endpoint does not have such a rule or stream",
		Causes: "`LOGS_INGESTION_ENDPOINT`, `DCR_IMMUTABLE_ID` and `DCR_STREAM` do not belong to one rule; " +
			"the rule was deployed again",
		Fix: "check `LOGS_INGESTION_ENDPOINT`, `DCR_IMMUTABLE_ID` and `DCR_STREAM`: all three belong to one rule",
		More: "`az monitor data-collection rule show -g RG -n RULE` shows its `immutableId`, " +
			"its `streamDeclarations` and its endpoint",
	},
	{
		Code:   IngestionThrottled,
		Means:  "throttled for longer than a run waits",
		Causes: "other senders on the same rule; a large backlog",
		Fix: "the next run continues; if it persists, lower `UPLOAD_CONCURRENCY` " +
			"or spread the sources over several rules",
	},
	{
		Code:   IngestionUnreachable,
		Means:  "logs ingestion does not answer, or answers with an error of its own",
		Causes: "a wrong `LOGS_INGESTION_ENDPOINT`; no route or private DNS; an outage",
		Fix:    "check `LOGS_INGESTION_ENDPOINT` and the network; a later run tries again",
	},
	{
		Code:   RowsRefused,
		Means:  "every row that the run sent was refused; nothing was quarantined",
		Causes: "the table or the rule does not belong to this version of the handler",
		Fix:    "deploy the table and the rule that belong to this version; nothing was quarantined",
	},
}
