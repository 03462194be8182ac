// Parameters of main.bicep. Those above the line have to be set; the rest show
// their defaults and can be left out. No secret belongs here: the AWS key pair is
// stored in the vault after the deployment (docs/deploy.md).

using 'main.bicep'

// ---- To be set

// The Log Analytics workspace that Microsoft Sentinel uses, and its region.
param workspaceName = 'WORKSPACE'
param workspaceLocation = 'westeurope'

// The bucket that GuardDuty exports to, and its region.
param s3Bucket = 'BUCKET'
param awsRegion = 'eu-west-1'

// Who gets an e-mail when runs fail or stop.
param alertEmails = []

// ---- Where the workspace is elsewhere than this deployment

// param workspaceResourceGroup = 'RG-OF-THE-WORKSPACE'
// param workspaceSubscriptionId = '00000000-0000-0000-0000-000000000000'

// ---- The function app

// Region of the app: one that has Flex Consumption. Default: that of the resource group.
// param location = 'westeurope'

// Stem of the resources' names, at most 12 characters. A second deployment for the same workspace needs another.
param name = 'guardduty'

// Names that are unique in Azure. Default: made of the stem and a hash of the resource group.
// param functionAppName = 'func-guardduty-contoso'
// param storageAccountName = 'stguarddutycontoso'
// param vaultName = 'kv-guardduty-contoso'

// Memory of an instance in megabytes: 512, 2048 or 4096.
param instanceMemoryMB = 512

// Tags of all resources.
param tags = {}

// ---- The source

// When to run: {second} {minute} {hour} {day} {month} {day of week}, UTC.
param schedule = '0 */5 * * * *'

// The prefix set in GuardDuty, before AWSLogs/.
param s3Prefix = ''

// ---- AWS credentials

// With a key pair: leave awsWebIdentityAudience empty. A role to assume with it, and its external id, are optional.
// Keyless: set awsWebIdentityAudience and awsRoleArn, and no external id. There is no vault then.
param awsWebIdentityAudience = '' // 'api://guardduty-sentinel'
param awsRoleArn = '' // 'arn:aws:iam::111122223333:role/guardduty-sentinel'
param awsRoleExternalId = ''

// Names of the two entries of the vault.
param awsKeyIdName = 'aws-access-key-id'
param awsKeyName = 'aws-secret-access-key'

// ---- The table

// Analytics, or Basic, which scheduled analytics rules cannot read: analyticsRules has to be none then.
param tablePlan = 'Analytics'

// Days for interactive queries (4 to 730), and in all (4 to 4383; default: as many).
param retentionInDays = 90
// param totalRetentionInDays = 365

// KQL on the way in, the columns that it fills beyond the connector's, and types of an older table's columns.
param transformKql = 'source' // loadTextContent('filter.kql')
param extraColumns = []
param columnTypes = {}

// ---- Content of Microsoft Sentinel

// Everything in sentinel/. false where Sentinel is not switched on in the workspace, or another deployment has put it there.
param deployContent = true

// enabled, disabled (made and off) or none. A deployment overwrites own changes to these rules.
param analyticsRules = 'enabled'

// Names of rules that are off all the same, as docs/content.md lists them.
param disabledRules = [] // ['GuardDuty - Root user was used']

// Im_AlertEventCustom and the like, by which ASIM finds the parsers, made where there are none. false where the workspace has
// functions of these names that were not deployed.
param registerAsim = true

// ---- Runs

// The state table. A new name starts over, initialLookback before the first run.
param stateTable = 'GuardDutyState'
param initialLookback = '24h'
param watermarkOverlap = '1h'

// Within what time a run ends by itself, below functionTimeout in host.json.
param runBudget = '8m'

// Objects read, and batches sent, at once.
param fetchConcurrency = 64
param uploadConcurrency = 4

// What is not sent: findings below a severity, of a type or a purpose ('Recon:*'), samples.
param minSeverity = '0'
param excludeFindingTypes = []
param excludeSamples = false

// debug or info.
param logLevel = 'info'

// ---- Alerts

// Whether the rules are on, and action groups that get the alerts beside alertEmails.
param alertsEnabled = true
param alertActionGroupIds = []

// The time that the rules about runs look at: at least six intervals of the schedule.
param alertWindow = 'PT30M'

// As many failed runs within it are an alert; so is a watermark behind by more minutes than alertLagMinutes.
param alertFailedRuns = 3
param alertLagMinutes = 120

// Whether two days without any finding are an alert.
param alertOnSilentFeed = true

// ---- Network

// Private endpoints for the storage account and the vault, and nothing else reaches them.
param privateNetworking = false

// Of the private network alone: its addresses, at least a /25, and a NAT gateway for outgoing traffic.
param vnetAddressPrefix = '10.110.0.0/24'
param natGatewayId = ''
