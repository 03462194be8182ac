// The form of the parsers: their YAML, binding against the table's columns, result columns, and what Log Analytics does not run.
import assert from 'node:assert/strict';
import test from 'node:test';
import { engineOver, readParsers, readText } from './content.mjs';

const parsers = readParsers();
const engine = engineOver([]);

/** Not in Log Analytics or not in functions that analytics rules use: management, other clusters, plugins that call out, queries over all tables. */
const FORBIDDEN = [
  /^\s*\./m, /\b(cluster|database|workspace|app|adx|arg|resource|external_table|stored_query_result|materialized_view)\s*\(/i, /\bexternaldata\b/, /\bmacro-expand\b/, /\bgraph-\w+/,
  /\bunion\s+(\w+\s*=\s*\w+\s+)*\*/, /^\s*\|?\s*(search|find)\b/m, /\bevaluate\b/, /\bfork\b/, /\bfacet\b/, /\bscan\b/, /\bset\s+\w+\s*;/, /\balias\b/, /\bdeclare\b/,
  /\b(cursor_\w+|current_(cluster_endpoint|database|principal\w*)|extent_(id|tags)|estimate_data_size|rand|new_guid)\s*\(/, /\bnow\s*\(/, /\bago\s*\(/,
];

const withoutText = (query) => query.replace(/\/\/.*$/gm, '').replace(/@?"(?:[^"\\\n]|\\.)*"|@?'(?:[^'\\\n]|\\.)*'/g, '""');

test('there are parsers', () => {
  const names = parsers.map((p) => p.name);
  for (const name of ['AWSGuardDutyFromCL', 'GuardDutyFindingHistory', 'GuardDutyFindingTypes', 'GuardDutyFindings']) assert.ok(names.includes(name), name);
  assert.equal(new Set(names).size, names.length);
  const ids = parsers.map((p) => p.yaml.id).filter(Boolean);
  assert.equal(new Set(ids).size, ids.length);
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
      for (const key of ['Product', 'Normalization', 'References', 'Description', 'ParserName', 'EquivalentBuiltInParser', 'ParserParams']) assert.ok(yaml[key], key);
    }
    assert.ok(query.endsWith('\n') && !query.includes('\t'));
  });

  test(`${name}: parses and binds without a diagnostic`, () => {
    assert.deepEqual(engine.check(name), []);
    assert.deepEqual(engine.check(`${name}()`), []);
  });

  test(`${name}: nothing that Log Analytics does not run`, () => {
    const text = withoutText(query);
    for (const pattern of FORBIDDEN) assert.doesNotMatch(text, pattern);
    assert.ok(!/^(AWSGuardDuty|AWSGuardDuty_CL)$/.test(name), 'the name would hide a table');
  });

  test(`${name}: an empty table gives no rows and the same columns`, () => {
    if (name === 'GuardDutyFindingTypes') return;
    assert.deepEqual(engine.run(name).rows, []);
  });

  if (params.includes('starttime')) {
    test(`${name}: filters by time before anything else`, () => {
      const body = withoutText(query);
      if (!body.includes('AWSGuardDuty_CL\n')) return assert.match(body, /(GuardDuty\w+)\s*\(starttime(\s*=\s*starttime)?, /);
      return assert.match(body, /AWSGuardDuty_CL\s*\| where (not\(disabled\)\s*\| where )?\(isnull\(starttime\) or TimeGenerated >= starttime\) and \(isnull\(endtime\) or TimeGenerated <= endtime\)/);
    });
  }
}

test('the filter list sees what it forbids', () => {
  for (const query of ['.show tables', 'cluster("x").T', 'union *', 'union withsource=T *', 'T | where 1==1\n| evaluate bag_unpack(a)', 'search "x"', 'T | where a > ago(1d)']) {
    assert.ok(FORBIDDEN.some((pattern) => pattern.test(withoutText(query))), query);
  }
});

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

test('GuardDutyFindings has the columns of GuardDutyFindingHistory and three more', () => {
  const { FirstTimeGenerated, Updates, HighestSeverity, ...rest } = columnsOf('GuardDutyFindings');
  assert.deepEqual({ FirstTimeGenerated, Updates, HighestSeverity }, { FirstTimeGenerated: 'datetime', Updates: 'long', HighestSeverity: 'real' });
  assert.deepEqual(Object.keys(rest).sort(), Object.keys(columnsOf('GuardDutyFindingHistory')).sort());
});

test('docs/content.md names every parser', () => {
  const text = readText('docs/content.md');
  for (const { name } of parsers) assert.ok(text.includes(`\`${name}\``), name);
});
