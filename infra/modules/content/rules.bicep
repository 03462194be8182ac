// The analytics rules of sentinel/Analytic Rules. loadYamlContent needs literal
// paths, so each file is listed here.

@description('A rule file, in the form of Azure-Sentinel.')
type ruleFile = {
  @description('The name of the resource, a GUID.')
  id: string
  name: string
  description: string
  severity: 'High' | 'Medium' | 'Low' | 'Informational'
  kind: 'Scheduled'
  version: string
  status: string?
  requiredDataConnectors: { connectorId: string, dataTypes: string[] }[]
  @description('A time span such as 5m, 1h or 14d, as is queryPeriod.')
  queryFrequency: string
  queryPeriod: string
  triggerOperator: 'gt' | 'lt' | 'eq' | 'ne'
  triggerThreshold: int
  tactics: string[]
  @description('Ids of techniques and sub-techniques.')
  relevantTechniques: string[]
  query: string
  entityMappings: entityMapping[]?
  eventGroupingSettings: { aggregationKind: 'AlertPerResult' | 'SingleAlert' }?
  customDetails: { *: string }?
  @description('Which properties of the alert come from columns of the query.')
  alertDetailsOverride: {
    alertDisplayNameFormat: string?
    alertDescriptionFormat: string?
    alertSeverityColumnName: string?
    alertTacticsColumnName: string?
    alertDynamicProperties: { alertProperty: string, value: string }[]?
  }?
  @description('Whether alerts create incidents, and which alerts share one.')
  incidentConfiguration: {
    createIncident: bool
    groupingConfiguration: {
      enabled: bool
      reopenClosedIncident: bool
      @description('A time span such as 5h or 7d.')
      lookbackDuration: string
      matchingMethod: 'AllEntities' | 'AnyAlert' | 'Selected'
      groupByEntities: string[]?
      groupByAlertDetails: string[]?
      groupByCustomDetails: string[]?
    }?
  }?
  suppressionEnabled: bool?
  suppressionDuration: string?
}

@description('An entity of the alert, and the columns that identify it.')
type entityMapping = {
  entityType: string
  fieldMappings: { identifier: string, columnName: string }[]
}

@description('Name of the Log Analytics workspace of Microsoft Sentinel, in the resource group of this deployment.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Whether the rules are enabled.')
param enabled bool

@description('Names of rules to disable although enabled is true.')
param disabledRules string[]

var rules ruleFile[] = [
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyAccountSilent.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyAnomalousIdentity.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyAttackSequence.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyBruteForceSucceeded.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyCommandAndControl.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyConnectorFailing.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyConnectorSecretRead.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyConnectorSilent.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyCredentialExfiltration.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyCriticalOrHighFinding.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyCryptoMining.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyDataExposure.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyDatabaseLogin.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyDefenseEvasion.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyFindingEscalates.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyFindingLate.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyKubernetes.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyMalware.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyManyFindingTypes.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyNewAccountOrRegion.yaml')
  loadYamlContent('../../../sentinel/Analytic Rules/GuardDutyRootUse.yaml')
]

@description('A time span of a rule file in ISO 8601: 5m is PT5M, 14d is P14D.')
func duration(span string) string => endsWith(span, 'd') ? 'P${toUpper(span)}' : 'PT${toUpper(span)}'

@description('The name that the resource has for an operator of a rule file.')
func operatorName(short string) 'GreaterThan' | 'LessThan' | 'Equal' | 'NotEqual' =>
  short == 'gt' ? 'GreaterThan' : short == 'lt' ? 'LessThan' : short == 'eq' ? 'Equal' : 'NotEqual'

var unknown = filter(disabledRules, name => !contains(map(rules, rule => rule.name), name))
var off = empty(unknown)
  ? disabledRules
  : fail('disabledRules has unknown names: ${join(unknown, ', ')}. docs/content.md lists the names of the rules.')

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource alertRules 'Microsoft.SecurityInsights/alertRules@2025-09-01' = [
  for rule in rules: {
    scope: workspace
    name: rule.id
    kind: 'Scheduled'
    properties: {
      displayName: rule.name
      description: trim(rule.description)
      enabled: enabled && !contains(off, rule.name)
      severity: rule.severity
      query: rule.query
      queryFrequency: duration(rule.queryFrequency)
      queryPeriod: duration(rule.queryPeriod)
      triggerOperator: operatorName(rule.triggerOperator)
      triggerThreshold: rule.triggerThreshold
      suppressionEnabled: rule.?suppressionEnabled ?? false
      suppressionDuration: duration(rule.?suppressionDuration ?? '5h')
      tactics: rule.tactics
      // The resource does not support sub-techniques: T1078.004 is given as T1078, once.
      techniques: union([], map(rule.relevantTechniques, technique => take(technique, 5)))
      entityMappings: rule.?entityMappings
      eventGroupingSettings: rule.?eventGroupingSettings
      customDetails: rule.?customDetails
      alertDetailsOverride: rule.?alertDetailsOverride
      incidentConfiguration: {
        createIncident: rule.?incidentConfiguration.?createIncident ?? true
        groupingConfiguration: {
          enabled: rule.?incidentConfiguration.?groupingConfiguration.?enabled ?? false
          reopenClosedIncident: rule.?incidentConfiguration.?groupingConfiguration.?reopenClosedIncident ?? false
          lookbackDuration: duration(rule.?incidentConfiguration.?groupingConfiguration.?lookbackDuration ?? '5h')
          matchingMethod: rule.?incidentConfiguration.?groupingConfiguration.?matchingMethod ?? 'AllEntities'
          groupByEntities: rule.?incidentConfiguration.?groupingConfiguration.?groupByEntities ?? []
          groupByAlertDetails: rule.?incidentConfiguration.?groupingConfiguration.?groupByAlertDetails ?? []
          groupByCustomDetails: rule.?incidentConfiguration.?groupingConfiguration.?groupByCustomDetails ?? []
        }
      }
      templateVersion: rule.version
    }
  }
]
