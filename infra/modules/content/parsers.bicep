// The functions of sentinel/Parsers, under the names that queries call.
// loadYamlContent needs literal paths, so each file is listed here.

@description('One parameter of a function.')
type parserParameter = {
  @description('Name of the parameter.')
  Name: string
  @description('Its type in KQL.')
  Type: 'bool' | 'datetime' | 'dynamic' | 'int' | 'string' | 'timespan'
  @description('Its default: true or false for a bool, the text for a string, a KQL expression for any other type.')
  #disable-next-line no-explicit-any // a bool in some files and a string in others; a union cannot hold both
  Default: any
}

@description('A parser file in the form of a solution.')
type functionFile = {
  id: string
  Function: { Title: string, Version: string, LastUpdated: string }
  Category: string
  FunctionName: string
  @description('The name that queries call.')
  FunctionAlias: string
  FunctionParams: parserParameter[]?
  FunctionQuery: string
}

@description('A parser file in the form of ASIM.')
type asimFile = {
  Parser: { Title: string, Version: string, LastUpdated: string }
  Product: { Name: string }
  Normalization: { Schema: string, Version: string }
  References: { Title: string, Link: string }[]
  Description: string
  @description('The name that queries call.')
  ParserName: string
  EquivalentBuiltInParser: string
  ParserParams: parserParameter[]
  ParserQuery: string
}

@description('Name of the Log Analytics workspace, in the resource group of this deployment.')
@minLength(4)
@maxLength(63)
param workspaceName string

@description('Whether to create the functions in which the unifying parsers of ASIM look for parsers of the workspace.')
param registerAsim bool

var functionFiles functionFile[] = [
  loadYamlContent('../../../sentinel/Parsers/GuardDutyFindingTypes.yaml')
  loadYamlContent('../../../sentinel/Parsers/GuardDutyRows.yaml')
  loadYamlContent('../../../sentinel/Parsers/GuardDutyFindingHistory.yaml')
  loadYamlContent('../../../sentinel/Parsers/GuardDutyFindings.yaml')
  loadYamlContent('../../../sentinel/Parsers/GuardDutyFindingChanges.yaml')
  loadYamlContent('../../../sentinel/Parsers/GuardDutyFindingAlerts.yaml')
  loadYamlContent('../../../sentinel/Parsers/AWSGuardDutyFromCL.yaml')
]

var asimFiles asimFile[] = [
  loadYamlContent('../../../sentinel/Parsers/vimAlertEventAmazonGuardDuty.yaml')
  loadYamlContent('../../../sentinel/Parsers/ASimAlertEventAmazonGuardDuty.yaml')
  loadYamlContent('../../../sentinel/Parsers/vimNetworkSessionAmazonGuardDuty.yaml')
  loadYamlContent('../../../sentinel/Parsers/ASimNetworkSessionAmazonGuardDuty.yaml')
]

// What the built-in unifying parsers call, such as _Im_AlertEvent, with the
// parsers above in them.
var unifyingFiles asimFile[] = [
  loadYamlContent('../../../sentinel/Parsers/Unifying/Im_AlertEventCustom.yaml')
  loadYamlContent('../../../sentinel/Parsers/Unifying/ASim_AlertEventCustom.yaml')
  loadYamlContent('../../../sentinel/Parsers/Unifying/Im_NetworkSessionCustom.yaml')
  loadYamlContent('../../../sentinel/Parsers/Unifying/ASim_NetworkSessionCustom.yaml')
]

@description('A default in KQL: a string in quotes, and a bool in lower case, unlike the result of string().')
func defaultText(kind string, value string) string =>
  kind == 'string' ? '"${value}"' : kind == 'bool' ? toLower(value) : value

resource workspace 'Microsoft.OperationalInsights/workspaces@2025-07-01' existing = {
  name: workspaceName
}

// One after the other: saved searches that are written at the same time can be
// rejected as a conflict.
@batchSize(1)
resource functions 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = [
  for file in functionFiles: {
    parent: workspace
    name: file.FunctionAlias
    properties: {
      #disable-next-line BCP037 // missing in the published type; without it an existing search is a conflict
      etag: '*'
      category: file.Category
      displayName: file.Function.Title
      functionAlias: file.FunctionAlias
      functionParameters: join(
        map(
          file.?FunctionParams ?? [],
          parameter => '${parameter.Name}:${parameter.Type}=${defaultText(parameter.Type, string(parameter.Default))}'
        ),
        ', '
      )
      query: file.FunctionQuery
      version: 2
    }
  }
]

@batchSize(1)
resource asimParsers 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = [
  for file in asimFiles: {
    parent: workspace
    name: file.ParserName
    properties: {
      #disable-next-line BCP037 // as above
      etag: '*'
      category: 'ASIM'
      displayName: file.Parser.Title
      functionAlias: file.ParserName
      functionParameters: join(
        map(
          file.ParserParams,
          parameter => '${parameter.Name}:${parameter.Type}=${defaultText(parameter.Type, string(parameter.Default))}'
        ),
        ', '
      )
      query: file.ParserQuery
      version: 2
    }
    dependsOn: [
      functions
    ]
  }
]

// An existing function may list other parsers of the workspace, so it is not
// changed.
@onlyIfNotExists()
@batchSize(1)
resource unifyingParsers 'Microsoft.OperationalInsights/workspaces/savedSearches@2025-07-01' = [
  for file in (registerAsim ? unifyingFiles : []): {
    parent: workspace
    name: file.ParserName
    properties: {
      category: 'ASIM'
      displayName: file.Parser.Title
      functionAlias: file.ParserName
      functionParameters: join(
        map(
          file.ParserParams,
          parameter => '${parameter.Name}:${parameter.Type}=${defaultText(parameter.Type, string(parameter.Default))}'
        ),
        ', '
      )
      query: file.ParserQuery
      version: 2
    }
    dependsOn: [
      asimParsers
    ]
  }
]
