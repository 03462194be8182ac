// What Microsoft Sentinel gets beside the table: everything in sentinel/, one
// module for each kind of content. Names and ids are fixed, so a deployment
// overwrites what an earlier one made, also where somebody changed it since.
// Sentinel has to be switched on in the workspace.

@description('Name of the Log Analytics workspace that Microsoft Sentinel uses. It is in the resource group of this deployment.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Region of the workspace.')
param location string

@description('Whether the analytics rules are made and on, made and off, or not made.')
param analyticsRules 'enabled' | 'disabled' | 'none'

@description('Names of analytics rules that are made and off.')
param disabledRules string[]

@description('Whether the parsers are registered with the unifying parsers of ASIM.')
param registerAsim bool

@description('Tags of the workbook, the one resource of these that can have them.')
param tags { *: string }

module parsers 'content/parsers.bicep' = {
  params: {
    workspaceName: workspaceName
    registerAsim: registerAsim
  }
}

// A rule's query is checked when the rule is made, so the functions that it
// calls come first.
module rules 'content/rules.bicep' = if (analyticsRules != 'none') {
  params: {
    workspaceName: workspaceName
    enabled: analyticsRules == 'enabled'
    disabledRules: disabledRules
  }
  dependsOn: [
    parsers
  ]
}

// After the parsers: both write the workspace's saved searches.
module hunting 'content/hunting.bicep' = {
  params: {
    workspaceName: workspaceName
  }
  dependsOn: [
    parsers
  ]
}

module workbook 'content/workbook.bicep' = {
  params: {
    workspaceName: workspaceName
    location: location
    tags: tags
  }
}

module connector 'content/connector.bicep' = {
  params: {
    workspaceName: workspaceName
  }
}
