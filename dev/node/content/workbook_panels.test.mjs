// What the workbook's panels show over an estate of findings.
import assert from 'node:assert/strict';
import test from 'node:test';
import { readRows, readText } from './content.mjs';
import { NOW } from './workbook/estate.mjs';
import { findingPanels } from './workbook/panels.mjs';
import { chosenPanels, runPanels } from './workbook/panels_runs.mjs';
import { FILTER } from './workbook/queries.mjs';
import { itemsOf } from './workbook/read.mjs';
import {
  byName,
  chosen,
  engine,
  history,
  over,
  panels,
  passing,
  runs,
  same,
  show,
  workbook,
} from './workbook/stage.mjs';

const OF_FINDINGS = ['Samples', 'Account', 'Region', 'Severity', 'Type'];

test('every panel has an expectation', () => {
  const expected = [findingPanels, chosenPanels, runPanels].flatMap(Object.keys);
  assert.deepEqual([...expected, 'finding-facts'].sort(), panels.map((p) => p.name).sort());
});

const SOME = {
  Account: ['111122223333', '222233334444'],
  Region: ['eu-west-1', 'us-east-1'],
  Severity: ['Critical', 'High', 'Medium'],
  Samples: 'Show',
  Type: [...new Set(history.map((h) => h.Type))].filter((_, i) => i % 4 !== 1),
};

for (const [name, want] of Object.entries(findingPanels)) {
  test(`${name}: all findings`, () => {
    const rows = want(passing());
    assert.ok(rows.length > 0);
    same(show(name).rows, rows);
  });

  test(`${name}: every filter at once, and samples`, () => {
    const [all, some] = [want(passing()), want(passing(SOME))];
    assert.notDeepEqual(some, all);
    same(show(name, SOME).rows, some);
  });

  test(`${name}: begins with the filters`, () => {
    const flat = byName[name].content.query.replaceAll(/\n +\|/g, '\n|');
    assert.match(flat, /(?:^|\n|= )GuardDutyFinding(?:s|History)\n\| where '\{Samples\}'/);
    assert.ok(flat.includes(FILTER));
    assert.equal(flat.split('GuardDutyFinding').length, 2, 'one call of a function, and it is filtered');
  });
}

for (const choices of [
  { Account: ['222233334444'] },
  { Account: ['222233334444', '444455556666'] },
  { Region: ['ap-south-1'] },
  { Severity: ['Critical', 'Low'] },
  { Type: [history[30].Type] },
  { Samples: 'Show' },
  {},
]) {
  test(`the filters let through what they should: ${JSON.stringify(choices)}`, () => {
    const want = passing(choices)
      .findings.map((f) => f.FindingId)
      .sort();
    assert.ok(want.length > 0);
    assert.deepEqual(
      show(`GuardDutyFindings${FILTER}\n| project FindingId`, choices)
        .rows.map((r) => r.FindingId)
        .sort(),
      want,
    );
  });
}

test('the filters distinguish the choices: each lets through less than all', () => {
  const all = passing().findings.length;
  for (const [name, values] of Object.entries(SOME))
    if (name !== 'Samples') assert.ok(passing({ [name]: values }).findings.length < all, name);
  assert.ok(passing({ Samples: 'Show' }).findings.length > all);
  assert.deepEqual(
    OF_FINDINGS.filter((name) => !FILTER.includes(`{${name}}`)),
    [],
  );
});

test('a panel without findings is empty, but for the tiles, which say 0', () => {
  const none = engine({ rows: [], lines: [] });
  for (const { name } of panels) {
    const { rows } = show(name, {}, none);
    if (name === 'severity-tiles')
      assert.deepEqual(
        rows.map((r) => r.Findings),
        [0, 0, 0, 0],
      );
    else if (!['finding-alerts', 'finding-incidents'].includes(name)) assert.deepEqual(rows, [], name);
  }
  engine();
});

test('the finding that is chosen', async (t) => {
  const { content } = byName.findings;
  assert.deepEqual(
    content.exportedParameters.map((p) => [p.fieldName, p.parameterName]),
    [
      ['FindingId', 'FindingId'],
      ['AccountId', 'FindingAccount'],
      ['Region', 'FindingRegion'],
    ],
  );
  const group = [...itemsOf(workbook.items)].find(({ item }) => item.name === 'chosen').item;
  assert.deepEqual(group.conditionalVisibility, { parameterName: 'FindingId', comparison: 'isNotEqualTo' });
  const mine = { chosen, updates: history.filter((h) => h.FindingId === chosen.FindingId) };
  for (const [name, want] of Object.entries(chosenPanels)) {
    await t.test(name, () => {
      const rows = show(name).rows.map((row) =>
        'Content' in row ? { ...row, Content: /^[[{]/.test(row.Content) ? JSON.parse(row.Content) : row.Content } : row,
      );
      const wanted = want(mine);
      assert.equal(rows.length, wanted.length);
      // of alerts and incidents the times are left out
      const kept = rows.map((row, i) =>
        Object.fromEntries(Object.keys(wanted[i]).map((column) => [column, row[column]])),
      );
      same(ordered(name, kept), ordered(name, wanted));
    });
  }
});

const ordered = (name, rows) =>
  name === 'finding-alerts' ? [...rows].sort((a, b) => (a.AlertName < b.AlertName ? -1 : 1)) : rows;

/** Columns that say again what others say, or that have a panel of their own. */
const NO_FACTS = [
  'ResourceDetails',
  'ServiceDetails',
  'TimeGenerated',
  'FirstTimeGenerated',
  'ThreatPurpose',
  'ResourceAffected',
  'ThreatFamily',
  'DetectionMechanism',
  'Artifact',
  'RemoteIp',
  'PodName',
  'Resource',
  'Detection',
  'FolderRank',
];

test('the facts of a finding: each column that it has, as the function gives it', () => {
  const facts = Object.fromEntries(show('finding-facts').rows.map((r) => [r.Fact, r.Value]));
  const [row] = over.run(`GuardDutyFindings | where FindingId == '${chosen.FindingId}'`).rows;
  for (const [name, value] of Object.entries(row)) {
    if (NO_FACTS.includes(name)) continue;
    const empty = value === null || value === '' || (Array.isArray(value) && !value.length);
    assert.equal(name in facts, !empty, name);
    if (Array.isArray(value)) assert.deepEqual(JSON.parse(facts[name] ?? '[]'), value, name);
    else if (typeof value === 'number') assert.equal(Number(facts[name]), value, name);
    else if (!empty) assert.equal(facts[name].toLowerCase(), String(value).toLowerCase(), name);
  }
  assert.equal(facts.Title, chosen.finding.title);
  assert.equal(facts.ConsoleLink, chosen.ConsoleLink);
});

for (const [name, want] of Object.entries(runPanels)) {
  for (const App of [undefined, ['func-two']]) {
    test(`${name}: runs of ${App ?? 'all connectors'}`, () => {
      const list = runs.filter((r) => !App || App.includes(r.app));
      const rows = want({ runs: list, now: NOW });
      assert.ok(rows.length > 0);
      same(show(name, { ...(App && { App }) }).rows, rows);
    });
  }
}

test('fields that are read from a line of the log are documented', () => {
  const documented = [
    ...readText('docs/operations.md')
      .split('### The line `run ended`')[1]
      .split('```')[0]
      .matchAll(/`(\w+)`/g),
  ].map((m) => m[1]);
  for (const { name, content } of panels)
    for (const [, field] of content.query.matchAll(/\bLine\.(\w+)/g))
      assert.ok([...documented, 'msg', 'invocation_id', 'error'].includes(field), `${name}: ${field}`);
});

test('every panel runs over the rows of the test data, samples shown', () => {
  const on = engine({ rows: readRows('dev/testdata/rows.ndjson') });
  const tiles = show('severity-tiles', { Samples: 'Show' }, on).rows;
  assert.deepEqual(
    tiles.map((r) => r.Findings),
    [5, 114, 83, 22],
  );
  for (const { name } of panels.filter((p) => p.name in findingPanels))
    assert.ok(show(name, { Samples: 'Show' }, on).rows.length > 0, name);
  assert.deepEqual(show('findings', {}, on).rows, []);
  engine();
});
