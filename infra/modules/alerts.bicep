// Who is told when the connector needs somebody: log alert rules over the line
// `run ended`, which each run writes, and over the error log of the data
// collection rule. The queries are in ../alerts, one file each. The rules stand
// beside the workspace that they ask.

@description('A window over which Azure Monitor evaluates a rule.')
type alertWindow = 'PT15M' | 'PT30M' | 'PT1H' | 'PT2H' | 'PT3H' | 'PT6H' | 'PT12H' | 'P1D' | 'P2D'

@description('One of the rules.')
type alertRule = {
  @description('Name of the rule, behind that of the deployment, and of its query\'s file.')
  name: string
  @description('Title of the alert.')
  title: string
  @description('What has happened and what to do, for who gets the alert.')
  description: string
  @description('From 0, critical, to 4, verbose.')
  severity: int
  @description('Whether the rule is on.')
  enabled: bool
  @description('The query. COMPONENT_ID and RULE_ID stand for the two resources.')
  query: string
  @description('How often the query runs.')
  frequency: 'PT15M' | 'PT1H' | 'PT6H'
  @description('How far back it looks.')
  window: alertWindow
  @description('What of its rows is compared.')
  aggregation: 'Count' | 'Minimum' | 'Total'
  @description('The column that is compared; none for the number of rows.')
  measure: string?
  @description('How it is compared.')
  operator: 'GreaterThan' | 'GreaterThanOrEqual' | 'LessThan'
  @description('With what it is compared.')
  threshold: int
  @description('For how long the rule is quiet after an alert. Without it the alert resolves by itself, when its condition has passed.')
  mute: string?
}

@description('Region of the workspace.')
param location string

@description('What the names of the rules begin with.')
@minLength(2)
@maxLength(12)
param name string

@description('Whether the rules are on.')
param enabled bool

@description('Resource id of the workspace.')
param workspaceId string

@description('Resource id of the Application Insights component.')
param componentId string

@description('Resource id of the data collection rule.')
param ruleId string

@description('Addresses that get an e-mail.')
param emails string[]

@description('Resource ids of further action groups.')
param actionGroupIds string[]

@description('The window for runs: long enough for several of them.')
param window 'PT15M' | 'PT30M' | 'PT1H' | 'PT2H' | 'PT3H' | 'PT6H' | 'PT12H' | 'P1D'

@description('As many failed runs within the window are an alert.')
@minValue(1)
param failedRuns int

@description('Minutes that the watermark may be behind.')
@minValue(30)
param lagMinutes int

@description('Whether two days without any finding are an alert.')
param onSilentFeed bool

@description('Tags of the rules and the action group.')
param tags { *: string }

var rules alertRule[] = [
  {
    name: 'runs-failing'
    title: 'GuardDuty connector: runs fail'
    description: 'Runs fail, and findings are late until they succeed again. Code in the rows names the cause; docs/operations.md says what mends it.'
    severity: 1
    enabled: enabled
    query: loadTextContent('../alerts/runs-failing.kql')
    frequency: 'PT15M'
    window: window
    aggregation: 'Count'
    operator: 'GreaterThanOrEqual'
    threshold: failedRuns
  }
  {
    name: 'runs-missing'
    title: 'GuardDuty connector: no run ends'
    description: 'No run has ended within the window: the app is stopped or has no package, the timer is off, the handler does not start, or its log does not arrive.'
    severity: 1
    enabled: enabled
    query: loadTextContent('../alerts/runs-missing.kql')
    frequency: 'PT15M'
    window: window
    aggregation: 'Count'
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'folders-unlisted'
    title: 'GuardDuty connector: folders cannot be listed'
    description: 'The folders of some account or region in the bucket cannot be listed; everything else is delivered. The log line "folder could not be listed" names them (GD1303).'
    severity: 2
    enabled: enabled
    query: loadTextContent('../alerts/folders-unlisted.kql')
    frequency: 'PT15M'
    window: window
    aggregation: 'Count'
    operator: 'GreaterThanOrEqual'
    threshold: failedRuns
  }
  {
    name: 'watermark-behind'
    title: 'GuardDuty connector: the watermark is behind'
    description: 'No run of the window has come near the present: a backlog is being worked off, or something holds the watermark. Left in the rows is what runs leave over.'
    severity: 2
    enabled: enabled
    query: loadTextContent('../alerts/watermark-behind.kql')
    frequency: 'PT15M'
    window: window
    aggregation: 'Minimum'
    measure: 'LagMinutes'
    operator: 'GreaterThan'
    threshold: lagMinutes
  }
  {
    name: 'quarantine-filling'
    title: 'GuardDuty connector: something was set aside'
    description: 'Lines, findings or objects went to quarantine. They stay there until somebody decides: docs/operations.md, "Quarantine".'
    severity: 3
    enabled: enabled
    query: loadTextContent('../alerts/quarantine-filling.kql')
    frequency: 'PT1H'
    window: 'PT1H'
    aggregation: 'Total'
    measure: 'Quarantined'
    operator: 'GreaterThan'
    threshold: 0
    mute: 'P1D'
  }
  {
    name: 'rows-refused'
    title: 'GuardDuty connector: rows were refused after they were sent'
    description: 'The transformation or the table refused rows that the connector counts as delivered. Message in the rows says why: docs/deploy.md, "When something is wrong".'
    severity: 2
    enabled: enabled
    query: loadTextContent('../alerts/rows-refused.kql')
    frequency: 'PT1H'
    window: 'PT1H'
    aggregation: 'Count'
    operator: 'GreaterThan'
    threshold: 0
    mute: 'P1D'
  }
  {
    name: 'feed-silent'
    title: 'GuardDuty connector: no finding for two days'
    description: 'Runs work and find nothing. GuardDuty may be quiet; or its export has stopped, or goes to another bucket or prefix.'
    severity: 3
    enabled: enabled && onSilentFeed
    query: loadTextContent('../alerts/feed-silent.kql')
    frequency: 'PT6H'
    window: 'P2D'
    aggregation: 'Count'
    operator: 'GreaterThan'
    threshold: 0
  }
]

resource receivers 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${name}-connector'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'GuardDuty'
    enabled: true
    emailReceivers: [
      for email in emails: {
        name: email
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2026-03-01' = [
  for rule in rules: {
    name: '${name}-${rule.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: rule.description
      severity: rule.severity
      enabled: rule.enabled
      scopes: [
        workspaceId
      ]
      evaluationFrequency: rule.frequency
      windowSize: rule.window
      autoMitigate: rule.?mute == null
      muteActionsDuration: rule.?mute
      // The tables come into being with their first rows.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: replace(replace(rule.query, 'COMPONENT_ID', componentId), 'RULE_ID', ruleId)
            timeAggregation: rule.aggregation
            metricMeasureColumn: rule.?measure
            operator: rule.operator
            threshold: rule.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: concat([receivers.id], actionGroupIds)
      }
    }
  }
]
