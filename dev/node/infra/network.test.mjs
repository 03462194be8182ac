// The private network of infra/modules/network.bicep.
import assert from 'node:assert/strict';
import test from 'node:test';
import { deployed, keylessParams, keyPair, one, only } from './templates.mjs';

for (const [name, params, zones] of /** @type {any[][]} */ ([
  ['with a key pair', {}, ['blob.core.example', 'queue.core.example', 'table.core.example', 'vaultcore.example']],
  ['keyless', keylessParams, ['blob.core.example', 'queue.core.example', 'table.core.example']],
])) {
  test(`private networking, ${name}: an endpoint and a zone for each service, and no other way in`, () => {
    const given = deployed({ ...params, privateNetworking: true });
    assert.deepEqual(
      only(given, 'Microsoft.Network/privateDnsZones')
        .map((r) => r.name)
        .sort(),
      zones.map((z) => `privatelink.${z}`),
    );
    // a link under another name than before is a second one of the same network, which Azure refuses
    const groups = zones.map((z) => (z.startsWith('vault') ? 'vault' : z.split('.')[0]));
    assert.deepEqual(
      only(given, 'Microsoft.Network/privateDnsZones/virtualNetworkLinks')
        .map((r) => `${r.id.split('/').at(-3)} ${r.name}`)
        .sort(),
      zones.map((z, i) => `privatelink.${z} vnet-guardduty-${groups[i]}`),
    );
    // one more than zones: both storage accounts have blobs
    const reached = only(given, 'Microsoft.Network/privateEndpoints').map(({ body }) => {
      const [{ properties }] = body.properties.privateLinkServiceConnections;
      return `${properties.groupIds} of ${properties.privateLinkServiceId.split('/').at(-1)}`;
    });
    assert.equal(reached.length, zones.length + 1);
    for (const service of [
      'blob of stguardduty',
      'blob of pkgguardduty',
      'table of stguardduty',
      'queue of stguardduty',
    ])
      assert.ok(
        reached.some((r) => r.startsWith(service)),
        service,
      );
    for (const { id, body } of only(given, 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups')) {
      const [{ name, properties }] = body.properties.privateDnsZoneConfigs;
      assert.match(properties.privateDnsZoneId, new RegExp(`/privatelink\\.${name}`), id);
    }
    for (const { type, body } of [
      ...only(given, 'Microsoft.Storage/storageAccounts'),
      ...only(given, 'Microsoft.KeyVault/vaults'),
    ]) {
      assert.equal(body.properties.publicNetworkAccess, 'Disabled');
      assert.deepEqual(body.properties.networkAcls, {
        defaultAction: 'Deny',
        bypass: type === 'Microsoft.KeyVault/vaults' ? 'AzureServices' : 'None',
      });
    }
    assert.match(
      one(given, 'Microsoft.Web/sites').body.properties.virtualNetworkSubnetId,
      /\/virtualNetworks\/vnet-guardduty\/subnets\/app$/,
    );
    const [app, endpoints] = one(given, 'Microsoft.Network/virtualNetworks').body.properties.subnets;
    assert.deepEqual(
      app.properties.delegations.map((d) => d.properties.serviceName),
      ['Microsoft.App/environments'],
    );
    assert.notEqual(app.properties.addressPrefix, endpoints.properties.addressPrefix);
    for (const { body } of only(given, 'Microsoft.Network/privateEndpoints'))
      assert.match(body.properties.subnet.id, /\/subnets\/endpoints$/);
  });
}

test('without private networking there is no network', () => {
  assert.equal(keyPair.resources.filter((r) => r.type.startsWith('Microsoft.Network/')).length, 0);
});
