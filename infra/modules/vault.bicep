// The vault of the AWS key pair. The two secrets are made disabled, with a random
// value that nobody knows, so that a run before the real ones are stored fails
// with GD1202. A later deployment leaves secrets alone that exist. No key passes
// through a deployment: they are stored afterwards, in the vault itself.

@description('Region of the vault.')
param location string

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param vaultName string

@description('Name of the entry that holds the access key id.')
@minLength(1)
@maxLength(127)
param keyIdName string

@description('Name of the entry that holds the access key itself.')
@minLength(1)
@maxLength(127)
param keyName string

@description('Whether the vault can be reached by its private endpoint alone.')
param privateNetworking bool

@description('Tags of the vault.')
param tags { *: string }

@secure()
@description('What stands in an entry until the real value is stored. Leave it to the default.')
param placeholder string = newGuid()

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' = {
  name: vaultName
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: privateNetworking ? 'Disabled' : 'Enabled'
    networkAcls: {
      defaultAction: privateNetworking ? 'Deny' : 'Allow'
      bypass: 'AzureServices' // Azure Resource Manager among them, which makes the entries
    }
  }
}

@onlyIfNotExists()
resource keyId 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = {
  parent: vault
  name: keyIdName
  properties: {
    value: placeholder
    contentType: 'AWS access key id'
    attributes: {
      enabled: false
    }
  }
}

@onlyIfNotExists()
resource key 'Microsoft.KeyVault/vaults/secrets@2026-02-01' = {
  parent: vault
  name: keyName
  properties: {
    value: placeholder
    contentType: 'AWS secret access key'
    attributes: {
      enabled: false
    }
  }
}

@description('The vault, for private endpoints.')
output resourceId string = vault.id

@description('Name of the vault, once it exists.')
output vaultName string = vault.name

@description('Where the connector reads: KEY_VAULT_URI.')
output uri string = vault.properties.vaultUri
