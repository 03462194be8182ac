// The app settings and the table that infra/main.bicep makes, held to README.md, to
// the program and to the schema.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { description } from './bicep.mjs';
import {
  at,
  byDefault,
  contract,
  deployed,
  files,
  keyless,
  keylessParams,
  keyPair,
  one,
  only,
  platform,
  settingsOf,
  text,
} from './templates.mjs';

test('every setting is set or left to its default on purpose, and none is unknown', () => {
  const all = {
    ...settingsOf(deployed({ ...keylessParams, s3Prefix: 'p', excludeFindingTypes: ['Recon:*'] })),
    ...settingsOf(deployed({ awsRoleArn: 'r', awsRoleExternalId: 'external' })),
  };
  for (const name of Object.keys(contract)) assert.equal(name in all, !(name in byDefault), name);
  for (const name of Object.keys(all)) assert.ok(name in contract || name in platform, name);
});

test('the program reads the settings that are set', () => {
  const config = readdirSync(at('handler/internal/config'))
    .filter((f) => f.endsWith('.go'))
    .map((f) => text(`handler/internal/config/${f}`))
    .join('\n');
  const program = [...config.matchAll(/`env:"([A-Z0-9_]+)"/g)].map((m) => m[1]);
  for (const name of Object.keys(settingsOf(keyPair))) {
    assert.ok(program.includes(name) || name in platform || name === 'GUARDDUTY_SCHEDULE', name);
  }
});

test('the settings of the platform are as the host and azidentity read them', () => {
  const settings = settingsOf(keyPair);
  for (const [name, want] of Object.entries(platform)) assert.match(settings[name] ?? '', want, name);
  for (const name of [
    'FUNCTIONS_WORKER_RUNTIME',
    'FUNCTIONS_EXTENSION_VERSION',
    'WEBSITE_RUN_FROM_PACKAGE',
    'AzureWebJobsStorage',
  ])
    assert.ok(!(name in settings), name);
});

test('a parameter left alone gives the default that README.md names', () => {
  const settings = settingsOf(keyPair);
  const fromResources = ['KEY_VAULT_URI', 'LOGS_INGESTION_ENDPOINT', 'DCR_IMMUTABLE_ID', 'S3_BUCKET', 'AWS_REGION'];
  for (const [name, want] of Object.entries(contract)) {
    if (fromResources.includes(name) || name in byDefault || name in platform) continue;
    assert.equal(
      settings[name],
      want === 'empty' ? undefined : want.split(' in the sample')[0].replace('none; ', ''),
      name,
    );
  }
});

test('what parameters say arrives in the settings', () => {
  const settings = settingsOf(
    deployed({
      schedule: '0 0 * * * *',
      s3Prefix: 'p',
      initialLookback: '90m',
      watermarkOverlap: '2h',
      runBudget: '5m',
      fetchConcurrency: 8,
      uploadConcurrency: 2,
      minSeverity: '4',
      excludeFindingTypes: ['Recon:*', 'Stealth:*'],
      excludeSamples: true,
      logLevel: 'debug',
      stateTable: 'Other',
      awsKeyIdName: 'id',
      awsKeyName: 'key',
      awsRoleArn: 'r',
      awsRoleExternalId: 'e',
    }),
  );
  const want = {
    GUARDDUTY_SCHEDULE: '0 0 * * * *',
    S3_PREFIX: 'p',
    INITIAL_LOOKBACK: '90m',
    WATERMARK_OVERLAP: '2h',
    RUN_BUDGET: '5m',
    FETCH_CONCURRENCY: '8',
    UPLOAD_CONCURRENCY: '2',
    MIN_SEVERITY: '4',
    EXCLUDE_FINDING_TYPES: 'Recon:*,Stealth:*',
    EXCLUDE_SAMPLES: 'true',
    LOG_LEVEL: 'debug',
    STATE_TABLE: 'Other',
    AWS_ACCESS_KEY_ID_SECRET: 'id',
    AWS_SECRET_ACCESS_KEY_SECRET: 'key',
    AWS_ROLE_ARN: 'r',
    AWS_ROLE_EXTERNAL_ID: 'e',
  };
  for (const [name, value] of Object.entries(want)) assert.equal(settings[name], value, name);
});

test('with a key pair the app knows the vault, keyless it knows none', () => {
  assert.match(settingsOf(keyPair).KEY_VAULT_URI, /\/vaults\/kv-guardduty-abcdefghijk\.properties\.vaultUri>$/);
  assert.equal(only(keyless, 'Microsoft.KeyVault/vaults').length, 0);
  assert.deepEqual([keyless.outputs.vaultName, keyless.outputs.vaultId], ['', '']);
  for (const name of ['KEY_VAULT_URI', 'AWS_ACCESS_KEY_ID_SECRET', 'AWS_SECRET_ACCESS_KEY_SECRET'])
    assert.ok(!(name in settingsOf(keyless)), name);
  assert.equal(settingsOf(keyless).AWS_WEB_IDENTITY_AUDIENCE, keylessParams.awsWebIdentityAudience);
});

test('parameters that contradict each other fail before anything is made', () => {
  assert.throws(() => deployed({ awsWebIdentityAudience: 'api://x' }), /needs awsRoleArn/);
  assert.throws(() => deployed({ ...keylessParams, awsRoleExternalId: 'e' }), /is for the key pair/);
});

test('the parameters name the settings that they make', () => {
  const named = new Set(files[0].params.flatMap((p) => /^([A-Z][A-Z0-9_]{4,})\b/.exec(description(p))?.[1] ?? []));
  const other = ['KEY_VAULT_URI', 'LOGS_INGESTION_ENDPOINT', 'DCR_IMMUTABLE_ID', 'DCR_STREAM']; // from resources
  assert.deepEqual(
    [...named, ...other].sort(),
    Object.keys(contract)
      .filter((s) => !(s in byDefault) && !(s in platform))
      .sort(),
  );
});

test('every column reaches the table and the stream', () => {
  const { columns } = JSON.parse(text('infra/schema/guardduty.columns.json'));
  const table = one(keyPair, 'Microsoft.OperationalInsights/workspaces/tables').body.properties;
  const rule = one(keyPair, 'Microsoft.Insights/dataCollectionRules').body.properties;
  assert.deepEqual(
    table.schema.columns.map((c) => [c.name, c.type.toLowerCase()]),
    columns.map((c) => [c.name, c.type]),
  );
  assert.deepEqual(
    rule.streamDeclarations['Custom-AWSGuardDuty_CL'].columns.map((c) => [c.name, c.type]),
    columns.map((c) => [c.name, c.type]),
  );
  assert.equal(settingsOf(keyPair).DCR_STREAM, 'Custom-AWSGuardDuty_CL');
  assert.deepEqual(rule.dataFlows[0].streams, ['Custom-AWSGuardDuty_CL']);
});

test('what the page of transformations needs goes through', () => {
  const column = { name: 'Environment_s', type: 'string', description: 'x' };
  const given = deployed({
    transformKql: 'source | extend Environment_s = "x"',
    extraColumns: [column],
    columnTypes: { id_g: 'guid' },
    tablePlan: 'Basic',
    analyticsRules: 'none',
    totalRetentionInDays: 400,
  });
  const table = one(given, 'Microsoft.OperationalInsights/workspaces/tables').body.properties;
  assert.deepEqual(table.schema.columns.at(-1), column);
  assert.equal(table.schema.columns.find((c) => c.name === 'id_g').type, 'guid');
  assert.deepEqual([table.plan, table.retentionInDays, table.totalRetentionInDays], ['Basic', null, 400]);
  assert.match(
    one(given, 'Microsoft.Insights/dataCollectionRules').body.properties.dataFlows[0].transformKql,
    /Environment_s/,
  );
});
