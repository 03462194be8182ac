// An identity of the function app: that of the connector, which reads the vault,
// keeps the state and sends findings, or that of its package. It is user-assigned,
// so its roles and the trust of AWS exist before the app and outlive it.

@description('Region of the identity.')
param location string

@description('Name of the identity.')
@minLength(3)
@maxLength(128)
param identityName string

@description('Tags of the identity.')
param tags { *: string }

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: identityName
  location: location
  tags: tags
}

@description('Resource id of the identity, to assign to the function app.')
output resourceId string = identity.id

@description('Client id with which the app requests tokens.')
output clientId string = identity.properties.clientId

@description('Principal id, to which roles are assigned, and the subject of its tokens.')
output principalId string = identity.properties.principalId
