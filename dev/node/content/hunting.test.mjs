// The hunting queries: their form, and what they find and do not find.
import assert from 'node:assert/strict';
import test from 'node:test';
import { TACTICS, TECHNIQUES } from './attack.mjs';
import { engineOver, readRows, readText, tableSchema } from './content.mjs';
import { ENTITIES } from './entities.mjs';
import { readHuntingQueries } from './hunting.mjs';
import { NOW, SCENARIOS } from './hunting_scenarios.mjs';
import { newRow } from './scenario.mjs';

const queries = readHuntingQueries();

// A deployment finds a query again by its id: these never change.
const IDS = JSON.parse(readText('dev/node/content/ids.json')).hunts;
const FIELDS = [
  'id',
  'name',
  'description',
  'requiredDataConnectors',
  'tactics',
  'relevantTechniques',
  'query',
  'entityMappings',
  'version',
];

const run = (query, findings, now = NOW) => {
  const engine = engineOver(findings.map((f) => newRow(f)));
  assert.deepEqual(engine.check(query), []);
  return engine.run(query, { now });
};

test('ids are pinned, and no two queries share an id or a name', () => {
  assert.deepEqual(Object.fromEntries(queries.map(({ file, yaml }) => [file, yaml.id])), IDS);
  for (const of of ['id', 'name']) assert.equal(new Set(queries.map(({ yaml }) => yaml[of])).size, queries.length, of);
  for (const id of Object.values(IDS))
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('every query has scenarios', () => assert.deepEqual(Object.keys(SCENARIOS).sort(), Object.keys(IDS)));

for (const { file, yaml } of queries) {
  const { hits, want, also = {}, misses } = SCENARIOS[file];

  test(`${file}: form`, () => {
    assert.deepEqual(Object.keys(yaml), FIELDS);
    assert.match(yaml.name, /^GuardDuty - [A-Z]/);
    assert.equal(yaml.version, '1.0.0');
    assert.deepEqual(yaml.requiredDataConnectors, [
      { connectorId: 'AmazonGuardDutyS3Export', dataTypes: ['AWSGuardDuty_CL'] },
    ]);
    assert.match(yaml.description, /^Hypothesis: \S[\s\S]*\nWhat to do with a hit: \S[\s\S]*\.\n$/);
  });

  test(`${file}: tactics and techniques`, () => {
    assert.ok(yaml.tactics.length && yaml.relevantTechniques.length);
    for (const tactic of yaml.tactics) assert.ok(TACTICS.includes(tactic), tactic);
    for (const technique of yaml.relevantTechniques) {
      assert.match(technique, /^T\d{4}(\.\d{3})?$/);
      assert.ok(
        TECHNIQUES[technique]?.some((tactic) => yaml.tactics.includes(tactic)),
        technique,
      );
    }
  });

  test(`${file}: reads the functions within a time, and no samples`, () => {
    assert.match(
      yaml.query,
      new RegExp(
        /GuardDutyFinding(s|History)\(starttime=ago\(Lookback\)\)\n\s*/.source
          + /\| where TimeGenerated > ago\(Lookback\)\n\s*\| where not\(IsSample\)/.source,
      ),
    );
    assert.doesNotMatch(yaml.query, /AWSGuardDuty_CL/);
  });

  test(`${file}: entity mappings`, () => {
    const { columns } = run(yaml.query, []);
    const types = Object.fromEntries(columns.map((c) => [c.name, c.type]));
    assert.ok(yaml.entityMappings.length >= 1 && yaml.entityMappings.length <= 5);
    for (const { entityType, fieldMappings } of yaml.entityMappings) {
      assert.ok(fieldMappings.length >= 1 && fieldMappings.length <= 3);
      for (const { identifier, columnName } of fieldMappings) {
        assert.ok(ENTITIES[entityType]?.includes(identifier), `${entityType} ${identifier}`);
        assert.equal(types[columnName], 'string', columnName);
      }
      if (entityType === 'FileHash')
        assert.deepEqual(fieldMappings.map((m) => m.identifier).sort(), ['Algorithm', 'Value']);
    }
  });

  test(`${file}: says when, where to look and which findings`, () => {
    const names = run(yaml.query, []).columns.map((c) => c.name);
    for (const name of ['TimeGenerated', 'ConsoleLink']) assert.ok(names.includes(name), name);
    assert.ok(names.some((name) => /FindingIds?$/.test(name)));
    assert.ok(names.some((name) => /Severity|Changes|Findings/.test(name)));
  });

  test(`${file}: finds what it is for`, () => {
    const { rows } = run(yaml.query, hits);
    assert.equal(rows.length, 1);
    assert.deepEqual(Object.fromEntries(Object.keys(want).map((name) => [name, rows[0][name]])), want);
    assert.match(rows[0].ConsoleLink, /^https:/);
    const ids = Object.entries(rows[0])
      .filter(([name]) => /FindingIds?$/.test(name))
      .flatMap(([, value]) => value);
    for (const id of ids)
      assert.ok(
        hits.some((f) => f.id === id),
        id,
      );
    assert.ok(ids.length);
  });

  for (const [what, findings] of Object.entries(also)) {
    test(`${file}: finds ${what}`, () => assert.equal(run(yaml.query, findings).rows.length, 1));
  }

  for (const [why, findings] of Object.entries(misses)) {
    test(`${file}: does not find ${why}`, () => assert.deepEqual(run(yaml.query, findings).rows, []));
  }

  test(`${file}: finds no samples, and nothing from before its time`, () => {
    const samples = hits.map((f) => ({ ...f, service: { ...f.service, additionalInfo: { sample: true } } }));
    assert.deepEqual(run(yaml.query, samples).rows, []);
    const later = new Date(NOW.getTime() + 60 * 86_400_000);
    assert.deepEqual(run(yaml.query, hits, later).rows, []);
    // late rows: the table's time is new, the update's is not
    const late = engineOver(hits.map((f) => newRow(f, { TimeGenerated: later.toISOString() })));
    assert.deepEqual(late.run(yaml.query, { now: later }).rows, []);
  });
}

test('all queries run over the rows of the test data, which are samples, and over the same findings made real', () => {
  const findings = readText('dev/testdata/findings.jsonl')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const real = findings.map((f, i) => ({
    ...f,
    accountId: `${(i % 3) + 1}`.repeat(12),
    region: i % 2 ? 'eu-west-1' : 'us-east-1',
    service: { ...f.service, additionalInfo: undefined },
  }));
  const now = new Date('2026-08-29T00:00:00Z');
  const samples = readRows('dev/testdata/rows.ndjson');
  const found = {};
  for (const { file, yaml } of queries) {
    assert.deepEqual(engineOver(samples).run(yaml.query, { now }).rows, [], file);
    found[file] = run(yaml.query, real, now).rows.length;
  }
  // in this estate every type is new, nothing has updates and all come from one place
  const none = [
    'GuardDutyLongLivedFindings',
    'GuardDutyNewOriginForAccount',
    'GuardDutyPrincipalFromSeveralCountries',
    'GuardDutyUnknownFindingTypes',
  ];
  for (const [file, rows] of Object.entries(found)) assert.equal(rows === 0, none.includes(file), `${file}: ${rows}`);
});

test('columns of the table are not read around the functions', () => {
  for (const { file, yaml } of queries)
    for (const name of Object.keys(tableSchema()))
      assert.ok(!/_[a-z]$/.test(name) || !yaml.query.includes(name), `${file}: ${name}`);
});
