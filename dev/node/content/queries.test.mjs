// Every query of the content and of the documentation: bound without a diagnostic, and with nothing that Log
// Analytics does not run.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { engineOver, readParsers, readText } from './content.mjs';
import { readHuntingQueries } from './hunting.mjs';
import { readRules } from './rules.mjs';
import { unsupported } from './supported.mjs';
import { fill, panelsOf, parametersOf, readWorkbook } from './workbook/read.mjs';

const at = (folder) => new URL(`../../../${folder}/`, import.meta.url);
const workbook = readWorkbook();
const card = JSON.parse(readText('sentinel/Data Connectors/AmazonGuardDuty.json'));

/**
 * Queries in the pages that run as they stand in a workspace; docs/transform.md and docs/migrate.md have tests of
 * their own.
 */
const documented = ['deploy', 'cost', 'operations', 'content', 'schema', 'security', 'performance', 'design'].flatMap(
  (page) =>
    [...readText(`docs/${page}.md`).matchAll(/```kusto\n([\s\S]*?)```/g)].map((m, i) => [
      `docs/${page}.md, query ${i + 1}`,
      m[1],
    ]),
);

const queries = Object.fromEntries([
  ...readParsers().map((p) => [p.name, p.query]),
  ...readRules().map((r) => [r.file, r.yaml.query]),
  ...readHuntingQueries().map((h) => [h.file, h.yaml.query]),
  ...panelsOf(workbook).map((p) => [
    `panel ${p.name}`,
    fill(p.content.query, workbook, { exported: { FindingId: 'x', FindingAccount: '1', FindingRegion: 'r' } }),
  ]),
  ...parametersOf(workbook)
    .filter((p) => p.query)
    .map((p) => [`parameter ${p.name}`, fill(p.query, workbook)]),
  ...card.graphQueries.map((q) => [`card, ${q.metricName}`, q.baseQuery]),
  ...card.sampleQueries.map((q) => [`card, ${q.description}`, q.query]),
  ...card.dataTypes.map((t) => [`card, ${t.name}`, t.lastDataReceivedQuery]),
  ...card.connectivityCriteria.flatMap((c) => c.value.map((query) => ['card, connected', query])),
  ...readdirSync(at('infra/alerts')).map((name) => [`infra/alerts/${name}`, readText(`infra/alerts/${name}`)]),
  ...documented,
]);

const TABLES = {
  AppTraces: {
    TimeGenerated: 'datetime',
    _ResourceId: 'string',
    Message: 'string',
    Properties: 'dynamic',
    OperationId: 'string',
  },
  AZKVAuditLogs: {
    TimeGenerated: 'datetime',
    _ResourceId: 'string',
    OperationName: 'string',
    HttpStatusCode: 'int',
    Id: 'string',
    RequestUri: 'string',
    Identity: 'dynamic',
    CallerIpAddress: 'string',
    ClientInfo: 'string',
  },
  AzureDiagnostics: {
    TimeGenerated: 'datetime',
    _ResourceId: 'string',
    ResourceProvider: 'string',
    OperationName: 'string',
  },
  DCRLogErrors: {
    TimeGenerated: 'datetime',
    _ResourceId: 'string',
    OperationName: 'string',
    InputStreamId: 'string',
    Message: 'string',
  },
  Usage: { TimeGenerated: 'datetime', StartTime: 'datetime', Quantity: 'real', IsBillable: 'bool' },
  SecurityAlert: {
    TimeGenerated: 'datetime',
    SystemAlertId: 'string',
    AlertName: 'string',
    AlertSeverity: 'string',
    AlertLink: 'string',
    Description: 'string',
    Entities: 'string',
    ExtendedProperties: 'string',
    ProviderName: 'string',
    ProductName: 'string',
    Status: 'string',
    Tactics: 'string',
  },
  SecurityIncident: {
    TimeGenerated: 'datetime',
    IncidentName: 'string',
    IncidentNumber: 'int',
    Title: 'string',
    Severity: 'string',
    Status: 'string',
    AlertIds: 'dynamic',
    IncidentUrl: 'string',
    LastModifiedTime: 'datetime',
    CreatedTime: 'datetime',
    Owner: 'dynamic',
    Classification: 'string',
  },
};
const engine = engineOver([], { tables: TABLES, more: { _BilledSize: 'real' } });

/** Pages show a line for a function of the reader's own, whose parameters are not known here. */
const [[PART], ...otherParts] = documented.filter(([, query]) => query.startsWith('union isfuzzy=true'));
assert.deepEqual(otherParts, []);

for (const [name, query] of Object.entries(queries)) {
  test(`${name}: nothing that is not supported`, () => assert.deepEqual(unsupported(query), []));
  if (!readParsers().some((p) => p.name === name) && name !== PART)
    test(`${name}: binds`, () => assert.deepEqual(engine.check(query), []));
}

test('the list sees what it forbids', () => {
  for (const query of [
    '.show tables',
    'cluster("x").T',
    'union *',
    'union withsource=T *',
    'union isfuzzy=true *',
    'T | where 1==1\n| evaluate bag_unpack(a)',
    'search "x"',
    'T | where a == 1; search "x"',
    'workspace("x").T',
    'T | where cursor_after("")',
    'externaldata(a:string)["x"]',
    'T | extend a = rand()',
    'declare query_parameters(a:string)',
    'set notruncation;\nT',
  ])
    assert.equal(unsupported(query).length > 0, true, query);
  for (const query of [
    'T | where a == "search x"',
    'union T, U',
    'union isfuzzy=true T, U',
    'T // find it',
    'T | where resource_s == "x"',
  ])
    assert.deepEqual(unsupported(query), [], query);
});
