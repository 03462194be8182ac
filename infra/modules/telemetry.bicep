// Where the Functions host logs: an Application Insights component that keeps
// its data in the workspace. It takes no instrumentation key, only tokens.

@description('Region of the component.')
param location string

@description('Name of the component.')
@minLength(1)
@maxLength(255)
param componentName string

@description('Resource id of the workspace that keeps the data.')
param workspaceId string

@description('Tags of the component.')
param tags { *: string }

resource component 'Microsoft.Insights/components@2020-02-02' = {
  name: componentName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspaceId
    DisableLocalAuth: true
  }
}

@description('The component, which the alert rules look at.')
output resourceId string = component.id

@description('Name of the component, once it exists.')
output componentName string = component.name

@description('Where the host sends. It names the component and opens nothing: local authentication is off.')
output connectionString string = component.properties.ConnectionString
