// The alerts for the people on call: log alert rules over the line `run ended`,
// which each run writes, and over the error log of the data collection rule. The
// queries are in ../alerts, one file each. The rules are in the resource group of
// the workspace that they query.

@description('A time window that Azure Monitor supports for a rule.')
type alertWindow = 'PT15M' | 'PT30M' | 'PT1H' | 'PT2H' | 'PT3H' | 'PT6H' | 'PT12H' | 'P1D' | 'P2D'

@description('An alert rule.')
type alertRule = {
  @description('Suffix of the rule name, and the name of the query file.')
  name: string
  @description('Title of the alert.')
  title: string
  @description('What happened and what to do, for the recipient of the alert.')
  description: string
  @description('From 0 (critical) to 4 (verbose).')
  severity: int
  @description('Whether the rule is enabled.')
  enabled: bool
  @description('The query, in which COMPONENT_ID and RULE_ID stand for the ids of the two resources.')
  query: string
  @description('How often the query runs.')
  frequency: 'PT15M' | 'PT1H' | 'PT6H'
  @description('The time window that the query reads: at least two of the frequency, since a line can arrive after a look.')
  window: alertWindow
  @description('How the rows are aggregated for the comparison.')
  aggregation: 'Count' | 'Minimum' | 'Total'
  @description('The column to aggregate; not set to count the rows.')
  measure: string?
  @description('Text columns: each combination of their values is compared, and alerts, apart. Not set for one alert.')
  splitBy: string[]?
  @description('How the aggregate is compared with the threshold.')
  operator: 'GreaterThan' | 'GreaterThanOrEqual' | 'LessThan'
  @description('The threshold.')
  threshold: int
  @description('How long the rule is muted after an alert. If not set, the alert resolves when its condition no longer holds.')
  mute: string?
}

@description('Region of the workspace.')
param location string

@description('Prefix of the rule names.')
@minLength(2)
@maxLength(12)
param name string

@description('Whether the rules are enabled.')
param enabled bool

@description('Resource id of the workspace.')
param workspaceId string

@description('Resource id of the Application Insights component.')
param componentId string

@description('Resource id of the data collection rule.')
param ruleId string

@description('E-mail addresses that receive alerts.')
param emails string[]

@description('Resource ids of additional action groups.')
param actionGroupIds string[]

@description('Time window of the rules about runs, long enough for several runs.')
param window 'PT15M' | 'PT30M' | 'PT1H' | 'PT2H' | 'PT3H' | 'PT6H' | 'PT12H' | 'P1D'

@description('Number of failed runs within the window that raises an alert.')
@minValue(1)
param failedRuns int

@description('Minutes that the watermark may be behind before an alert is raised.')
@minValue(30)
param lagMinutes int

@description('Whether two days without any finding raise an alert.')
param onSilentFeed bool

@description('Tags of the rules and the action group.')
param tags { *: string }

var rules alertRule[] = [
  {
    name: 'runs-failing'
    title: 'GuardDuty connector: runs are failing'
    description: join([
      'Runs are failing, and findings are late until a run succeeds again.'
      'Not counted are runs that failed only since some accounts or Regions are held.'
      'The Code column names the cause; docs/operations.md has a fix for each code.'
    ], ' ')
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
    title: 'GuardDuty connector: no run has ended'
    description: join([
      'No run has ended within the time window.'
      'Check whether the app is stopped or has no package, the timer is disabled,'
      'the handler does not start, or its log does not arrive.'
    ], ' ')
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
    name: 'folders-held'
    title: 'GuardDuty connector: accounts or Regions are held'
    description: join([
      'At least one account or Region in the bucket cannot be listed or read; everything else is delivered.'
      'The log line "folder held" names them and the cause: docs/operations.md, "Held accounts and Regions".'
    ], ' ')
    severity: 2
    enabled: enabled
    query: loadTextContent('../alerts/folders-held.kql')
    frequency: 'PT15M'
    window: window
    aggregation: 'Count'
    operator: 'GreaterThanOrEqual'
    threshold: failedRuns
  }
  {
    name: 'watermark-behind'
    title: 'GuardDuty connector: the watermark is behind'
    description: join([
      'Every run in the time window is behind:'
      'the connector is processing a backlog, or something holds the watermark back.'
      'The Left column shows how many objects each run did not reach.'
    ], ' ')
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
    name: 'objects-waiting'
    title: 'GuardDuty connector: objects wait to be read again'
    description: join([
      'Objects could not be read, or their findings were refused, for more than six hours.'
      'The log line "object could not be read" names the first of them: docs/operations.md, "Pending objects".'
    ], ' ')
    severity: 2
    enabled: enabled
    query: loadTextContent('../alerts/objects-waiting.kql')
    frequency: 'PT15M'
    window: window
    aggregation: 'Minimum'
    measure: 'WaitingHours'
    operator: 'GreaterThan'
    threshold: 6
  }
  {
    name: 'prefix-empty'
    title: 'GuardDuty connector: nothing lies below the prefix'
    description: join([
      'Runs are good and find no account in the bucket below the prefix.'
      'Compare S3_PREFIX with the prefix of the export in GuardDuty, and check that the export is active.'
    ], ' ')
    severity: 2
    enabled: enabled
    query: loadTextContent('../alerts/prefix-empty.kql')
    frequency: 'PT15M'
    window: window
    aggregation: 'Count'
    operator: 'GreaterThanOrEqual'
    threshold: failedRuns
  }
  {
    name: 'quarantine-filling'
    title: 'GuardDuty connector: data was quarantined'
    description: join([
      'Lines, findings or objects were quarantined.'
      'They stay in quarantine until someone decides what to do with them: docs/operations.md, "Quarantine".'
      'The Archived column counts objects that have to be restored first: "Archived objects" there.'
    ], ' ')
    severity: 3
    enabled: enabled
    query: loadTextContent('../alerts/quarantine-filling.kql')
    frequency: 'PT1H'
    window: 'PT2H'
    aggregation: 'Total'
    measure: 'Quarantined'
    operator: 'GreaterThan'
    threshold: 0
    mute: 'P1D'
  }
  {
    name: 'quarantine-flooded'
    title: 'GuardDuty connector: very much was quarantined'
    description: join([
      'More than a hundred lines, findings or objects were quarantined within two hours.'
      'An earlier alert about the quarantine does not mute this one.'
      'See who writes to the bucket, and whether GuardDuty has changed its form: docs/operations.md, "Quarantine".'
    ], ' ')
    severity: 2
    enabled: enabled
    query: loadTextContent('../alerts/quarantine-flooded.kql')
    frequency: 'PT1H'
    window: 'PT2H'
    aggregation: 'Total'
    measure: 'Quarantined'
    operator: 'GreaterThan'
    threshold: 100
  }
  {
    name: 'foreign-findings'
    title: 'GuardDuty connector: findings in the folder of another account'
    description: join([
      'A folder of the bucket has findings of an account that it has no business with.'
      'They are in the table, with ForeignFolder_b true. Each folder has an alert of its own, which names it.'
      'If the folder is that of a GuardDuty administrator, name it in ADMINISTRATOR_ACCOUNTS;'
      'otherwise somebody else than GuardDuty may have written them:'
      'docs/operations.md, "Findings in another account\'s folder".'
    ], ' ')
    severity: 2
    enabled: enabled
    query: loadTextContent('../alerts/foreign-findings.kql')
    frequency: 'PT1H'
    window: 'PT2H'
    aggregation: 'Total'
    measure: 'Foreign'
    splitBy: ['Folder']
    operator: 'GreaterThan'
    threshold: 0
    mute: 'P1D'
  }
  {
    name: 'pairs-capped'
    title: 'GuardDuty connector: findings wait for a later run'
    description: join([
      'An account and Region reached MAX_PAIR_MB in a run; the rest of their findings waits for later runs.'
      'Expected while a backlog is processed; otherwise see what makes so many findings:'
      'docs/operations.md, "A ceiling per account and Region".'
    ], ' ')
    severity: 2
    enabled: enabled
    query: loadTextContent('../alerts/pairs-capped.kql')
    frequency: 'PT1H'
    window: 'PT2H'
    aggregation: 'Count'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'bytes-unusual'
    title: 'GuardDuty connector: far more was sent than usual'
    description: join([
      'The rows of an hour have over 100 MB, three times those of any hour from half a day to two days ago.'
      'Expected while a backlog is processed, as after a first run: the LagHours column is above 1 then.'
      'Otherwise see which account makes so many findings: docs/cost.md, "When far more comes than usual".'
    ], ' ')
    severity: 2
    enabled: enabled
    query: loadTextContent('../alerts/bytes-unusual.kql')
    frequency: 'PT1H'
    window: 'P2D'
    aggregation: 'Count'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'rows-refused'
    title: 'GuardDuty connector: rows were refused after they were sent'
    description: join([
      'The transformation or the table refused rows that the connector counts as delivered.'
      'The Message column gives the reason: docs/deploy.md, "When something is wrong".'
    ], ' ')
    severity: 2
    enabled: enabled
    query: loadTextContent('../alerts/rows-refused.kql')
    frequency: 'PT1H'
    window: 'PT2H'
    aggregation: 'Count'
    operator: 'GreaterThan'
    threshold: 0
    mute: 'P1D'
  }
  {
    name: 'feed-silent'
    title: 'GuardDuty connector: no finding for two days'
    description: join([
      'Runs succeed and find nothing.'
      'There may simply be no findings;'
      'or the export of GuardDuty has stopped, or goes to another bucket or prefix.'
    ], ' ')
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
      // The tables do not exist before their first rows.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: replace(replace(rule.query, 'COMPONENT_ID', componentId), 'RULE_ID', ruleId)
            timeAggregation: rule.aggregation
            metricMeasureColumn: rule.?measure
            dimensions: map(rule.?splitBy ?? [], column => {
              name: column
              operator: 'Include'
              values: [
                '*'
              ]
            })
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
