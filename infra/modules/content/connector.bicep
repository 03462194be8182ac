// The card in Microsoft Sentinel's list of data connectors: whether findings
// arrive, what the connector needs, how it is set up. It connects nothing itself.

@description('Name of the Log Analytics workspace that Microsoft Sentinel uses. It is in the resource group of this deployment.')
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
    #disable-next-line BCP037 // sampleQueries and graphQueriesTableName are in Microsoft's reference and missing in the published type
    connectorUiConfig: loadJsonContent('../../../sentinel/Data Connectors/AmazonGuardDuty.json')
  }
}
