// infra/createUiDefinition.json against infra/main.bicep: what the form hands over
// are parameters, with values that the template and the connector take.
import assert from 'node:assert/strict';
import test from 'node:test';
import { literal } from './bicep.mjs';
import {
  answered,
  basics,
  element,
  elements,
  evaluate,
  faults,
  head,
  outputs,
  parametersOf,
  startOf,
} from './form.mjs';
import { deployed, files, shape } from './templates.mjs';
import { conforms, members } from './types.mjs';

const [main] = files;
const param = (name) => main.params.find((p) => p.name === name);

/** Parameters that the form leaves to their defaults, and why. */
const byDefault = {
  registerAsim: 'hardly ever changed',
  disabledRules: 'a list of names',
  functionAppName: 'made of the stem',
  storageAccountName: 'made of the stem',
  packageStorageAccountName: 'made of the stem',
  vaultName: 'made of the stem',
  packageWritable: 'only after the package is published',
  awsKeyIdName: 'a name of this deployment',
  awsKeyName: 'a name of this deployment',
  vaultAudit: 'hardly ever changed',
  tags: 'an object',
  extraColumns: 'a list of objects',
  columnTypes: 'an object',
  transformKql: 'KQL of many lines',
  stateTable: 'for starting over',
  watermarkOverlap: 'tuning',
  runBudget: 'tuning',
  fetchConcurrency: 'tuning',
  uploadConcurrency: 'tuning',
  maxPairMB: 'tuning',
  logLevel: 'for a while only',
  alertActionGroupIds: 'ids of resources',
  appAddresses: 'a list of ranges',
  publishingAddresses: 'a list of ranges',
  appPublicAccess: 'only after the package is published',
};

const workspaceId =
  '/subscriptions/00000000-0000-0000-0000-00000000000b/resourceGroups/rg-sentinel/providers/Microsoft.OperationalInsights/workspaces/law-soc';
const required = {
  workspace: { workspace: { id: workspaceId, name: 'law-soc', location: 'northeurope' } },
  source: { bucket: 'findings', region: 'eu-west-1' },
};
const roleArn = 'arn:aws:iam::111122223333:role/guardduty-sentinel';
const keyless = {
  ...required,
  credentials: { kind: 'keyless', audience: 'api://guardduty-sentinel', keylessRole: roleArn },
};
const start = parametersOf(answered(required));

test('it is a form of the version that the portal reads', () => {
  assert.deepEqual(head, {
    $schema: 'https://schema.management.azure.com/schemas/0.1.2-preview/CreateUIDefinition.MultiVm.json#',
    handler: 'Microsoft.Azure.CreateUIDef',
    version: '0.1.2-preview',
  });
  assert.deepEqual(basics, []);
  for (const { step, name, type } of elements) {
    assert.match(`${step} ${name}`, /^[a-zA-Z]+ [a-zA-Z]+$/);
    assert.ok(
      [
        'Common.TextBox',
        'Common.DropDown',
        'Common.OptionsGroup',
        'Common.InfoBox',
        'Solutions.ResourceSelector',
      ].includes(type.replace('Microsoft.', '')),
      type,
    );
  }
  assert.equal(new Set(elements.map((e) => `${e.step}.${e.name}`)).size, elements.length);
});

test('every output is a parameter, and every other parameter is left as is on purpose', () => {
  assert.deepEqual([...Object.keys(outputs), ...Object.keys(byDefault)].sort(), main.params.map((p) => p.name).sort());
  for (const { name, value } of main.params) if (!value) assert.ok(name in outputs, name);
});

test('every reference is to an element, and every element is read', () => {
  const said = JSON.stringify([outputs, elements]);
  const references = [...said.matchAll(/steps\('(\w+)'\)\.(\w+)/g)].map(([, step, name]) => `${step}.${name}`);
  for (const reference of references) assert.ok(element(...reference.split('.')), reference);
  const read = new Set(
    [...JSON.stringify(outputs).matchAll(/steps\('(\w+)'\)\.(\w+)/g)].map(([, step, name]) => `${step}.${name}`),
  );
  for (const { step, name, type } of elements)
    assert.equal(read.has(`${step}.${name}`), type !== 'Microsoft.Common.InfoBox', `${step}.${name}`);
});

test('left as it is, the form says what the template does by default', () => {
  assert.deepEqual(faults(answered(required)), []);
  const own = {
    workspaceName: 'law-soc',
    workspaceResourceGroup: 'rg-sentinel',
    workspaceSubscriptionId: '00000000-0000-0000-0000-00000000000b',
    workspaceLocation: 'northeurope',
    s3Bucket: 'findings',
    awsRegion: 'eu-west-1',
  };
  assert.equal(shape(deployed(start)), shape(deployed(own)));
  for (const [name, value] of Object.entries(start)) {
    const declared = param(name).value;
    if (!declared || name in own || name === 'location' || name === 'totalRetentionInDays') continue;
    assert.equal(
      Array.isArray(value) ? (value.length ? value : '[]') : String(value),
      literal(declared) ?? declared.text,
      name,
    );
  }
});

test("the values handed over are of the parameters' types", () => {
  for (const given of [
    required,
    keyless,
    { ...required, alerts: { emails: 'a@b.c,d@e.f' }, table: { excludeTypes: 'Recon:*,Stealth:*' } },
  ]) {
    for (const [name, value] of Object.entries(parametersOf(answered(given))))
      assert.ok(conforms(value, param(name).typeNode, main, name));
  }
});

test('a list offers what its parameter allows, and starts with its default', () => {
  const lists = {
    instanceMemoryMB: ['workspace', 'memory'],
    tablePlan: ['table', 'plan'],
    analyticsRules: ['content', 'rules'],
    alertWindow: ['alerts', 'window'],
  };
  for (const [name, of] of Object.entries(lists))
    assert.deepEqual(
      element(...of).constraints.allowedValues.map((option) => option.value),
      members(param(name).typeNode).map(String),
      name,
    );
  for (const e of elements.filter((one) => one.constraints?.allowedValues))
    assert.notEqual(startOf(e), undefined, e.name);
  const unions = Object.keys(outputs).filter((name) => param(name).type.includes('|'));
  assert.deepEqual(unions.sort(), Object.keys(lists).sort());
});

test('what is chosen arrives', () => {
  const answers = answered({
    ...required,
    workspace: { ...required.workspace, memory: '2048', stem: 'second' },
    table: { totalRetention: '400', excludeSamples: 'true', minSeverity: '4', excludeTypes: 'Recon:*,Stealth:*' },
    alerts: { emails: 'soc@example.com', enabled: 'false' },
    network: { privateEndpoints: 'true', prefix: '10.9.0.0/24' },
    content: { rules: 'disabled' },
  });
  assert.deepEqual(faults(answers), []);
  const {
    instanceMemoryMB,
    name,
    totalRetentionInDays,
    excludeSamples,
    minSeverity,
    excludeFindingTypes,
    alertEmails,
    alertsEnabled,
    privateNetworking,
    vnetAddressPrefix,
    analyticsRules,
  } = parametersOf(answers);
  assert.deepEqual(
    [instanceMemoryMB, name, totalRetentionInDays, excludeSamples, minSeverity],
    [2048, 'second', 400, true, '4'],
  );
  assert.deepEqual(
    [excludeFindingTypes, alertEmails, alertsEnabled, privateNetworking, vnetAddressPrefix, analyticsRules],
    [['Recon:*', 'Stealth:*'], ['soc@example.com'], false, true, '10.9.0.0/24', 'disabled'],
  );
  const { deployContent, analyticsRules: rules } = parametersOf(
    answered({ ...required, content: { deploy: 'false' } }),
  );
  assert.deepEqual([deployContent, rules], [false, 'none']);
});

test('a key pair and keyless exclude each other', () => {
  const of = (given) => {
    const answers = answered(given);
    assert.deepEqual(faults(answers), []);
    const { awsWebIdentityAudience, awsRoleArn, awsRoleExternalId, ...rest } = parametersOf(answers);
    deployed({ awsWebIdentityAudience, awsRoleArn, awsRoleExternalId, ...rest });
    return [awsWebIdentityAudience, awsRoleArn, awsRoleExternalId];
  };
  assert.deepEqual(of(required), ['', '', '']);
  assert.deepEqual(of({ ...required, credentials: { pairRole: roleArn, externalId: 'ab' } }), ['', roleArn, 'ab']);
  assert.deepEqual(of(keyless), ['api://guardduty-sentinel', roleArn, '']);
  assert.deepEqual(
    of({ ...required, credentials: { ...keyless.credentials, pairRole: 'left from before', externalId: 'ab' } }),
    ['api://guardduty-sentinel', roleArn, ''],
  );
  assert.match(faults(answered({ ...required, credentials: { externalId: 'ab' } })).join(), /belongs to a role/);
  assert.match(
    faults(answered({ ...required, credentials: { kind: 'keyless' } })).join(),
    /audience is required,credentials\.keylessRole is required/,
  );
});

test('total retention is at least that for queries', () => {
  assert.match(
    faults(answered({ ...required, table: { retention: '90', totalRetention: '89' } })).join(),
    /At least the interactive retention/,
  );
  assert.deepEqual(faults(answered({ ...required, table: { retention: '90', totalRetention: '90' } })), []);
});

test('nothing secret is asked for', () => {
  assert.doesNotMatch(JSON.stringify(elements.map((e) => e.type)), /Password|Credentials/);
});

test('a hint about the plan Basic shows when rules would fail', () => {
  const { visible } = element('content', 'basicNote');
  assert.equal(evaluate(visible, answered({ ...required, table: { plan: 'Basic' } })), true);
  assert.equal(evaluate(visible, answered(required)), false);
});
