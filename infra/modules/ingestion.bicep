// Where findings arrive: the table, the data collection rule that takes them in,
// and the rule's error log. The table and the rule's stream have the columns of
// ../schema/guardduty.columns.json, so that neither can lack one that the
// connector sends. Who may send is granted elsewhere.

@description('An entry of the schema file.')
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
@description('A type that a column of a table can have.')
type tableColumnType = 'string' | 'int' | 'long' | 'real' | 'boolean' | 'dateTime' | 'guid' | 'dynamic'

@export()
@description('A column of the table that the schema file does not have.')
type extraColumn = {
  @minLength(2)
  @maxLength(45)
  @description('Starts with a letter; letters, digits and underscores.')
  name: string
  @description('Type of the column in the table.')
  type: tableColumnType
  @description('What the column holds.')
  description: string?
}

@description('Name of the Log Analytics workspace that Microsoft Sentinel uses. It is in the resource group of this deployment.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Region of the workspace. The rule has to be in the same one.')
param location string

@description('Name of the data collection rule.')
@minLength(1)
param ruleName string

@description('Plan of the table. Scheduled analytics rules of Microsoft Sentinel need Analytics.')
param plan 'Analytics' | 'Basic' = 'Analytics'

@description('Days for which rows can be queried interactively. Azure Monitor sets it by itself when the plan is Basic.')
@minValue(4)
@maxValue(730)
param retentionInDays int = 90

@description('Days for which rows are kept in all, at least retentionInDays.')
@minValue(4)
@maxValue(4383)
param totalRetentionInDays int = retentionInDays

@description('KQL that every row passes on its way in: drops rows, changes values, fills extraColumns. docs/transform.md has examples.')
@minLength(1)
@maxLength(15360)
param transformKql string = 'source'

@description('Columns that the table has beyond the schema file: those that transformKql fills, and those of an older table that are to stay.')
param extraColumns extraColumn[] = []

@description('Types of columns that an older table has with another type than the schema file, by name. transformKql has to convert them.')
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
    description: 'Takes Amazon GuardDuty findings into ${schema.table}.'
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
  // The rule is checked against the table as it stands when the rule is made.
  dependsOn: [
    table
  ]
}

// Rows that the transformation or the table refuses show only here, in the
// table DCRLogErrors: the sender has had its 204 by then.
#disable-next-line use-recent-api-versions // there is no later version than this preview
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

@description('Where the connector sends: LOGS_INGESTION_ENDPOINT.')
output logsIngestionEndpoint string = rule.properties.endpoints.logsIngestion

@description('Which rule it names: DCR_IMMUTABLE_ID.')
output ruleImmutableId string = rule.properties.immutableId

@description('Which stream it names: DCR_STREAM.')
output streamName string = schema.stream

@description('The rule, on which the connector needs the role Monitoring Metrics Publisher.')
output ruleResourceId string = rule.id

@description('Name of the rule, once it exists.')
output ruleName string = rule.name
