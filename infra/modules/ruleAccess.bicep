// What the connector may do in the resource group of the workspace: send to the
// data collection rule, and nothing else. A module of its own, because a role
// can only be given within the resource group of a deployment.

@description('Principal of the connector.')
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
    description: 'Sending GuardDuty findings.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}
