// Where findings arrive: the table, the data collection rule and the error log of
// the rule. The table and the stream of the rule have the columns of
// ../schema/guardduty.columns.json, so neither lacks a column that the connector
// sends. ruleAccess.bicep grants the right to send.

@description('A column of the schema file.')
type schemaColumn = {
  name: string
  type: 'string' | 'int' | 'long' | 'real' | 'boolean' | 'datetime' | 'dynamic'
  source: string
  since: string
  description: string
}

@description('The schema file.')
type schemaFile = {
  table: string
  stream: string
  columns: schemaColumn[]
}

@export()
@description('A type of a table column.')
type tableColumnType = 'string' | 'int' | 'long' | 'real' | 'boolean' | 'dateTime' | 'guid' | 'dynamic'

@export()
@description('A column of the table that is not in the schema file.')
type extraColumn = {
  @minLength(2)
  @maxLength(45)
  @description('A letter first, then letters, digits and underscores.')
  name: string
  @description('Type of the column in the table.')
  type: tableColumnType
  @description('What the column holds.')
  description: string?
}

@description('Name of the Log Analytics workspace of Microsoft Sentinel, in the resource group of this deployment.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Region of the workspace. The data collection rule is created in the same region.')
param location string

@description('Name of the data collection rule.')
@minLength(1)
param ruleName string

@description('Plan of the table. Scheduled analytics rules of Microsoft Sentinel require Analytics.')
param plan 'Analytics' | 'Basic' = 'Analytics'

@description('Days that rows can be queried interactively. With the plan Basic, Azure Monitor sets this value.')
@minValue(4)
@maxValue(730)
param retentionInDays int = 90

@description('Total retention in days, at least retentionInDays.')
@minValue(4)
@maxValue(4383)
param totalRetentionInDays int = retentionInDays

@description('KQL transformation of every row on ingestion: drops rows, changes values, fills extraColumns. docs/transform.md has examples.')
@minLength(1)
@maxLength(15360)
param transformKql string = 'source'

@description('Columns of the table beyond the schema file: those that transformKql fills, and those of an existing table to keep.')
param extraColumns extraColumn[] = []

@description('Types of columns whose type in an existing table differs from the schema file, by column name. transformKql must convert them.')
param columnTypes { *: tableColumnType } = {}

@description('Tags of the rule.')
param tags { *: string } = {}

var schema schemaFile = loadJsonContent('../schema/guardduty.columns.json')

var tableColumns = [
  for column in schema.columns: {
    name: column.name
    type: columnTypes[?column.name] ?? (column.type == 'datetime' ? 'dateTime' : column.type)
    description: column.description
  }
]

var streamColumns = [
  for column in schema.columns: {
    name: column.name
    type: column.type
  }
]

var destination = 'workspace'

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource table 'Microsoft.OperationalInsights/workspaces/tables@2025-07-01' = {
  parent: workspace
  name: schema.table
  properties: {
    plan: plan
    retentionInDays: plan == 'Analytics' ? retentionInDays : null
    totalRetentionInDays: totalRetentionInDays
    schema: {
      name: schema.table
      description: 'Amazon GuardDuty findings, one row for each update of a finding.'
      columns: concat(tableColumns, extraColumns)
    }
  }
}

resource rule 'Microsoft.Insights/dataCollectionRules@2024-03-11' = {
  name: ruleName
  location: location
  tags: tags
  kind: 'Direct'
  properties: {
    description: 'Sends Amazon GuardDuty findings to ${schema.table}.'
    streamDeclarations: {
      '${schema.stream}': {
        columns: streamColumns
      }
    }
    destinations: {
      logAnalytics: [
        {
          name: destination
          workspaceResourceId: workspace.id
        }
      ]
    }
    dataFlows: [
      {
        streams: [
          schema.stream
        ]
        destinations: [
          destination
        ]
        transformKql: transformKql
        outputStream: 'Custom-${schema.table}'
      }
    ]
  }
  // Azure checks the rule against the table when it creates the rule.
  dependsOn: [
    table
  ]
}

// Rows that the transformation or the table refuses appear only here, in the
// table DCRLogErrors: the sender has already received its 204.
#disable-next-line use-recent-api-versions // this preview is the latest version
resource errorLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'errors'
  scope: rule
  properties: {
    workspaceId: workspace.id
    logs: [
      {
        category: 'LogErrors'
        enabled: true
      }
    ]
  }
}

@description('Logs ingestion endpoint: LOGS_INGESTION_ENDPOINT.')
output logsIngestionEndpoint string = rule.properties.endpoints.logsIngestion

@description('Immutable id of the rule: DCR_IMMUTABLE_ID.')
output ruleImmutableId string = rule.properties.immutableId

@description('Stream of the rule: DCR_STREAM.')
output streamName string = schema.stream

@description('Resource id of the rule, on which the connector needs the role Monitoring Metrics Publisher.')
output ruleResourceId string = rule.id

@description('Name of the rule, once it exists.')
output ruleName string = rule.name
