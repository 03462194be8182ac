// A storage account: that of the Functions host, with its leases, its timer status
// and the state table that the connector creates, or that of the package. Access
// with account keys is disabled.

@description('Region of the account.')
param location string

@description('Name of the account.')
@minLength(3)
@maxLength(24)
param storageAccountName string

@description('Names of blob containers to create.')
param containerNames string[]

@description('Whether the account is reachable through private endpoints only.')
param privateNetworking bool

@description('Tags of the account.')
param tags { *: string }

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: storageAccountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: 'Standard_LRS'
  }
  properties: {
    allowSharedKeyAccess: false
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: privateNetworking ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: privateNetworking ? 'Deny' : 'Allow'
      bypass: 'None'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2026-04-01' = {
  parent: account
  name: 'default'
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = [
  for name in containerNames: {
    parent: blobs
    name: name
  }
]

@description('Resource id of the account, for private endpoints.')
output resourceId string = account.id

@description('Name of the account, once it exists.')
output accountName string = account.name

@description('Its endpoints, with the domain names of the Azure cloud of the deployment.')
output endpoints {
  blob: string
  queue: string
  table: string
} = {
  blob: account.properties.primaryEndpoints.blob
  queue: account.properties.primaryEndpoints.queue
  table: account.properties.primaryEndpoints.table
}
