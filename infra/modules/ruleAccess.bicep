// The connector's only role in the resource group of the workspace: sending to
// the data collection rule. It is a separate module because a role can only be
// assigned in the resource group of a deployment.

@description('Principal id of the connector.')
param principalId string

@description('Name of the data collection rule.')
param ruleName string

// Microsoft's built-in role.
var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource rule 'Microsoft.Insights/dataCollectionRules@2024-03-11' existing = {
  name: ruleName
}

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(rule.id, principalId, monitoringMetricsPublisher)
  scope: rule
  properties: {
    description: 'Send GuardDuty findings.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}
