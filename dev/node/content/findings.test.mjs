// The parsers over rows: of this connector, of the HTTP Data Collector API, and of both in one table.
import assert from 'node:assert/strict';
import test from 'node:test';
import { classicRow, columnsBeyond, whatClassicKeeps } from './classic.mjs';
import { engineOver, readRows, readText, tableSchema } from './content.mjs';
import { comparable, expected } from './expected.mjs';
import { readFindingTypes } from './finding_types.mjs';

const types = readFindingTypes();
const findings = readText('dev/testdata/findings.jsonl')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
const newRows = readRows('dev/testdata/rows.ndjson');
const ARRIVED = '2026-11-20T10:00:00Z';
const oldRows = findings.map((f) => classicRow(f, ARRIVED));
const beyond = columnsBeyond(tableSchema(), oldRows);
const byId = (rows) => new Map(rows.map((row) => [row.FindingId, row]));

/**
 * What rows of the Data Collector API cannot fill, or not wholly, since their names were cut off at 45 characters.
 * docs/content.md lists the same.
 */
const NOT_IN_OLD_ROWS = [
  'BucketNames',
  'ContainerImage',
  'ContainerName',
  'DatabaseInstance',
  'FileHashes',
  'FileNames',
  'FolderAccount',
  'FolderRank',
  'KubernetesNamespace',
  'KubernetesUser',
  'KubernetesWorkload',
  'KubernetesWorkloadType',
  'LocalIps',
  'PodName',
  'ProcessPath',
  'RemoteAsn',
  'RemoteAsnOrg',
  'RemoteCountry',
  'RemoteIp',
  'RemoteIps',
  'Resource',
  'SourceObject',
  'Tactics',
  'Techniques',
];

function compare(rows, wanted) {
  const found = byId(rows);
  assert.equal(found.size, wanted.length);
  for (const want of wanted) assert.deepEqual(comparable(found.get(want.FindingId), want), want, want.Type);
}

const wantNew = findings.map((f) => expected(f, types));
const wantOld = findings.map((f) => expected(whatClassicKeeps(f), types));

test('test data', () => {
  assert.equal(findings.length, 224);
  assert.equal(newRows.length, 224);
});

for (const parser of ['GuardDutyFindingHistory', 'GuardDutyFindings']) {
  test(`${parser} of new rows says what the findings say`, () => {
    const { rows } = engineOver(newRows).run(parser);
    compare(rows, wantNew);
    for (const row of rows) assert.match(row.SourceObject, /^s3:/);
  });

  test(`${parser} of old rows says what is left in them`, () => {
    compare(engineOver(oldRows, { more: beyond }).run(parser).rows, wantOld);
  });

  test(`${parser} of old and new rows in one table: one row each, and the whole ones`, () => {
    const mixed = engineOver([...oldRows, ...newRows], { more: beyond });
    const { rows } = mixed.run(parser);
    assert.equal(rows.length, 224);
    compare(rows, wantNew);
  });
}

test('old rows in a table of the connector: without the columns that the schema lacks', () => {
  const schema = tableSchema();
  const rows = oldRows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => name in schema)));
  compare(engineOver(rows).run('GuardDutyFindings').rows, wantOld);
});

test('ids of type guid, Severity of type int and long: a table that was migrated', () => {
  const more = {
    ...beyond,
    id_g: 'guid',
    service_detectorId_g: 'guid',
    resource_lambdaDetails_revisionId_g: 'guid',
    service_ebsVolumeScanDetails_scanId_g: 'guid',
    Severity: 'int',
  };
  compare(engineOver(oldRows, { more }).run('GuardDutyFindings').rows, wantOld);
  compare(engineOver(oldRows, { more: { ...more, Severity: 'long' } }).run('GuardDutyFindings').rows, wantOld);
});

test('columns that differ between old and new rows are the documented ones', () => {
  const news = byId(engineOver(newRows).run('GuardDutyFindingHistory').rows);
  const differing = new Set();
  for (const row of engineOver(oldRows, { more: beyond }).run('GuardDutyFindingHistory').rows) {
    const other = news.get(row.FindingId);
    for (const name of Object.keys(row)) {
      if (['IngestionTime', 'ResourceDetails', 'ServiceDetails'].includes(name)) continue;
      if (JSON.stringify([row[name]].flat().sort()) !== JSON.stringify([other[name]].flat().sort()))
        differing.add(name);
    }
  }
  assert.deepEqual([...differing].sort(), NOT_IN_OLD_ROWS);
  const [, section] = readText('docs/content.md').split('\n### Rows of the HTTP Data Collector API\n');
  const documented = [...section.split('\n#')[0].matchAll(/`([A-Z]\w+)`/g)].map((m) => m[1]);
  for (const name of NOT_IN_OLD_ROWS)
    assert.ok(documented.includes(name), `docs/content.md does not say that old rows lack ${name}`);
});

test('details of new rows are passed on as they came', () => {
  const found = byId(engineOver(newRows).run('GuardDutyFindings').rows);
  for (const f of findings) {
    assert.deepEqual(found.get(f.id).ResourceDetails, f.resource, f.type);
    assert.deepEqual(found.get(f.id).ServiceDetails, f.service, f.type);
  }
});

test('details of old rows have what the flat columns held', () => {
  const found = byId(engineOver(oldRows, { more: beyond }).run('GuardDutyFindings').rows);
  for (const f of findings) {
    const { ResourceDetails: r, ServiceDetails: s } = found.get(f.id);
    assert.equal(r.resourceType, f.resource.resourceType);
    assert.equal(s.count, f.service.count);
    assert.equal(s.detectorId, f.service.detectorId);
    assert.deepEqual(r.s3BucketDetails ?? null, f.resource.s3BucketDetails ?? null);
    assert.deepEqual(
      r.instanceDetails?.networkInterfaces ?? null,
      f.resource.instanceDetails?.networkInterfaces ?? null,
    );
    assert.equal(r.instanceDetails === null, f.resource.instanceDetails === undefined);
  }
});

test("AWSGuardDutyFromCL has the columns and types of Microsoft's table, and its values", () => {
  const { columns, rows } = engineOver(newRows).run('AWSGuardDutyFromCL');
  assert.deepEqual(Object.fromEntries(columns.map((c) => [c.name, c.type])), {
    AccountId: 'string',
    ActivityType: 'string',
    Arn: 'string',
    Description: 'string',
    Id: 'string',
    Partition: 'string',
    Region: 'string',
    ResourceDetails: 'dynamic',
    SchemaVersion: 'string',
    ServiceDetails: 'dynamic',
    Severity: 'int',
    SourceSystem: 'string',
    TenantId: 'string',
    TimeCreated: 'datetime',
    TimeGenerated: 'datetime',
    Title: 'string',
    Type: 'string',
  });
  const found = new Map(rows.map((row) => [row.Id, row]));
  for (const f of findings) {
    const { AccountId, ActivityType, Arn, ResourceDetails, ServiceDetails, Severity, Title } = found.get(f.id);
    assert.deepEqual(
      { AccountId, ActivityType, Arn, ResourceDetails, ServiceDetails, Severity, Title },
      {
        AccountId: f.accountId,
        ActivityType: f.type,
        Arn: f.arn,
        ResourceDetails: f.resource,
        ServiceDetails: f.service,
        Severity: f.severity,
        Title: f.title,
      },
    );
  }
});

test('a query written for AWSGuardDuty runs with the name replaced', () => {
  const query =
    'AWSGuardDuty | where Severity >= 7 | extend Bucket = tostring(ResourceDetails.s3BucketDetails[0].name)'
    + ' | summarize count() by ActivityType, Bucket';
  assert.ok(engineOver(newRows).run(query.replace('AWSGuardDuty', 'AWSGuardDutyFromCL')).rows.length > 50);
});
