// The content of Microsoft Sentinel: everything in sentinel/, one module for each
// kind of content. Names and ids are fixed, so a deployment overwrites what an
// earlier one created, including your changes to it. Sentinel must be enabled on
// the workspace.

@description('Name of the Log Analytics workspace of Microsoft Sentinel, in the resource group of this deployment.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Region of the workspace.')
param location string

@description('Whether to deploy the analytics rules enabled, disabled or not at all.')
param analyticsRules 'enabled' | 'disabled' | 'none'

@description('Names of analytics rules to deploy disabled.')
param disabledRules string[]

@description('Whether to register the parsers with the unifying parsers of ASIM.')
param registerAsim bool

@description('Tags of the workbook, the only resource here that supports them.')
param tags { *: string }

module parsers 'content/parsers.bicep' = {
  params: {
    workspaceName: workspaceName
    registerAsim: registerAsim
  }
}

// Sentinel checks the query of a rule when it creates the rule, so the functions
// that the query calls come first.
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

// After the parsers: both write saved searches of the workspace.
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
