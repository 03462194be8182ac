// The function app: a custom handler on a Flex Consumption plan. It uses no keys
// for the storage account or the telemetry, and has no HTTP trigger.

@description('Region of the plan and the app.')
param location string

@description('Name of the plan.')
@minLength(1)
@maxLength(40)
param planName string

@description('Name of the app.')
@minLength(2)
@maxLength(60)
param functionAppName string

@description('Memory of an instance, in megabytes.')
param instanceMemoryMB 512 | 2048 | 4096

@description('Resource id of the connector\'s identity.')
param identityId string

@description('Client id of the connector\'s identity.')
param identityClientId string

@description('Resource id of the identity with which the platform writes and reads the package.')
param packageIdentityId string

@description('Addresses of the storage account of the host and the state.')
param storageEndpoints {
  blob: string
  queue: string
  table: string
}

@description('The container of the deployed package.')
param packageContainerUrl string

@description('Connection string of the Application Insights component. It is not a secret: local authentication is disabled.')
param telemetryConnection string

@description('Settings of the connector. Empty ones are left out.')
param settings { *: string }

@description('Subnet of the outbound traffic; empty for none.')
param appSubnetId string

@description('Whether the addresses of the app and of its publishing are reachable from public networks.')
param publicAccess bool

@description('Address ranges that may call the app; empty for all.')
param appAddresses string[]

@description('Address ranges that may publish to the app; empty for all.')
param publishingAddresses string[]

@description('Tags of the plan and the app.')
param tags { *: string }

var given = toObject(
  filter(items(settings), setting => !empty(setting.value)),
  setting => setting.key,
  setting => setting.value
)

@description('Rules that allow address ranges. What no rule names gets the default action.')
func allowed(ranges string[]) { name: string, action: string, priority: int, ipAddress: string }[] =>
  map(ranges, (range, i) => { name: 'allowed-${i}', action: 'Allow', priority: 100 + i, ipAddress: range })

@description('What becomes of a call from an address that no rule names.')
func otherwise(ranges string[]) 'Allow' | 'Deny' => empty(ranges) ? 'Allow' : 'Deny'

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: functionAppName
  location: location
  tags: union(tags, { 'azd-service-name': 'guardduty' }) // azd finds the app of azure.yaml by this tag
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
      '${packageIdentityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: empty(appSubnetId) ? null : appSubnetId
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
      ipSecurityRestrictions: allowed(appAddresses)
      ipSecurityRestrictionsDefaultAction: otherwise(appAddresses)
      scmIpSecurityRestrictions: allowed(publishingAddresses)
      scmIpSecurityRestrictionsDefaultAction: otherwise(publishingAddresses)
      scmIpSecurityRestrictionsUseMain: false
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainerUrl
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: packageIdentityId
          }
        }
      }
      scaleAndConcurrency: {
        maximumInstanceCount: 40 // the minimum of the plan; one timer needs one instance
        instanceMemoryMB: instanceMemoryMB
      }
      runtime: {
        name: 'custom'
        version: '1.0'
      }
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(given, {
      AzureWebJobsStorage__credential: 'managedidentity'
      AzureWebJobsStorage__clientId: identityClientId
      AzureWebJobsStorage__blobServiceUri: storageEndpoints.blob
      AzureWebJobsStorage__queueServiceUri: storageEndpoints.queue
      AzureWebJobsStorage__tableServiceUri: storageEndpoints.table
      APPLICATIONINSIGHTS_CONNECTION_STRING: telemetryConnection
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
      AZURE_CLIENT_ID: identityClientId
      AZURE_TOKEN_CREDENTIALS: 'ManagedIdentityCredential'
    })
  }
}

// Publishing requires tokens, not the user name and password of the app.
resource ftpPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource scmPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

@description('Name of the app, to deploy the package to.')
output functionAppName string = app.name

@description('Resource id of the app.')
output resourceId string = app.id
