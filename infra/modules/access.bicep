// The roles in the resource group of the function app, each on one resource: those
// of the connector, of which ruleAccess.bicep assigns the only other one, and those
// of the identity with which the platform writes and reads the package. Neither
// has a role on the storage account of the other.

@description('Principal id of the connector.')
param principalId string

@description('Principal id of the identity of the package.')
param packagePrincipalId string

@description('Whether that identity may write the package.')
param packageWritable bool

@description('Name of the storage account of the host and the state.')
param storageAccountName string

@description('Name of the storage account of the package.')
param packageStorageAccountName string

@description('Name of the Application Insights component.')
param componentName string

@description('Whether there is a vault.')
param withVault bool

@description('Name of the vault. Not used if withVault is false.')
param vaultName string

// Microsoft's built-in roles.
var storageBlobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var storageBlobDataReader = '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
var storageTableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
var keyVaultSecretsUser = '4633458b-17de-408a-b874-0445c86b69e6'
var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'

resource storage 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: storageAccountName
}

resource packageStorage 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: packageStorageAccountName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = {
  name: componentName
}

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = {
  name: vaultName
}

resource hostStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, principalId, storageBlobDataOwner)
  scope: storage
  properties: {
    description: 'Leases and timer status of the Functions host, which creates its containers.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataOwner)
  }
}

// Two roles, so that the first can be taken away between two publications.
resource packageWriter 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (packageWritable) {
  name: guid(packageStorage.id, packagePrincipalId, storageBlobDataContributor)
  scope: packageStorage
  properties: {
    description: 'Store a package that is published.'
    principalId: packagePrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataContributor)
  }
}

resource packageReader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(packageStorage.id, packagePrincipalId, storageBlobDataReader)
  scope: packageStorage
  properties: {
    description: 'Load the package into an instance of the app.'
    principalId: packagePrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataReader)
  }
}

resource stateTable 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(storage.id, principalId, storageTableDataContributor)
  scope: storage
  properties: {
    description: 'The state table, which the connector creates.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageTableDataContributor)
  }
}

resource hostTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(component.id, principalId, monitoringMetricsPublisher)
  scope: component
  properties: {
    description: 'Write the logs of the Functions host and of the connector.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}

resource keyPair 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (withVault) {
  name: guid(vault.id, principalId, keyVaultSecretsUser)
  scope: vault
  properties: {
    description: 'Read the AWS key pair.'
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
  }
}
