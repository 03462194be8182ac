// The rule about the connector's secrets, over entries of Key Vault's audit log as its documentation shows them.
import assert from 'node:assert/strict';
import test from 'node:test';
import { engineOver, readText } from './content.mjs';
import { alerts, readRules } from './rules.mjs';

const rule = readRules().find((r) => r.file === 'GuardDutyConnectorSecretRead');
const at = (time) => (time.includes('T') ? `2026-11-${time}:00Z` : `2026-11-20T${time}:00Z`);
const NOW = '12:00';

const vaultId = (name) => `/subscriptions/s/resourcegroups/rg-function/providers/microsoft.keyvault/vaults/${name}`;
const claimOf = (name) => ({
  oid: `oid-${name}`,
  appid: `app-${name}`,
  xms_mirid: `/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
});
const CLIENT = 'guardduty-sentinel azsdk-go-azsecrets/v1.5.1 (go1.26.8; linux)';
const person = { oid: 'oid-ann', appid: 'app-cli', scp: 'user_impersonation', upn: 'ann@example.com' };

/**
 * An entry: a read of the secret access key by the connector, unless it says otherwise.
 * @param {string} time
 * @param {Record<string, any>} more
 */
const entry = (time, { vault = 'kv', secret = 'aws-secret-access-key', by = claimOf('id'), ...more } = {}) => ({
  TimeGenerated: at(time),
  ArrivedAt: at(time),
  _ResourceId: vaultId(vault),
  OperationName: 'SecretGet',
  HttpStatusCode: 200,
  Id: `https://${vault}.vault.azure.net/secrets/${secret}/4c39bacace9a49b2bd542ce61bd6f312`,
  RequestUri: `https://${vault}.vault.azure.net/secrets/${secret}/?api-version=7.6`,
  Identity: { claim: by },
  CallerIpAddress: '192.0.2.1',
  ClientInfo: CLIENT,
  ...more,
});
const clock = (minutes) => new Date(Date.parse(at('18T14:00')) + minutes * 60_000).toISOString().slice(8, 16);
/** The connector's reads of both secrets, every ten minutes for 46 hours. */
const usual = (more = {}) =>
  Array.from({ length: 276 }, (_, i) => clock(i * 10)).flatMap((time) =>
    ['aws-access-key-id', 'aws-secret-access-key'].map((secret) => entry(time, { secret, ...more })),
  );
const said = (audits, time = NOW) =>
  alerts(rule, { audits }, at(time)).map((row) => [row.ReaderName, row.SecretList, Number(row.Reads)]);
const other = (more = {}) => entry('11:58', { by: claimOf('intruder'), ClientInfo: 'curl/8.5.0', ...more });

test('it is quiet while only the connector reads', () => {
  assert.deepEqual(said(usual()), []);
  assert.deepEqual(said([entry('11:58')]), [], 'its very first read');
});

test('a person who reads raises one alert, with name, address and vault', () => {
  const [row] = alerts(rule, { audits: [...usual(), other({ by: person, CallerIpAddress: '198.51.100.7' })] }, at(NOW));
  assert.deepEqual(
    [row.Reader, row.ReaderName, row.Address, row.Vault, row.SecretList],
    ['oid-ann', 'ann@example.com', '198.51.100.7', vaultId('kv'), 'aws-secret-access-key'],
  );
  assert.deepEqual(said([...usual(), other({ by: person })], '12:05'), []);
});

test('a person is never taken for the connector', () =>
  assert.deepEqual(said([other({ by: person, ClientInfo: CLIENT })]), [
    ['ann@example.com', 'aws-secret-access-key', 1],
  ]));

for (const [name, more] of /** @type {any[][]} */ ([
  ['another application', {}],
  ['one that says it is the connector', { ClientInfo: CLIENT }],
  ['one that takes a backup of the secret', { OperationName: 'SecretBackup' }],
  ['one of which the entry has no resource', { by: { oid: 'oid-x', appid: 'intruder' } }],
  [
    'one with claims under their long names',
    {
      by: { 'http://schemas.microsoft.com/identity/claims/objectidentifier': 'intruder' },
    },
  ],
  ['one whose entry has no id of the secret', { Id: '' }],
])) {
  test(`${name} raises an alert`, () =>
    assert.deepEqual(said([...usual(), other(more)]), [['intruder', 'aws-secret-access-key', 1]]));
}

test('one that reads far more often within hours does not become the connector', () => {
  const flood = Array.from({ length: 900 }, (_, i) => clock(2640 + i / 10)).map((time) =>
    entry(time, { by: claimOf('intruder') }),
  );
  assert.deepEqual(
    said([...usual(), ...flood, other({ ClientInfo: CLIENT })]).map(([who]) => who),
    ['intruder'],
  );
});

for (const [name, more] of /** @type {any[][]} */ ([
  ['a read that was denied', { HttpStatusCode: 403 }],
  ['a first attempt without a token', { HttpStatusCode: 401, OperationName: 'Authentication', Identity: null }],
  ['a list of the names', { OperationName: 'SecretList', Id: 'https://kv.vault.azure.net/secrets' }],
  ['a new key that is stored', { OperationName: 'SecretSet' }],
  ['a secret that is none of the connector', { secret: 'database' }],
])) {
  test(`${name} raises none`, () => assert.deepEqual(said([...usual(), other(more)]), []));
}

test('secrets under names of their own are known by who reads them, and the usual names always', () => {
  const named = { secret: 'key' };
  assert.deepEqual(
    said([...usual().map((e, i) => (i % 2 ? entry(e.TimeGenerated.slice(8, 16), named) : e)), other(named)]),
    [['intruder', 'key', 1]],
  );
  assert.deepEqual(said([other()]), [['intruder', 'aws-secret-access-key', 1]]);
  assert.deepEqual(said([other(named)]), []);
});

test('each connector may read its own vault only', () => {
  const second = { vault: 'kv2', by: claimOf('id2') };
  const both = [...usual(), ...usual(second)];
  assert.deepEqual(said(both), []);
  assert.deepEqual(said([...both, entry('11:58', { ...second, by: claimOf('id') })]), [
    ['id', 'aws-secret-access-key', 1],
  ]);
});

test('an entry that arrives between the end of the period and the run is in one run, the next', () => {
  const late = [...usual(), other({ ArrivedAt: at('12:02') })];
  assert.deepEqual(
    ['12:00', '12:05', '12:10'].map((time) => said(late, time).length),
    [0, 1, 0],
  );
});

test('an object id that is allowed is left out', () => {
  const query = rule.yaml.query.replace('dynamic([])', 'dynamic(["oid-ann"])');
  const audits = [...usual(), other({ by: person })];
  assert.deepEqual(alerts({ ...rule, yaml: { ...rule.yaml, query } }, { audits }, at(NOW)), []);
});

/** The same entry in AzureDiagnostics, which all kinds of resources share. */
const shared = ({ Identity, HttpStatusCode, Id, RequestUri, CallerIpAddress, ClientInfo, ...entry }) => ({
  ...entry,
  ResourceProvider: 'MICROSOFT.KEYVAULT',
  httpStatusCode_d: HttpStatusCode,
  id_s: Id,
  requestUri_s: RequestUri,
  CallerIPAddress: CallerIpAddress,
  clientInfo_s: ClientInfo,
  identity_claim_oid_g: Identity.claim.oid,
  identity_claim_appid_g: Identity.claim.appid,
  identity_claim_upn_s: Identity.claim.upn,
  identity_claim_scp_s: Identity.claim.scp,
  identity_claim_xms_mirid_s: Identity.claim.xms_mirid,
});

test('the log of a vault in AzureDiagnostics is read as well', () => {
  const saidOf = (entries, audits = []) =>
    alerts(rule, { audits, diagnostics: entries.map(shared) }, at(NOW)).map((row) => [
      row.ReaderName,
      row.Address,
      row.Vault,
      row.SecretList,
      Number(row.Reads),
    ]);
  const read = (who) => [who, '192.0.2.1', vaultId('kv'), 'aws-secret-access-key', 1];
  assert.deepEqual(saidOf(usual()), []);
  assert.deepEqual(saidOf([...usual(), other()]), [read('intruder')]);
  assert.deepEqual(saidOf([...usual(), other({ ClientInfo: CLIENT, Id: '' })]), [read('intruder')]);
  assert.deepEqual(saidOf([...usual(), other({ by: person, ClientInfo: CLIENT })]), [read('ann@example.com')]);
  assert.deepEqual(saidOf([...usual(), other({ HttpStatusCode: 403 }), other({ OperationName: 'SecretSet' })]), []);
  const longName = 'identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g';
  const diagnostics = { ...shared(other()), identity_claim_oid_g: '', [longName]: 'oid-long' };
  const of = (row) => alerts(rule, { diagnostics: [...usual().map(shared), row] }, at(NOW)).map((r) => r.Reader);
  assert.deepEqual(of(diagnostics), ['oid-long']);
  assert.deepEqual(of({ ...diagnostics, ResourceProvider: 'MICROSOFT.OTHER' }), [], 'of another kind of resource');
  assert.deepEqual(
    saidOf([other()], usual()),
    [read('intruder')],
    'the connector in one table, the reader in the other',
  );
});

test('columns that AzureDiagnostics does not have yet cause no error', () => {
  const columns = {
    TimeGenerated: 'datetime',
    _ResourceId: 'string',
    ResourceProvider: 'string',
    OperationName: 'string',
  };
  const engine = engineOver([], { tables: { AzureDiagnostics: columns } });
  assert.deepEqual(engine.run(rule.yaml.query).rows, []);
});

test('without a vault there is no such table, and no error', () => {
  assert.deepEqual(engineOver([]).run(rule.yaml.query).rows, []);
});

test('the connector says its name as the rule expects it', () => {
  const [, name] = /ApplicationID: "([^"]+)"/.exec(readText('handler/internal/azclient/azclient.go'));
  assert.ok(rule.yaml.query.includes(`Client startswith "${name} "`));
});
