// The card in Microsoft Sentinel's list of data connectors. It shows whether
// findings arrive, what the connector requires and how to set it up; it does not
// connect anything.

@description('Name of the Log Analytics workspace of Microsoft Sentinel, in the resource group of this deployment.')
@minLength(4)
@maxLength(63)
param workspaceName string

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

resource card 'Microsoft.SecurityInsights/dataConnectorDefinitions@2025-09-01' = {
  scope: workspace
  name: 'AmazonGuardDutyS3Export'
  kind: 'Customizable'
  properties: {
    #disable-next-line BCP037 // sampleQueries, graphQueriesTableName: documented, missing in the published type
    connectorUiConfig: loadJsonContent('../../../sentinel/Data Connectors/AmazonGuardDuty.json')
  }
}
