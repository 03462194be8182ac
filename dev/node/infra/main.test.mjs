// infra/main.bicep: its declarations, where it puts what, and its parameters file.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { description, kids, literal, read } from './bicep.mjs';
import { assignmentsOf } from './roles.mjs';
import { at, contentTypes, deployed, files, keyPair, modules, one, shape, text } from './templates.mjs';

test('every parameter and output is described, in a sentence', () => {
  for (const { file, params, outputs } of files) {
    for (const declaration of [...params, ...outputs])
      assert.match(description(declaration) ?? '', /^\S.*\.$/, `${path.basename(file)}: ${declaration.name}`);
  }
});

test('every module is used', () => {
  const used = files.flatMap(({ file, modules: uses }) =>
    uses.map((m) => path.relative(at('infra/modules'), path.join(path.dirname(file), m.reference))),
  );
  assert.deepEqual([...new Set(used)].sort(), [...modules].sort());
});

test('every type in use has one API version', () => {
  const versions = {};
  for (const { resources } of files)
    for (const { reference } of resources) {
      const [type, version] = reference.split('@');
      versions[type] ??= version;
      assert.equal(versions[type], version, type);
    }
});

test('the workspace may be in another group and subscription: what belongs to it goes there, and nothing else', () => {
  const elsewhere = {
    workspaceSubscriptionId: '00000000-0000-0000-0000-00000000000b',
    workspaceResourceGroup: 'rg-sentinel',
    workspaceLocation: 'northeurope',
  };
  const given = deployed(elsewhere);
  const there = given.resources.filter((r) =>
    r.id.startsWith(`/subscriptions/${elsewhere.workspaceSubscriptionId}/resourceGroups/rg-sentinel/`),
  );
  const table = there.filter((r) => !contentTypes.includes(r.type));
  assert.deepEqual([...new Set(table.map((r) => r.type))].sort(), [
    'Microsoft.Authorization/roleAssignments',
    'Microsoft.Insights/actionGroups',
    'Microsoft.Insights/dataCollectionRules',
    'Microsoft.Insights/diagnosticSettings',
    'Microsoft.Insights/scheduledQueryRules',
    'Microsoft.OperationalInsights/workspaces/tables',
  ]);
  assert.equal(table.length, 18);
  assert.equal(there.length - table.length, given.resources.filter((r) => contentTypes.includes(r.type)).length);
  for (const { id, body } of given.resources) {
    if (body.location && body.location !== 'global')
      assert.equal(body.location, there.some((r) => r.id === id) ? 'northeurope' : 'westeurope', id);
  }
  assert.ok(
    String(one(given, 'Microsoft.Insights/components').body.properties.WorkspaceResourceId).startsWith(
      `/subscriptions/${elsewhere.workspaceSubscriptionId}/`,
    ),
  );
  assert.equal(assignmentsOf(given).length, 7);
});

test('deploying again asks for the same', () => {
  assert.equal(shape(deployed()), shape(keyPair));
  const names = new Set(
    files.flatMap(({ root }) => root.descendantsOfType('call_expression').map((n) => kids(n)[0].text)),
  );
  assert.ok(!names.has('utcNow'));
});

test('two stems share only the table and the content of one workspace', () => {
  const ids = (name) =>
    deployed({ name, deployContent: false })
      .resources.filter((r) => !r.type.endsWith('/tables'))
      .map((r) => r.id);
  const first = new Set(ids('guardduty'));
  assert.deepEqual(
    ids('second').filter((id) => first.has(id)),
    [],
  );
});

test('names keep to their limits with the longest and the shortest stem', () => {
  for (const name of ['ab', 'abcdefghijkl', 'a-b-c-d-e-fg']) {
    const given = deployed({ name });
    assert.match(given.outputs.storageAccountName, /^[a-z0-9]{3,24}$/);
    assert.match(given.outputs.packageStorageAccountId, /\/pkg[a-z0-9]{1,21}$/);
    assert.match(given.outputs.vaultName, /^[a-z](?:[a-z0-9]|-(?!-)){1,22}[a-z0-9]$/);
    assert.match(given.outputs.functionAppName, /^[a-z0-9-]{2,32}$/);
  }
});

const sample = read(at('infra/main.bicepparam'));
const commented = [...text('infra/main.bicepparam').matchAll(/^\/\/ param (\w+) =/gm)].map((m) => m[1]);

test('the parameters file has every parameter, and no other', () => {
  assert.equal(sample.using, 'main.bicep');
  assert.deepEqual([...sample.vars.map((v) => v.name), ...commented].sort(), files[0].params.map((p) => p.name).sort());
});

test('what it does not ask to be set is the default', () => {
  const asked = ['workspaceName', 'workspaceLocation', 's3Bucket', 'awsRegion'];
  const defaults = Object.fromEntries(files[0].params.map((p) => [p.name, p.value]));
  for (const { name, value } of sample.vars.filter((v) => !asked.includes(v.name))) {
    const same = (literal(value) ?? value.text) === (literal(defaults[name]) ?? defaults[name]?.text);
    assert.ok(same, name);
  }
});

test('docs/deploy.md reads outputs that exist, and names parameters that exist', () => {
  const page = text('docs/deploy.md');
  for (const [, name] of page.matchAll(/\bout (\w+)\b[)`]/g)) assert.ok(name in keyPair.outputs, name);
  const listed = page
    .split('| output | for |')[1]
    .split('\n\n')[0]
    .split('\n')
    .flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map((m) => m[1]));
  assert.deepEqual(listed.sort(), Object.keys(keyPair.outputs).sort());
  const set = [...page.matchAll(/^param (\w+) =/gm), ...page.matchAll(/-p (\w+)=/g)].map((m) => m[1]);
  for (const name of set)
    assert.ok(
      files[0].params.some((p) => p.name === name),
      name,
    );
  for (const rule of readdirSync(at('infra/alerts'))) assert.ok(page.includes(`\`${rule.replace('.kql', '')}\``), rule);
});
