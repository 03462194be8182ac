// The vault of the AWS key pair. The two secrets are created disabled, with a
// random value, so that a run before the real values are stored fails with GD1202.
// A later deployment does not change existing secrets. The keys are never part of
// a deployment: they are stored in the vault afterwards. Who reads them is logged
// in the workspace.

@description('Region of the vault.')
param location string

@description('Name of the vault.')
@minLength(3)
@maxLength(24)
param vaultName string

@description('Name of the secret that holds the access key id.')
@minLength(1)
@maxLength(127)
param keyIdName string

@description('Name of the secret that holds the secret access key.')
@minLength(1)
@maxLength(127)
param keyName string

@description('Whether the vault is reachable through its private endpoint only.')
param privateNetworking bool

@description('Whether what is done in the vault is logged in the workspace.')
param audit bool

@description('Resource id of the workspace, which may be in another subscription of the tenant.')
param workspaceId string

@description('Tags of the vault.')
param tags { *: string }

@secure()
@description('Value of a secret until the real value is stored. Keep the default.')
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
      bypass: 'AzureServices' // including Azure Resource Manager, which creates the secrets
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

// The log goes to the table of its category, and not to AzureDiagnostics, which
// all kinds of resources share. The analytics rule about the secrets reads both.
#disable-next-line use-recent-api-versions // this preview is the latest version
resource auditLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = if (audit) {
  name: 'audit'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

@description('Resource id of the vault, for private endpoints.')
output resourceId string = vault.id

@description('Name of the vault, once it exists.')
output vaultName string = vault.name

@description('URI of the vault: KEY_VAULT_URI.')
output uri string = vault.properties.vaultUri
