// What docs/security.md promises of infra/main.bicep: roles, secrets, hardening.
// network.test.mjs has the private network.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { kids } from './bicep.mjs';
import { assignmentsOf, roles } from './roles.mjs';
import { at, deployed, files, keyless, keyPair, one, only, settingsOf, shape, text } from './templates.mjs';

const HOST = 'Microsoft.Storage/storageAccounts stguarddutyabcdefghijklm';
const PACKAGE = 'Microsoft.Storage/storageAccounts pkgguarddutyabcdefghijkl';

test('with a key pair the identities have these roles and no other', () => {
  assert.deepEqual(assignmentsOf(keyPair), [
    `id-guardduty-package: Storage Blob Data Contributor on ${PACKAGE}`,
    `id-guardduty-package: Storage Blob Data Reader on ${PACKAGE}`,
    'id-guardduty: Key Vault Secrets User on Microsoft.KeyVault/vaults kv-guardduty-abcdefghijk',
    'id-guardduty: Monitoring Metrics Publisher on Microsoft.Insights/components appi-guardduty',
    'id-guardduty: Monitoring Metrics Publisher on Microsoft.Insights/dataCollectionRules dcr-guardduty',
    `id-guardduty: Storage Blob Data Owner on ${HOST}`,
    `id-guardduty: Storage Table Data Contributor on ${HOST}`,
  ]);
});

test("the package lies where the connector's identity may write nothing, and the platform has another for it", () => {
  const { functionAppConfig } = one(keyPair, 'Microsoft.Web/sites').body.properties;
  const { value, authentication } = functionAppConfig.deployment.storage;
  const [container, ...others] = only(keyPair, 'Microsoft.Storage/storageAccounts/blobServices/containers');
  assert.deepEqual(others, []);
  const { id } = only(keyPair, 'Microsoft.Storage/storageAccounts').find((r) => PACKAGE.endsWith(r.name));
  assert.equal(container.id, `${id}/blobServices/default/containers/packages`);
  assert.equal(value, `<${id}.properties.primaryEndpoints.blob>packages`);
  assert.match(authentication.userAssignedIdentityResourceId, /\/userAssignedIdentities\/id-guardduty-package$/);
  assert.ok(!assignmentsOf(keyPair).some((a) => a.startsWith('id-guardduty:') && a.endsWith(PACKAGE)));
  const settings = settingsOf(keyPair);
  for (const name of ['AZURE_CLIENT_ID', 'AzureWebJobsStorage__clientId', 'APPLICATIONINSIGHTS_AUTHENTICATION_STRING'])
    assert.match(settings[name], /\/userAssignedIdentities\/id-guardduty\.properties\.clientId>/, name);
  assert.ok(!JSON.stringify(settings).includes('pkgguardduty'));
});

test('after publishing, nothing needs a role to write the package', () => {
  const writer = `id-guardduty-package: Storage Blob Data Contributor on ${PACKAGE}`;
  assert.deepEqual(
    assignmentsOf(deployed({ packageWritable: false })),
    assignmentsOf(keyPair).filter((a) => a !== writer),
  );
});

test('docs/deploy.md deletes the assignment of that identity, and of no other', () => {
  const commands = [...text('docs/deploy.md').matchAll(/^az role assignment delete (?:.*\\\n)*.*/gm)].map((m) => m[0]);
  assert.equal(commands.length, 1);
  assert.match(commands[0], / --assignee "\$\(out packagePrincipalId\)" /);
  assert.match(commands[0], / --scope "\$\(out packageStorageAccountId\)"$/);
  assert.match(String(keyPair.outputs.packagePrincipalId), /\/id-guardduty-package\.properties\.principalId>$/);
});

test('keyless, it has none on a vault', () => {
  assert.deepEqual(
    assignmentsOf(keyless),
    assignmentsOf(keyPair).filter((a) => !a.includes('Vault')),
  );
});

test('the names of assignments differ', () => {
  const names = only(keyPair, 'Microsoft.Authorization/roleAssignments').map((r) => r.name);
  assert.equal(new Set(names).size, names.length);
});

test('docs/security.md lists each role', () => {
  for (const role of Object.keys(roles)) assert.ok(text('docs/security.md').includes(role), role);
});

test('docs/security.md names tests that exist', () => {
  const page = text('docs/security.md');
  const tests = [...page.matchAll(/`(Test\w+)`/g)].map((m) => m[1]);
  const source = execFileSync('git', ['-C', at('.'), 'grep', '-hE', '^func Test', '--', '*_test.go'], {
    encoding: 'utf8',
  });
  for (const name of tests) assert.ok(source.includes(`func ${name}(`), name);
  const files = [...page.matchAll(/`(dev\/node\/\w+\/\w+\.test\.mjs)`/g)].map((m) => m[1]);
  for (const name of files) assert.ok(existsSync(at(name)), name);
  assert.ok(tests.length > 20 && files.length > 10);
});

test('no default and no literal looks like a key, and nothing asks Azure for one', () => {
  const calls = new Set();
  for (const { file, root, params } of files) {
    for (const node of root.descendantsOfType('string'))
      assert.doesNotMatch(
        node.text,
        /(AKIA|ASIA)[A-Z0-9]{16}|[A-Za-z0-9+/]{40,}={0,2}'|AccountKey|SharedAccess/,
        `${file}: ${node.text}`,
      );
    for (const node of root.descendantsOfType('call_expression')) calls.add(kids(node)[0].text);
    for (const param of params.filter((p) => 'secure' in p.decorators))
      assert.equal(param.value.text, 'newGuid()', param.name);
    for (const param of params) assert.doesNotMatch(param.name, /secret|password|pwd|accountkey|acctkey/i);
  }
  assert.deepEqual(
    [...calls].filter((name) => /^(list|getSecret)/.test(name)),
    [],
  );
});

test('no output tells a secret', () => {
  for (const { file, outputs, params } of files) {
    const secure = params.filter((p) => 'secure' in p.decorators).map((p) => p.name);
    for (const output of outputs) {
      const names = output.value.descendantsOfType(['identifier', 'property_identifier']).map((n) => n.text);
      assert.ok(!names.some((n) => secure.includes(n) || /^(list|keys|value)/i.test(n)), `${file}: ${output.name}`);
    }
  }
  assert.doesNotMatch(shape({ resources: [], outputs: keyPair.outputs }), /new guid|ConnectionString/);
});

test('the entries of the vault are made once, switched off, and never overwritten', () => {
  const entries = only(keyPair, 'Microsoft.KeyVault/vaults/secrets');
  assert.deepEqual(
    entries.map((r) => r.name),
    ['aws-access-key-id', 'aws-secret-access-key'],
  );
  for (const entry of entries) {
    assert.ok(entry.onlyIfNotExists);
    assert.deepEqual(entry.body.properties.attributes, { enabled: false });
    assert.equal(entry.body.properties.value, 'new guid');
  }
});

test('the workspace logs who reads the secrets, wherever it is, where there is a vault', () => {
  const settings = (given) =>
    only(given, 'Microsoft.Insights/diagnosticSettings').filter((r) => r.scope.type === 'Microsoft.KeyVault/vaults');
  const subscription = '00000000-0000-0000-0000-00000000000b';
  const [{ name, body }, ...others] = settings(
    deployed({ workspaceSubscriptionId: subscription, workspaceResourceGroup: 'rg-sentinel' }),
  );
  assert.deepEqual(others, []);
  const { workspaceId, ...rest } = body.properties;
  assert.deepEqual(rest, {
    logAnalyticsDestinationType: 'Dedicated',
    logs: [{ category: 'AuditEvent', enabled: true }],
  });
  assert.ok(workspaceId.startsWith(`/subscriptions/${subscription}/resourceGroups/rg-sentinel/`));
  assert.match(workspaceId, /\/workspaces\/law-soc$/);
  for (const given of [keyless, deployed({ vaultAudit: false })]) assert.deepEqual(settings(given), []);
  const [, deleted] = text('docs/deploy.md').match(/^az monitor diagnostic-settings delete --name (\w+) --resource/m);
  assert.equal(deleted, name);
});

test('keys open neither the storage accounts nor the telemetry nor the app', () => {
  const accounts = only(keyPair, 'Microsoft.Storage/storageAccounts').map((r) => r.body.properties);
  assert.deepEqual(
    accounts.map((s) => [
      s.allowSharedKeyAccess,
      s.allowBlobPublicAccess,
      s.minimumTlsVersion,
      s.supportsHttpsTrafficOnly,
    ]),
    Array.from({ length: 2 }, () => [false, false, 'TLS1_2', true]),
  );
  assert.equal(one(keyPair, 'Microsoft.Insights/components').body.properties.DisableLocalAuth, true);
  const publishing = only(keyPair, 'Microsoft.Web/sites/basicPublishingCredentialsPolicies');
  assert.deepEqual(
    publishing.map((r) => [r.name, r.body.properties.allow]),
    [
      ['ftp', false],
      ['scm', false],
    ],
  );
});

test('the vault is guarded by roles and cannot be purged', () => {
  const { enableRbacAuthorization, enablePurgeProtection, enableSoftDelete, accessPolicies } = one(
    keyPair,
    'Microsoft.KeyVault/vaults',
  ).body.properties;
  assert.deepEqual(
    [enableRbacAuthorization, enablePurgeProtection, enableSoftDelete, accessPolicies],
    [true, true, true, undefined],
  );
});

test('the app is a custom handler on Flex Consumption, with only its two identities', () => {
  const app = one(keyPair, 'Microsoft.Web/sites');
  const { functionAppConfig, httpsOnly, siteConfig, virtualNetworkSubnetId } = app.body.properties;
  assert.deepEqual(functionAppConfig.runtime, { name: 'custom', version: '1.0' });
  assert.deepEqual(functionAppConfig.scaleAndConcurrency, { maximumInstanceCount: 40, instanceMemoryMB: 512 });
  assert.equal(functionAppConfig.deployment.storage.authentication.type, 'UserAssignedIdentity');
  assert.deepEqual(
    [httpsOnly, siteConfig.minTlsVersion, siteConfig.ftpsState, virtualNetworkSubnetId],
    [true, '1.2', 'Disabled', null],
  );
  assert.equal(one(keyPair, 'Microsoft.Web/serverfarms').body.sku.name, 'FC1');
  assert.deepEqual(app.body.identity, {
    type: 'UserAssigned',
    userAssignedIdentities: Object.fromEntries(
      only(keyPair, 'Microsoft.ManagedIdentity/userAssignedIdentities').map((r) => [r.id, {}]),
    ),
  });
});

test('the app and its publishing are open to all addresses, or to those that are given, or to none', () => {
  const restrictions = (given) => {
    const { publicNetworkAccess, siteConfig } = one(given, 'Microsoft.Web/sites').body.properties;
    const { ipSecurityRestrictions, ipSecurityRestrictionsDefaultAction, ...scm } = siteConfig;
    const of = (rules, otherwise) => [rules.map((r) => `${r.priority} ${r.action} ${r.ipAddress}`), otherwise];
    assert.equal(scm.scmIpSecurityRestrictionsUseMain, false);
    return {
      access: publicNetworkAccess,
      app: of(ipSecurityRestrictions, ipSecurityRestrictionsDefaultAction),
      publishing: of(scm.scmIpSecurityRestrictions, scm.scmIpSecurityRestrictionsDefaultAction),
    };
  };
  const open = [[], 'Allow'];
  const two = [['100 Allow 203.0.113.0/24', '101 Allow 2001:db8::/32'], 'Deny'];
  const ranges = ['203.0.113.0/24', '2001:db8::/32'];
  assert.deepEqual(restrictions(keyPair), { access: 'Enabled', app: open, publishing: open });
  assert.deepEqual(restrictions(deployed({ appAddresses: ranges })).app, two);
  assert.deepEqual(restrictions(deployed({ appAddresses: ranges })).publishing, open);
  assert.deepEqual(restrictions(deployed({ publishingAddresses: ranges })).publishing, two);
  assert.deepEqual(restrictions(deployed({ publishingAddresses: ranges })).app, open);
  assert.equal(restrictions(deployed({ appPublicAccess: false })).access, 'Disabled');
});

test('no address or region of one cloud is written down', () => {
  for (const { file, root } of files) {
    for (const node of root.descendantsOfType('string_content')) {
      assert.doesNotMatch(
        node.text,
        /windows\.net|azure\.(com|net|us|cn)|microsoftonline|usgovcloudapi|chinacloudapi|westeurope|eastus/,
        file,
      );
    }
  }
});
