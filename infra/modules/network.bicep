// The private network: a virtual network with a subnet for the outbound traffic of
// the function app and a subnet for private endpoints, and the private DNS zones
// through which the app resolves the storage accounts and the vault.

@description('Region of the network.')
param location string

@description('Name of the virtual network, which is part of the names of the other resources.')
@minLength(2)
@maxLength(48)
param networkName string

@description('Address range of the network: at least a /25.')
param addressPrefix string

@description('Resource id of a NAT gateway for outbound traffic; empty for none.')
param natGatewayId string

@description('Resource id of the storage account of the host and the state.')
param storageAccountId string

@description('Resource id of the storage account of the package.')
param packageStorageAccountId string

@description('Resource id of the vault; empty for none.')
param vaultId string

@description('Tags of the resources.')
param tags { *: string }

@description('A service that the app reaches through a private endpoint.')
type privateService = {
  @description('Last part of the name of its endpoint.')
  name: string
  @description('Private Link group id of the service.')
  group: string
  @description('Id of the resource.')
  resourceId: string
}

var storageSuffix = environment().suffixes.storage
var vaultSuffix = replace(environment().suffixes.keyvaultDns, '.vault.', '.vaultcore.')

// The private DNS zone of each group.
var zoneNames = {
  blob: 'privatelink.blob.${storageSuffix}'
  table: 'privatelink.table.${storageSuffix}'
  queue: 'privatelink.queue.${storageSuffix}'
  vault: 'privatelink${vaultSuffix}'
}

var storageServices privateService[] = [
  {
    name: 'blob'
    group: 'blob'
    resourceId: storageAccountId
  }
  {
    name: 'package'
    group: 'blob'
    resourceId: packageStorageAccountId
  }
  {
    name: 'table'
    group: 'table'
    resourceId: storageAccountId
  }
  {
    name: 'queue'
    group: 'queue'
    resourceId: storageAccountId
  }
]

var vaultServices privateService[] = [
  {
    name: 'vault'
    group: 'vault'
    resourceId: vaultId
  }
]

var services privateService[] = concat(storageServices, empty(vaultId) ? [] : vaultServices)
var groups = union(map(services, service => service.group), []) // each once

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: networkName
  location: location
  tags: tags
  properties: {
    addressSpace: {
      addressPrefixes: [
        addressPrefix
      ]
    }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 0)
          delegations: [
            {
              name: 'flex'
              properties: {
                serviceName: 'Microsoft.App/environments'
              }
            }
          ]
          natGateway: empty(natGatewayId) ? null : { id: natGatewayId }
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 26, 1)
        }
      }
    ]
  }

  resource appSubnet 'subnets' existing = {
    name: 'app'
  }

  resource endpointSubnet 'subnets' existing = {
    name: 'endpoints'
  }
}

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for group in groups: {
    name: zoneNames[group]
    location: 'global'
    tags: tags
  }
]

// A network cannot be linked to a zone under a second name, so these names stay.
resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (group, i) in groups: {
    parent: zones[i]
    name: '${networkName}-${group}'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: {
        id: network.id
      }
    }
  }
]

resource endpoints 'Microsoft.Network/privateEndpoints@2024-07-01' = [
  for service in services: {
    name: '${networkName}-${service.name}'
    location: location
    tags: tags
    properties: {
      subnet: {
        id: network::endpointSubnet.id
      }
      privateLinkServiceConnections: [
        {
          name: service.group
          properties: {
            #disable-next-line use-resource-id-functions // the linter does not see that the id is a parameter
            privateLinkServiceId: service.resourceId
            groupIds: [
              service.group
            ]
          }
        }
      ]
    }
  }
]

resource addresses 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [
  for (service, i) in services: {
    parent: endpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: service.group
          properties: {
            privateDnsZoneId: zones[indexOf(groups, service.group)].id
          }
        }
      ]
    }
  }
]

@description('Resource id of the subnet for the outbound traffic of the function app.')
output appSubnetId string = network::appSubnet.id
