// Where the Functions host logs: an Application Insights component that stores
// its data in the workspace. It accepts tokens only, not an instrumentation key.

@description('Region of the component.')
param location string

@description('Name of the component.')
@minLength(1)
@maxLength(255)
param componentName string

@description('Resource id of the workspace that stores the data.')
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

@description('Resource id of the component, which the alert rules query.')
output resourceId string = component.id

@description('Name of the component, once it exists.')
output componentName string = component.name

@description('Connection string for the host. It identifies the component but grants no access: local authentication is disabled.')
output connectionString string = component.properties.ConnectionString
