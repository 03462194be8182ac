// The workbook of sentinel/Workbooks, listed under Workbooks in Microsoft Sentinel.

@description('Name of the Log Analytics workspace of Microsoft Sentinel, in the resource group of this deployment.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Region of the workbook.')
param location string

@description('Tags of the workbook.')
param tags { *: string }

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspace.id, 'AmazonGuardDuty')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Amazon GuardDuty'
    category: 'sentinel'
    sourceId: workspace.id
    serializedData: loadTextContent('../../../sentinel/Workbooks/AmazonGuardDuty.json')
  }
}
