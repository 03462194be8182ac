// The app settings and the table that infra/main.bicep makes, held to what the
// program declares of its settings, and to the schema.
import assert from 'node:assert/strict';
import test from 'node:test';
import { description } from './bicep.mjs';
import {
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

test('every setting is set from what is declared, and none is unknown', () => {
  const all = {
    ...settingsOf(
      deployed({
        ...keylessParams,
        s3Prefix: 'p',
        s3BucketOwner: '111122223333',
        accounts: ['111122223333'],
        administratorAccounts: ['111122223333'],
        excludeFindingTypes: ['Recon:*'],
      }),
    ),
    ...settingsOf(deployed({ awsRoleArn: 'r', awsRoleExternalId: 'external' })),
  };
  for (const { name, bicep } of Object.values(contract)) {
    assert.equal([bicep.parameter, bicep.resource, bicep.unset].filter(Boolean).length, 1, name);
    assert.equal(name in all, !bicep.unset, name);
  }
  for (const name of Object.keys(all)) assert.ok(name in contract || name in platform, name);
});

test('the parameters name the settings that they make, and say of them what is declared', () => {
  const named = files[0].params.filter((p) => /^[A-Z][A-Z0-9_]{4,}: /.test(description(p)));
  const declared = Object.values(contract).filter((s) => s.bicep.parameter);
  assert.deepEqual(named.map((p) => p.name).sort(), declared.map((s) => s.bicep.parameter).sort());
  for (const setting of declared) {
    const param = files[0].params.find((p) => p.name === setting.bicep.parameter);
    assert.equal(description(param), `${setting.name}: ${setting.help.replaceAll('`', '')}.`);
    assert.deepEqual(limitsOf(param), limitsFor(setting), param.name);
  }
});

/** The type and the limits of a parameter. */
function limitsOf({ type, decorators }) {
  const limits = ['minLength', 'maxLength', 'minValue', 'maxValue'].filter((name) => decorators[name]);
  return { type, ...Object.fromEntries(limits.map((name) => [name, Number(decorators[name][0].text)])) };
}

/** The type and the limits that the parameter of a setting has to have. */
function limitsFor({ kind, help, required, default: value, minLength, maxLength, min, max, bicep }) {
  if (kind === 'whole number') return { type: 'int', minValue: Number(min), maxValue: Number(max) };
  if (kind === 'true or false') return { type: 'bool' };
  if (bicep.values) return { type: bicep.values.map((v) => `'${v}'`).join(' | ') };
  if (help.startsWith('comma-separated')) return { type: 'string[]' };
  const filled = required || value || kind === 'schedule'; // others may be empty
  return { type: 'string', ...(minLength && filled && { minLength }), ...(maxLength && { maxLength }) };
}

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

test('a parameter that is not given leaves the default of its setting', () => {
  const settings = settingsOf(keyPair);
  for (const { name, default: value, sample, required, kind, bicep } of Object.values(contract)) {
    if (required || platform[name] || bicep.unset) continue;
    assert.equal(settings[name], kind === 'schedule' ? sample : value, name);
  }
});

test('what parameters say arrives in the settings', () => {
  const settings = settingsOf(
    deployed({
      schedule: '0 0 * * * *',
      s3Prefix: 'p',
      s3BucketOwner: '111122223333',
      initialLookback: '90m',
      watermarkOverlap: '2h',
      runBudget: '5m',
      fetchConcurrency: 8,
      uploadConcurrency: 2,
      minSeverity: '4',
      excludeFindingTypes: ['Recon:*', 'Stealth:*'],
      accounts: ['333344445555'],
      maxPairMB: 100,
      administratorAccounts: ['111122223333', '222233334444'],
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
    S3_BUCKET_OWNER: '111122223333',
    INITIAL_LOOKBACK: '90m',
    WATERMARK_OVERLAP: '2h',
    RUN_BUDGET: '5m',
    FETCH_CONCURRENCY: '8',
    UPLOAD_CONCURRENCY: '2',
    MIN_SEVERITY: '4',
    EXCLUDE_FINDING_TYPES: 'Recon:*,Stealth:*',
    ACCOUNTS: '333344445555',
    MAX_PAIR_MB: '100',
    ADMINISTRATOR_ACCOUNTS: '111122223333,222233334444',
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
