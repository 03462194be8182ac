// Parameters of main.bicep. Set those of the first section; the others show their
// defaults and can be left out. Do not put secrets here: the AWS key pair is stored
// in the vault after the deployment (docs/deploy.md).

using 'main.bicep'

// ---- Required

// The Log Analytics workspace of Microsoft Sentinel, and its region.
param workspaceName = 'WORKSPACE'
param workspaceLocation = 'westeurope'

// The bucket that GuardDuty exports to, and its region.
param s3Bucket = 'BUCKET'
param awsRegion = 'eu-west-1'

// E-mail addresses that receive alerts, for example when runs fail or stop.
param alertEmails = []

// ---- If the workspace is in another resource group than this deployment

// param workspaceResourceGroup = 'RG-OF-THE-WORKSPACE'
// param workspaceSubscriptionId = '00000000-0000-0000-0000-000000000000'

// ---- The function app

// Region of the app, which must offer Flex Consumption. Default: that of the resource group.
// param location = 'westeurope'

// Stem of the resource names, at most 12 characters. A second deployment for the same workspace needs a different one.
param name = 'guardduty'

// Names that must be unique in Azure. Default: the stem and a hash of the resource group.
// param functionAppName = 'func-guardduty-contoso'
// param storageAccountName = 'stguarddutycontoso'
// param packageStorageAccountName = 'pkgguarddutycontoso'
// param vaultName = 'kv-guardduty-contoso'

// Whether a package can be published. For false see docs/deploy.md, "Who writes the package".
param packageWritable = true

// Memory of an instance in MB: 512, 2048 or 4096.
param instanceMemoryMB = 512

// Tags of all resources that support them.
param tags = {}

// ---- The source

// When to run: {second} {minute} {hour} {day} {month} {day of week}, UTC.
param schedule = '0 */5 * * * *'

// The prefix set in GuardDuty, before AWSLogs/.
param s3Prefix = ''

// The AWS account of the bucket; empty for any.
param s3BucketOwner = ''

// ---- AWS credentials

// With a key pair: leave awsWebIdentityAudience empty. A role to assume with it, and its external id, are optional.
// Keyless: set awsWebIdentityAudience and awsRoleArn, and no external id. There is no vault then.
param awsWebIdentityAudience = '' // 'api://guardduty-sentinel'
param awsRoleArn = '' // 'arn:aws:iam::111122223333:role/guardduty-sentinel'
param awsRoleExternalId = ''

// Names of the two entries of the vault.
param awsKeyIdName = 'aws-access-key-id'
param awsKeyName = 'aws-secret-access-key'

// Whether the workspace logs who reads them.
param vaultAudit = true

// ---- The table

// Analytics or Basic. Scheduled analytics rules cannot read Basic: analyticsRules must be none then.
param tablePlan = 'Analytics'

// Interactive retention in days (4 to 730), and total retention (4 to 4383; default: the same).
param retentionInDays = 90
// param totalRetentionInDays = 365

// Transformation on ingestion, additional columns that it fills, and types of columns of an existing table.
param transformKql = 'source' // loadTextContent('filter.kql')
param extraColumns = []
param columnTypes = {}

// ---- Content of Microsoft Sentinel

// Everything in sentinel/. Set it to false if Sentinel is not enabled on the workspace, or if another deployment
// already deploys the content.
param deployContent = true

// enabled, disabled or none (not deployed). Each deployment overwrites your changes to these rules.
param analyticsRules = 'enabled'

// Names of rules to deploy disabled, as docs/content.md lists them.
param disabledRules = [] // ['GuardDuty - Root user was used']

// Im_AlertEventCustom and three more functions, through which ASIM finds the parsers. Set it to false if the workspace
// has functions with these names that were not deployed.
param registerAsim = true

// The accounts of GuardDuty's administrators, if it is known: docs/operations.md, "Findings in another account's folder".
param administratorAccounts = []

// The accounts whose folders are read; none for all that are in the bucket.
param accounts = []

// ---- Runs

// The state table. A new name starts over, initialLookback before the first run.
param stateTable = 'GuardDutyState'
param initialLookback = '24h'
param watermarkOverlap = '1h'

// How long a run may take, below functionTimeout in host.json.
param runBudget = '8m'

// Objects read, and batches sent, at once.
param fetchConcurrency = 64
param uploadConcurrency = 4

// The most that a run sends of one account and Region, in MB of rows: docs/cost.md.
param maxPairMB = 2000

// What is not sent: findings below a severity, of a type or a purpose ('Recon:*'), samples.
param minSeverity = '0'
param excludeFindingTypes = []
param excludeSamples = false

// debug or info.
param logLevel = 'info'

// ---- Alerts

// Whether the alert rules are enabled, and action groups that receive alerts in addition to alertEmails.
param alertsEnabled = true
param alertActionGroupIds = []

// Time window of the rules about runs: at least six intervals of the schedule.
param alertWindow = 'PT30M'

// Number of failed runs within the window, and minutes that the watermark may be behind, before an alert is raised.
param alertFailedRuns = 3
param alertLagMinutes = 120

// Whether two days without any finding raise an alert.
param alertOnSilentFeed = true

// ---- Network

// Whether the storage accounts and the vault are reachable through private endpoints only.
param privateNetworking = false

// For the private network only: its address range, at least a /25, and a NAT gateway for outbound traffic.
param vnetAddressPrefix = '10.110.0.0/24'
param natGatewayId = ''

// Address ranges that may call the address of the app, and publish to it; empty for all. And whether both are
// reachable from public networks at all.
param appAddresses = [] // ['203.0.113.0/24']
param publishingAddresses = [] // ['203.0.113.0/24']
param appPublicAccess = true
