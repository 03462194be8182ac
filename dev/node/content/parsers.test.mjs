// The form of the parsers: their YAML, binding against the table's columns, result columns, and what Log Analytics
// does not run.
import assert from 'node:assert/strict';
import test from 'node:test';
import { engineOver, readParsers, readText } from './content.mjs';
import { bare } from './supported.mjs';

const parsers = readParsers();
const engine = engineOver([]);

test('there are parsers', () => {
  const names = parsers.map((p) => p.name);
  for (const name of ['AWSGuardDutyFromCL', 'GuardDutyFindingHistory', 'GuardDutyFindingTypes', 'GuardDutyFindings'])
    assert.ok(names.includes(name), name);
  assert.equal(new Set(names).size, names.length);
  const pinned = JSON.parse(readText('dev/node/content/ids.json'));
  assert.deepEqual(
    Object.fromEntries(parsers.filter((p) => p.yaml.id).map((p) => [p.name, p.yaml.id])),
    pinned.parsers,
  );
  const ids = Object.values(pinned).flatMap(Object.values);
  assert.equal(new Set(ids).size, ids.length, 'no id twice in all of the content');
});

for (const { file, name, yaml, params, query } of parsers) {
  test(`${name}: file`, () => {
    assert.equal(file.split('/').at(-1), `${name}.yaml`);
    const head = yaml.Function ?? yaml.Parser;
    assert.match(head.Version, /^\d+\.\d+\.\d+$/);
    assert.ok(head.Title);
    if (yaml.Function) {
      assert.match(yaml.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      assert.match(head.LastUpdated, /^\d{4}-\d\d-\d\d$/);
      assert.equal(yaml.FunctionName, name);
      assert.ok(yaml.Category);
    } else {
      assert.match(head.LastUpdated, /^[A-Z][a-z]{2} \d\d, \d{4}$/);
      for (const key of [
        'Product',
        'Normalization',
        'References',
        'Description',
        'ParserName',
        'EquivalentBuiltInParser',
        'ParserParams',
      ])
        assert.ok(yaml[key], key);
    }
    assert.ok(query.endsWith('\n') && !query.includes('\t'));
  });

  test(`${name}: parses and binds without a diagnostic`, () => {
    assert.deepEqual(engine.check(name), []);
    assert.deepEqual(engine.check(`${name}()`), []);
  });

  test(`${name}: only the rows decide`, () => {
    if (name !== 'GuardDutyFindingChanges') assert.doesNotMatch(bare(query), /\b(now|ago)\s*\(/);
    assert.ok(!/^(AWSGuardDuty|AWSGuardDuty_CL)$/.test(name), 'the name would hide a table');
  });

  test(`${name}: an empty table gives no rows and the same columns`, () => {
    if (name === 'GuardDutyFindingTypes') return;
    assert.deepEqual(engine.run(name).rows, []);
  });

  if (params.includes('starttime')) {
    test(`${name}: filters by time before anything else`, () => {
      const body = bare(query);
      if (!body.includes('AWSGuardDuty_CL\n'))
        return assert.match(body, /GuardDuty\w*\s*\(starttime(\s*=\s*starttime)?, /);
      const times =
        '(isnull(starttime) or TimeGenerated >= starttime) and (isnull(endtime) or TimeGenerated <= endtime)';
      const filtered = body.replace(/\| where not\(disabled\)\s*/, '').replace(/\s+/g, ' ');
      return assert.ok(filtered.includes(`AWSGuardDuty_CL | where ${times}`), filtered);
    });
  }
}

/** The columns tables of docs/content.md: {parser: {column: type}}. */
function documentedColumns() {
  const tables = {};
  let current = null;
  for (const line of readText('docs/content.md').split('\n')) {
    const heading = /^#+ .*`(\w+)`/.exec(line);
    if (heading) current = tables[heading[1]] = {};
    else if (/^#/.test(line)) current = null;
    const row = /^\| `(\w+)` \| (\w+) \|/.exec(line);
    if (current && row) current[row[1]] = row[2];
  }
  return tables;
}

const columnsOf = (name) => Object.fromEntries(engine.run(name).columns.map((c) => [c.name, c.type]));

test('the columns of GuardDutyFindings and GuardDutyFindingTypes are the documented ones', () => {
  const documented = documentedColumns();
  assert.deepEqual(columnsOf('GuardDutyFindings'), documented.GuardDutyFindings);
  assert.deepEqual(columnsOf('GuardDutyFindingTypes'), documented.GuardDutyFindingTypes);
});

test('GuardDutyFindingChanges has the documented columns beside those of GuardDutyFindingHistory', () => {
  const { ResourceDetails, ServiceDetails, ...history } = columnsOf('GuardDutyFindingHistory');
  const changes = columnsOf('GuardDutyFindingChanges');
  for (const name of Object.keys(history)) delete changes[name];
  assert.deepEqual(changes, documentedColumns().GuardDutyFindingChanges);
});

test('GuardDutyFindingAlerts has the columns of GuardDutyFindingChanges', () =>
  assert.deepEqual(columnsOf('GuardDutyFindingAlerts'), columnsOf('GuardDutyFindingChanges')));

test('GuardDutyFindings has the columns of GuardDutyFindingHistory and four more', () => {
  const { FirstTimeGenerated, Updates, HighestSeverity, SeverityRaised, ...rest } = columnsOf('GuardDutyFindings');
  assert.deepEqual(
    { FirstTimeGenerated, Updates, HighestSeverity, SeverityRaised },
    { FirstTimeGenerated: 'datetime', Updates: 'long', HighestSeverity: 'real', SeverityRaised: 'bool' },
  );
  assert.deepEqual(Object.keys(rest).sort(), Object.keys(columnsOf('GuardDutyFindingHistory')).sort());
});

test('docs/content.md names every parser', () => {
  const text = readText('docs/content.md');
  for (const { name } of parsers) assert.ok(text.includes(`\`${name}\``), name);
});
