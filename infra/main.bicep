// The Azure side of the connector. The function app with its identity, storage,
// telemetry and vault is in the resource group of the deployment. The table, the
// data collection rule, the alert rules and the content of Microsoft Sentinel are
// in the resource group of the workspace, which may be in another subscription.
// A second deployment with the same parameters changes nothing. docs/deploy.md
// explains each step.

targetScope = 'resourceGroup'

import { extraColumn, tableColumnType } from 'modules/ingestion.bicep'

// ---- The workspace

@description('Name of the Log Analytics workspace that Microsoft Sentinel uses.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Resource group of the workspace.')
@minLength(1)
@maxLength(90)
param workspaceResourceGroup string = resourceGroup().name

@description('Subscription id of the workspace.')
@minLength(36)
@maxLength(36)
param workspaceSubscriptionId string = subscription().subscriptionId

@description('Region of the workspace. The data collection rule is created in the same region.')
param workspaceLocation string = resourceGroup().location

// ---- The function app

@description('Region of the function app and its resources. It must offer the Flex Consumption plan.')
param location string = resourceGroup().location

@description('Stem of the resource names: a letter, then letters, digits and single hyphens. A second deployment for the same workspace needs a different one.')
@minLength(2)
@maxLength(12)
param name string = 'guardduty'

@description('Name of the function app: unique in Azure; letters, digits and hyphens.')
@minLength(2)
@maxLength(60)
param functionAppName string = 'func-${name}-${uniqueString(resourceGroup().id, name)}'

@description('Name of the storage account of the host and the state: unique in Azure; lower-case letters and digits.')
@minLength(3)
@maxLength(24)
param storageAccountName string = take(
  'st${toLower(replace(name, '-', ''))}${uniqueString(resourceGroup().id, name)}',
  24
)

@description('Name of the storage account of the deployed package: unique in Azure; lower-case letters and digits.')
@minLength(3)
@maxLength(24)
param packageStorageAccountName string = take(
  'pkg${toLower(replace(name, '-', ''))}${uniqueString(resourceGroup().id, name)}',
  24
)

@description('Whether the platform may store a package in that account. Set it to false after publishing, and delete the assignment that is there: docs/deploy.md, "Who writes the package".')
param packageWritable bool = true

@description('Name of the vault for the AWS key pair: unique in Azure; letters, digits and hyphens. Without a key pair no vault is created.')
@minLength(3)
@maxLength(24)
param vaultName string = take('kv-${name}-${uniqueString(resourceGroup().id, name)}', 24)

@description('Memory of an instance, in MB.')
param instanceMemoryMB 512 | 2048 | 4096 = 512

@description('Tags of all resources that support them.')
param tags { *: string } = {}

// ---- The source in AWS

@description('GUARDDUTY_SCHEDULE: when to run: six-field NCRONTAB, {second} {minute} {hour} {day} {month} {day of week}, in UTC.')
@minLength(11)
param schedule string = '0 */5 * * * *'

@description('S3_BUCKET: the bucket that GuardDuty exports to.')
@minLength(3)
@maxLength(63)
param s3Bucket string

@description('S3_PREFIX: the prefix set in GuardDuty, before AWSLogs/; empty for none.')
@maxLength(400)
param s3Prefix string = ''

@description('S3_BUCKET_OWNER: the AWS account of the bucket, so that one of another account is refused; empty for any.')
param s3BucketOwner string = ''

@description('AWS_REGION: the region of the bucket.')
@minLength(9)
param awsRegion string

// ---- AWS credentials: a key pair in the vault, or none (keyless)

@description('AWS_WEB_IDENTITY_AUDIENCE: an Entra token for this application id URI replaces the AWS key; empty for a key pair.')
@maxLength(512)
param awsWebIdentityAudience string = ''

@description('AWS_ROLE_ARN: ARN of the IAM role to assume; optional with a key pair, required without one.')
param awsRoleArn string = ''

@description('AWS_ROLE_EXTERNAL_ID: external id for the role, only with a key pair; empty for none.')
@maxLength(1224)
param awsRoleExternalId string = ''

@description('AWS_ACCESS_KEY_ID_SECRET: name of the Key Vault secret that holds the access key id; letters, digits and hyphens.')
@minLength(1)
@maxLength(127)
param awsKeyIdName string = 'aws-access-key-id'

@description('AWS_SECRET_ACCESS_KEY_SECRET: name of the Key Vault secret that holds the secret access key; letters, digits and hyphens.')
@minLength(1)
@maxLength(127)
param awsKeyName string = 'aws-secret-access-key'

@description('Whether what is done in the vault is logged in the workspace, in the table AZKVAuditLogs. The analytics rule about the key pair reads it.')
param vaultAudit bool = true

// ---- The table

@description('Plan of the table. Scheduled analytics rules of Microsoft Sentinel require Analytics.')
param tablePlan 'Analytics' | 'Basic' = 'Analytics'

@description('Days that rows can be queried interactively. With the plan Basic, Azure Monitor sets this value.')
@minValue(4)
@maxValue(730)
param retentionInDays int = 90

@description('Total retention in days, at least retentionInDays.')
@minValue(4)
@maxValue(4383)
param totalRetentionInDays int = retentionInDays

@description('KQL transformation of every row on ingestion: docs/transform.md.')
@minLength(1)
@maxLength(15360)
param transformKql string = 'source'

@description('Columns of the table beyond those of the connector: those that transformKql fills, and those of an existing table to keep.')
param extraColumns extraColumn[] = []

@description('Types of columns whose type in an existing table differs from that of the connector, by column name. transformKql must convert them.')
param columnTypes { *: tableColumnType } = {}

// ---- Content of Microsoft Sentinel

@description('Whether to deploy everything in sentinel/: functions, analytics rules, hunting queries, the workbook and the data connector card. Microsoft Sentinel must be enabled on the workspace.')
param deployContent bool = true

@description('Whether to deploy the analytics rules enabled, disabled or not at all (none). Each deployment overwrites your changes to these rules. They require the table plan Analytics.')
param analyticsRules 'enabled' | 'disabled' | 'none' = 'enabled'

@description('Names of analytics rules to deploy disabled, as docs/content.md lists them, such as GuardDuty - Root user was used.')
param disabledRules string[] = []

@description('Whether to create Im_AlertEventCustom and the three other workspace functions that the unifying parsers of ASIM call, with the GuardDuty parsers in them. Functions that already exist are not changed.')
param registerAsim bool = true

// ---- Runs

@description('STATE_TABLE: name of the state table, created if missing; letters and digits, a letter first. A new name starts over at INITIAL_LOOKBACK.')
@minLength(3)
@maxLength(63)
param stateTable string = 'GuardDutyState'

@description('INITIAL_LOOKBACK: how far back the first run starts; 1m to 90d.')
@minLength(2)
param initialLookback string = '24h'

@description('WATERMARK_OVERLAP: how far behind the watermark each run looks again; 1m to 2d.')
@minLength(2)
param watermarkOverlap string = '1h'

@description('RUN_BUDGET: how long a run may take; it has to be below functionTimeout in host.json; 10s to 24h.')
@minLength(2)
param runBudget string = '8m'

@description('FETCH_CONCURRENCY: objects read at once; 1 to 512.')
@minValue(1)
@maxValue(512)
param fetchConcurrency int = 64

@description('UPLOAD_CONCURRENCY: batches delivered at once; 1 to 32.')
@minValue(1)
@maxValue(32)
param uploadConcurrency int = 4

@description('MAX_PAIR_MB: the most that a run sends of one account and Region, in MB of rows; later runs send the rest; 1 to 100000.')
@minValue(1)
@maxValue(100000)
param maxPairMB int = 2000

@description('MIN_SEVERITY: findings below it are counted and not sent; 0 to 10.')
@minLength(1)
param minSeverity string = '0'

@description('ACCOUNTS: comma-separated AWS accounts whose folders are read; empty for all that are in the bucket. An account that is added is read from then on.')
param accounts string[] = []

@description('ADMINISTRATOR_ACCOUNTS: comma-separated AWS accounts whose folders may carry findings of other accounts: those of GuardDuty\'s administrators; empty where it is not known.')
param administratorAccounts string[] = []

@description('EXCLUDE_FINDING_TYPES: comma-separated finding types that are not sent; Recon:* for all of one purpose.')
param excludeFindingTypes string[] = []

@description('EXCLUDE_SAMPLES: whether to leave out GuardDuty\'s sample findings.')
param excludeSamples bool = false

@description('LOG_LEVEL: least level of the lines that are logged. The alert rules read lines of level info, so a higher one blinds them.')
param logLevel 'debug' | 'info' = 'info'

// ---- Alerts

@description('Whether the alert rules are enabled. They are created either way.')
param alertsEnabled bool = true

@description('E-mail addresses that receive alerts, without duplicates.')
param alertEmails string[] = []

@description('Resource ids of additional action groups that receive alerts.')
param alertActionGroupIds string[] = []

@description('Time window of the alert rules about runs: at least six intervals of the schedule.')
param alertWindow 'PT15M' | 'PT30M' | 'PT1H' | 'PT2H' | 'PT3H' | 'PT6H' | 'PT12H' | 'P1D' = 'PT30M'

@description('Number of failed runs within alertWindow that raises an alert.')
@minValue(1)
@maxValue(100)
param alertFailedRuns int = 3

@description('Minutes that the watermark may be behind before an alert is raised.')
@minValue(30)
@maxValue(10080)
param alertLagMinutes int = 120

@description('Whether two days without any finding raise an alert. Set it to false where GuardDuty is that quiet.')
param alertOnSilentFeed bool = true

// ---- Network

@description('Whether the storage accounts and the vault are reachable through private endpoints only.')
param privateNetworking bool = false

@description('Address range of the virtual network in CIDR notation: at least a /25 that nothing else uses.')
param vnetAddressPrefix string = '10.110.0.0/24'

@description('Resource id of a NAT gateway for the app\'s outbound traffic in the virtual network; empty for none.')
param natGatewayId string = ''

@description('Address ranges, in CIDR notation, that may call the address of the app; empty for all. The app has no HTTP function, but publishing asks there whether it is well.')
param appAddresses string[] = []

@description('Address ranges, in CIDR notation, that may publish to the app; empty for all. Publishing takes tokens only.')
param publishingAddresses string[] = []

@description('Whether the addresses of the app and of its publishing are reachable from public networks. Runs do not need them.')
param appPublicAccess bool = true

// ---- Derived values

var keyless = !empty(awsWebIdentityAudience)
var useKeyPair = !keyless
var roleArn = keyless && empty(awsRoleArn)
  ? fail('awsWebIdentityAudience needs awsRoleArn: a token without a role to assume gives no credentials')
  : awsRoleArn
var externalId = keyless && !empty(awsRoleExternalId)
  ? fail('awsRoleExternalId is for the key pair: a web identity has no external id')
  : awsRoleExternalId
var ruleName = 'dcr-${name}'
var packageContainer = 'packages'
var contentRules = deployContent && analyticsRules != 'none' && tablePlan == 'Basic'
  ? fail('analyticsRules has to be none where tablePlan is Basic: scheduled analytics rules cannot read the table')
  : analyticsRules

// An empty one is not set. docs/settings.md says which are left to their defaults,
// and why. function.bicep adds those of the platform.
var settings = {
  GUARDDUTY_SCHEDULE: schedule
  S3_BUCKET: s3Bucket
  S3_PREFIX: s3Prefix
  S3_BUCKET_OWNER: s3BucketOwner
  AWS_REGION: awsRegion
  KEY_VAULT_URI: useKeyPair ? vault!.outputs.uri : ''
  AWS_ACCESS_KEY_ID_SECRET: useKeyPair ? awsKeyIdName : ''
  AWS_SECRET_ACCESS_KEY_SECRET: useKeyPair ? awsKeyName : ''
  AWS_ROLE_ARN: roleArn
  AWS_ROLE_EXTERNAL_ID: externalId
  AWS_WEB_IDENTITY_AUDIENCE: awsWebIdentityAudience
  STATE_TABLE: stateTable
  LOGS_INGESTION_ENDPOINT: ingestion.outputs.logsIngestionEndpoint
  DCR_IMMUTABLE_ID: ingestion.outputs.ruleImmutableId
  DCR_STREAM: ingestion.outputs.streamName
  INITIAL_LOOKBACK: initialLookback
  WATERMARK_OVERLAP: watermarkOverlap
  RUN_BUDGET: runBudget
  FETCH_CONCURRENCY: string(fetchConcurrency)
  UPLOAD_CONCURRENCY: string(uploadConcurrency)
  MAX_PAIR_MB: string(maxPairMB)
  MIN_SEVERITY: minSeverity
  ACCOUNTS: join(accounts, ',')
  ADMINISTRATOR_ACCOUNTS: join(administratorAccounts, ',')
  EXCLUDE_FINDING_TYPES: join(excludeFindingTypes, ',')
  EXCLUDE_SAMPLES: excludeSamples ? 'true' : 'false'
  LOG_LEVEL: logLevel
}

// ---- Deployments

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
  scope: resourceGroup(workspaceSubscriptionId, workspaceResourceGroup)
}

module identity 'modules/identity.bicep' = {
  params: {
    location: location
    identityName: 'id-${name}'
    tags: tags
  }
}

module packageIdentity 'modules/identity.bicep' = {
  params: {
    location: location
    identityName: 'id-${name}-package'
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  params: {
    location: location
    storageAccountName: storageAccountName
    containerNames: []
    privateNetworking: privateNetworking
    tags: tags
  }
}

// Whoever may write the package decides what the app runs, so the connector's
// identity, which may write everything in the other account, may not.
module packageStorage 'modules/storage.bicep' = {
  params: {
    location: location
    storageAccountName: packageStorageAccountName
    containerNames: [
      packageContainer
    ]
    privateNetworking: privateNetworking
    tags: tags
  }
}

module telemetry 'modules/telemetry.bicep' = {
  params: {
    location: location
    componentName: 'appi-${name}'
    workspaceId: workspace.id
    tags: tags
  }
}

module vault 'modules/vault.bicep' = if (useKeyPair) {
  params: {
    location: location
    vaultName: vaultName
    keyIdName: awsKeyIdName
    keyName: awsKeyName
    privateNetworking: privateNetworking
    audit: vaultAudit
    workspaceId: workspace.id
    tags: tags
  }
}

module ingestion 'modules/ingestion.bicep' = {
  scope: resourceGroup(workspaceSubscriptionId, workspaceResourceGroup)
  params: {
    workspaceName: workspaceName
    location: workspaceLocation
    ruleName: ruleName
    plan: tablePlan
    retentionInDays: retentionInDays
    totalRetentionInDays: totalRetentionInDays
    transformKql: transformKql
    extraColumns: extraColumns
    columnTypes: columnTypes
    tags: tags
  }
}

module access 'modules/access.bicep' = {
  params: {
    principalId: identity.outputs.principalId
    packagePrincipalId: packageIdentity.outputs.principalId
    packageWritable: packageWritable
    storageAccountName: storage.outputs.accountName
    packageStorageAccountName: packageStorage.outputs.accountName
    componentName: telemetry.outputs.componentName
    withVault: useKeyPair
    vaultName: useKeyPair ? vault!.outputs.vaultName : vaultName
  }
}

module ruleAccess 'modules/ruleAccess.bicep' = {
  scope: resourceGroup(workspaceSubscriptionId, workspaceResourceGroup)
  params: {
    principalId: identity.outputs.principalId
    ruleName: ingestion.outputs.ruleName
  }
}

module network 'modules/network.bicep' = if (privateNetworking) {
  params: {
    location: location
    networkName: 'vnet-${name}'
    addressPrefix: vnetAddressPrefix
    natGatewayId: natGatewayId
    storageAccountId: storage.outputs.resourceId
    packageStorageAccountId: packageStorage.outputs.resourceId
    vaultId: useKeyPair ? vault!.outputs.resourceId : ''
    tags: tags
  }
}

module functionApp 'modules/function.bicep' = {
  params: {
    location: location
    planName: 'plan-${name}'
    functionAppName: functionAppName
    instanceMemoryMB: instanceMemoryMB
    identityId: identity.outputs.resourceId
    identityClientId: identity.outputs.clientId
    storageEndpoints: storage.outputs.endpoints
    packageIdentityId: packageIdentity.outputs.resourceId
    packageContainerUrl: '${packageStorage.outputs.endpoints.blob}${packageContainer}'
    telemetryConnection: telemetry.outputs.connectionString
    settings: settings
    publicAccess: appPublicAccess
    appAddresses: appAddresses
    publishingAddresses: publishingAddresses
    appSubnetId: privateNetworking ? network!.outputs.appSubnetId : ''
    tags: tags
  }
  // The roles of the app are assigned first: they take some minutes to apply.
  dependsOn: [
    access
    ruleAccess
  ]
}

module alerts 'modules/alerts.bicep' = {
  scope: resourceGroup(workspaceSubscriptionId, workspaceResourceGroup)
  params: {
    location: workspaceLocation
    name: name
    enabled: alertsEnabled
    workspaceId: workspace.id
    componentId: telemetry.outputs.resourceId
    ruleId: ingestion.outputs.ruleResourceId
    emails: alertEmails
    actionGroupIds: alertActionGroupIds
    window: alertWindow
    failedRuns: alertFailedRuns
    lagMinutes: alertLagMinutes
    onSilentFeed: alertOnSilentFeed
    tags: tags
  }
}

// After the table: Sentinel checks the queries of the analytics rules against it.
module content 'modules/content.bicep' = if (deployContent) {
  scope: resourceGroup(workspaceSubscriptionId, workspaceResourceGroup)
  params: {
    workspaceName: workspaceName
    location: workspaceLocation
    analyticsRules: contentRules
    disabledRules: disabledRules
    registerAsim: registerAsim
    tags: tags
  }
  dependsOn: [
    ingestion
  ]
}

// ---- Outputs for the next steps

@description('Name of the function app, to which the package is deployed.')
output functionAppName string = functionApp.outputs.functionAppName

@description('Resource id of the function app.')
output functionAppId string = functionApp.outputs.resourceId

@description('Name of the vault that stores the AWS key pair; empty without a key pair.')
output vaultName string = useKeyPair ? vault!.outputs.vaultName : ''

@description('Resource id of the vault; empty without a key pair.')
output vaultId string = useKeyPair ? vault!.outputs.resourceId : ''

@description('Name of the storage account with the host\'s data and the state table.')
output storageAccountName string = storage.outputs.accountName

@description('Resource id of the storage account with the deployed package.')
output packageStorageAccountId string = packageStorage.outputs.resourceId

@description('Principal id of the identity with which the platform stores and loads the package.')
output packagePrincipalId string = packageIdentity.outputs.principalId

@description('Resource id of the workspace.')
output workspaceId string = workspace.id

@description('Resource id of the Application Insights component.')
output componentId string = telemetry.outputs.resourceId

@description('Resource id of the data collection rule.')
output ruleId string = ingestion.outputs.ruleResourceId

@description('Immutable id of the data collection rule.')
output ruleImmutableId string = ingestion.outputs.ruleImmutableId

@description('Logs ingestion endpoint to which the connector sends findings.')
output logsIngestionEndpoint string = ingestion.outputs.logsIngestionEndpoint

@description('Client id of the connector\'s identity.')
output identityClientId string = identity.outputs.clientId

@description('Principal id of the connector\'s identity: without a key pair, the subject that the AWS role trusts.')
output identityPrincipalId string = identity.outputs.principalId

@description('Id of the Entra tenant that issues the identity\'s tokens.')
output tenantId string = subscription().tenantId
