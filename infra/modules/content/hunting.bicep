// The hunting queries of sentinel/Hunting Queries, as saved searches of the
// category that Microsoft Sentinel shows under Hunting. loadYamlContent needs
// literal paths, so each file is listed here.

@description('A hunting query file, in the form of Azure-Sentinel.')
type huntFile = {
  @description('The name of the resource, a GUID.')
  id: string
  name: string
  description: string
  version: string?
  requiredDataConnectors: { connectorId: string, dataTypes: string[] }[]
  tactics: string[]
  @description('Ids of techniques and sub-techniques.')
  relevantTechniques: string[]
  query: string
  entityMappings: { entityType: string, fieldMappings: { identifier: string, columnName: string }[] }[]?
}

@description('Name of the Log Analytics workspace of Microsoft Sentinel, in the resource group of this deployment.')
@minLength(4)
@maxLength(63)
param workspaceName string

var hunts huntFile[] = [
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyBucketPolicyThenAccess.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyDomainAcrossAccounts.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyKubernetesAnonymousThenWorkload.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyLongLivedFindings.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyLowSeverityChain.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyNewOriginForAccount.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyNewTypeForAccount.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyPrincipalFromSeveralCountries.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyPrincipalInSeveralRegions.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyReconThenLaterStage.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyRemoteAddressAcrossAccounts.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyRootOrLongTermKeys.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutySharedFileHash.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutySharedImage.yaml')
  loadYamlContent('../../../sentinel/Hunting Queries/GuardDutyUnknownFindingTypes.yaml')
]

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

// One after the other: saved searches that are written at the same time can be
// rejected as a conflict.
@batchSize(1)
resource huntingQueries 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = [
  for hunt in hunts: {
    parent: workspace
    name: hunt.id
    properties: {
      #disable-next-line BCP037 // missing in the published type; without it an existing search is a conflict
      etag: '*'
      category: 'Hunting Queries'
      displayName: hunt.name
      query: hunt.query
      version: 2
      tags: [
        {
          name: 'description'
          value: trim(hunt.description)
        }
        {
          name: 'tactics'
          value: join(hunt.tactics, ',')
        }
        {
          name: 'techniques'
          value: join(hunt.relevantTechniques, ',')
        }
      ]
    }
  }
]
