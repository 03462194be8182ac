// Who the connector is: the one identity that reads the vault, keeps the state
// and sends findings. It is user-assigned, so that its roles and AWS's trust in
// it exist before the function app does and outlive it.

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

@description('The identity, to assign to the function app.')
output resourceId string = identity.id

@description('By which the app asks for tokens as this identity: AZURE_CLIENT_ID.')
output clientId string = identity.properties.clientId

@description('To whom roles are given, and the subject of its tokens.')
output principalId string = identity.properties.principalId
