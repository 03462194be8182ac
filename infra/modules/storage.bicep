// The storage account of the Functions host: its leases and timer status, the
// deployed package, and the connector's state table, which the connector makes.
// No key opens it.

@description('Region of the account.')
param location string

@description('Name of the account.')
@minLength(3)
@maxLength(24)
param storageAccountName string

@description('Whether the account can be reached by its private endpoints alone.')
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

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2026-04-01' = {
  parent: blobs
  name: 'packages'
}

@description('The account, for private endpoints.')
output resourceId string = account.id

@description('Name of the account, once it exists.')
output accountName string = account.name

@description('Its addresses, in the form that the cloud of the deployment has.')
output endpoints {
  blob: string
  queue: string
  table: string
} = {
  blob: account.properties.primaryEndpoints.blob
  queue: account.properties.primaryEndpoints.queue
  table: account.properties.primaryEndpoints.table
}

@description('The container of the deployed package.')
output packageContainerUrl string = '${account.properties.primaryEndpoints.blob}${packages.name}'
