// The transformations of docs/transform.md: they keep to what a rule takes, and
// do to real rows what the page says.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FUNCTIONS, MAX_LENGTH, OPERATORS, STRING_OPERATORS } from './subset.mjs';
import { engineOver, faults } from './transform.mjs';

const at = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
const page = readFileSync(at('docs/transform.md'), 'utf8').replaceAll('\r\n', '\n');
const rows = readFileSync(at('dev/testdata/rows.ndjson'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
const examples = Object.fromEntries(
  page
    .split(/^### /m)
    .slice(1)
    .map((part) => [part.split('\n')[0], /```kusto\n([\s\S]*?)```/.exec(part)?.[1].trim()]),
);
const extra = { Environment_s: 'string' };
const run = (title, over = rows) => engineOver(over).run(examples[title]).rows;
const typesOf = (list) => list.map((r) => r.type_s).sort();

test('every example passes the check', async (t) => {
  assert.equal(Object.keys(examples).length, 5);
  for (const [title, kql] of Object.entries(examples)) {
    await t.test(title, () => assert.deepEqual(faults(kql, title.startsWith('Add') ? { extra } : {}), []));
  }
});

test('the default passes the check and changes nothing', () => {
  assert.deepEqual(faults('source'), []);
  assert.equal(engineOver(rows).run('source').rows.length, rows.length);
});

test('low severities of one account are dropped, and no others', () => {
  const given = [
    { ...rows[0], accountId_s: '111122223333', Severity: 3.9, type_s: 'a' },
    { ...rows[0], accountId_s: '111122223333', Severity: 4, type_s: 'b' },
    { ...rows[0], accountId_s: '111122223333', Severity: null, type_s: 'c' },
    { ...rows[0], accountId_s: '222233334444', Severity: 2, type_s: 'd' },
  ];
  assert.deepEqual(typesOf(run('Drop low severities in one account', given)), ['b', 'c', 'd']);
});

test('a type is dropped for one account', () => {
  const elsewhere = rows.map((r) => ({ ...r, accountId_s: '222233334444' }));
  const left = run('Drop a finding type for one account', [...rows, ...elsewhere]);
  const dropped = ['Recon:EC2/Portscan', 'PenTest:IAMUser/PentooLinux'];
  assert.deepEqual(typesOf(left), typesOf([...rows.filter((r) => !dropped.includes(r.type_s)), ...elsewhere]));
});

test('users of access keys are masked in all the columns the page names', () => {
  const users = rows.filter((r) => r.resource_accessKeyDetails_userName_s);
  assert.ok(users.length > 0, 'no row has a user');
  const masked = run('Mask the users of access keys', users);
  masked.forEach((row, i) => {
    const {
      resource_accessKeyDetails_userName_s: name,
      resource_accessKeyDetails_principalId_s: principal,
      resource_accessKeyDetails_accessKeyId_s: key,
    } = users[i];
    const want = createHash('sha256').update(`put a random text here${name}`).digest('hex');
    assert.equal(row.resource_accessKeyDetails_userName_s, want);
    assert.equal(row.resource_accessKeyDetails_principalId_s, '');
    assert.equal(row.resource_accessKeyDetails_accessKeyId_s, '');
    const { accessKeyDetails, ...others } = row.ResourceDetails;
    const { accessKeyDetails: was, ...unchanged } = users[i].ResourceDetails;
    assert.ok(Object.values(was).includes(name));
    assert.deepEqual(accessKeyDetails, { masked: true });
    assert.deepEqual(others, unchanged);
    assert.doesNotMatch(JSON.stringify(row.ResourceDetails), new RegExp([principal, key].filter(Boolean).join('|')));
    assert.deepEqual(row.ServiceDetails, users[i].ServiceDetails);
  });
});

test('rows without an access key keep their resource', () => {
  const without = rows.filter((r) => !r.ResourceDetails?.accessKeyDetails);
  assert.ok(without.length > 0);
  run('Mask the users of access keys', without).forEach((row, i) => {
    assert.deepEqual(row.ResourceDetails, without[i].ResourceDetails);
    assert.equal(row.resource_accessKeyDetails_userName_s, '');
  });
});

test('a resource that cannot be masked in part is masked whole', async (t) => {
  for (const [name, resource, want] of /** @type {any[][]} */ ([
    [
      'braces in a name',
      { resourceType: 'AccessKey', accessKeyDetails: { userName: 'a}b' } },
      { resourceType: 'AccessKey', accessKeyDetails: { masked: true } },
    ],
    [
      'a backslash and a quote in a name',
      { accessKeyDetails: { userName: 'a\\"}b' }, tail: '}' },
      { accessKeyDetails: { masked: true }, tail: '}' },
    ],
    ['a nested object', { accessKeyDetails: { userName: 'a', more: { userName: 'b' } } }, { masked: true }],
    [
      'details twice',
      { accessKeyDetails: { userName: 'a' }, deep: { accessKeyDetails: { userName: 'b' } } },
      { masked: true },
    ],
    [
      'no details',
      { resourceType: 'AccessKey', accessKeyDetails: null },
      { resourceType: 'AccessKey', accessKeyDetails: null },
    ],
    ['the words inside a text', { note: '"accessKeyDetails":{' }, { note: '"accessKeyDetails":{' }],
    [
      'a quote in a name',
      { accessKeyDetails: { userName: 'a"b' }, tail: 'c' },
      { accessKeyDetails: { masked: true }, tail: 'c' },
    ],
  ])) {
    await t.test(name, () => {
      const [row] = run('Mask the users of access keys', [{ ...rows[0], ResourceDetails: resource }]);
      assert.deepEqual(row.ResourceDetails, want);
    });
  }
});

test('the environment of the account is added', () => {
  const given = ['222233334444', '333344445555', '999999999999'].map((accountId_s) => ({ ...rows[0], accountId_s }));
  assert.deepEqual(
    run('Add the environment of the account', given).map((r) => r.Environment_s),
    ['production', 'test', 'unknown'],
  );
});

test('several steps work together', () => {
  const left = run('Several at once', [
    ...rows,
    { ...rows[0], type_s: 'long', Severity: 9, description_s: 'x'.repeat(2000) },
    { ...rows[0], Severity: 1 },
  ]);
  assert.deepEqual(
    typesOf(left),
    typesOf([...rows.filter((r) => r.Severity >= 4 && !r.type_s.startsWith('PenTest:')), { type_s: 'long' }]),
  );
  assert.equal(left.find((r) => r.type_s === 'long').description_s.length, 1000);
});

test('the page lists what the check allows', () => {
  const words = (line) => [...line.matchAll(/`([^`]+)`/g)].map((m) => m[1]);
  const item = (start) =>
    new RegExp(`^- ${start}([\\s\\S]*?)\\.(?: Not|\\n  Not|  and| No| \`let\`|\\n-)`, 'm').exec(page)[1];
  assert.deepEqual(words(item('Functions:')).sort(), [...FUNCTIONS].sort());
  assert.deepEqual(words(item('String operators:')).sort(), [...STRING_OPERATORS].sort());
  for (const operator of OPERATORS) assert.ok(words(item('Operators:')).includes(operator), operator);
  assert.ok(page.includes(MAX_LENGTH.toLocaleString('en')));
});

test('the parameters that the page sets are those of the module, and each is described', () => {
  const module = readFileSync(at('infra/modules/ingestion.bicep'), 'utf8').replaceAll('\r\n', '\n');
  const params = [...module.matchAll(/^param (\w+)/gm)].map((m) => m[1]);
  const set = [...page.matchAll(/```bicep\n([\s\S]*?)```/g)].flatMap((block) =>
    [...block[1].matchAll(/^param (\w+)/gm)].map((m) => m[1]),
  );
  assert.ok(set.length > 0);
  for (const name of set) assert.ok(params.includes(name), name);
  for (const before of module.split(/^param /m).slice(0, -1))
    assert.match(before, /\n@description\('[^\n]+\.'\)\n(?:@\w+\(\d+\)\n)*$/);
  assert.ok(module.includes(`@maxLength(${MAX_LENGTH})\nparam transformKql string = 'source'`));
  assert.ok(module.includes("loadJsonContent('../schema/guardduty.columns.json')"));
});

for (const [name, kql, want, options] of /** @type {any[][]} */ ([
  [
    'a column that the table lacks',
    'source | extend Environment_s = "x"',
    /Environment_s: the table has no such column/,
  ],
  [
    'an extra column of another type',
    'source | extend Environment_s = 1',
    /Environment_s: type (int|long), and the table's column is string/,
    { extra },
  ],
  [
    'a changed type',
    'source | extend Severity = toint(Severity)',
    /Severity: type int, and the table's column is real/,
  ],
  [
    'a guid in the table and text in the row',
    'source',
    /id_g: type string, and the table's column is guid/,
    { types: { id_g: 'guid' } },
  ],
  ['no TimeGenerated', 'source | project type_s', /TimeGenerated is missing/],
  ['a column that the stream lacks', 'source | where Sev > 1', /'Sev'/],
  ['another table', 'AWSGuardDuty_CL | where Severity > 1', /AWSGuardDuty_CL/],
  ['summarize', 'source | summarize count() by type_s', /operator summarize/],
  ['take', 'source | take 1', /operator take/],
  ['join', 'source | join kind=inner (source) on type_s', /operator join/],
  ['mv-expand', 'source | mv-expand ServiceDetails', /operator mv-expand/],
  [
    'a function beyond the list',
    'source | extend title_s = replace_string(title_s, "a", "b")',
    /function replace_string\(\)/,
  ],
  ['coalesce', 'source | extend id_g = coalesce(id_g, id_s)', /function coalesce\(\)/],
  ['not()', 'source | where not(Severity > 4)', /function not\(\)/],
  ['has_any', 'source | where type_s has_any ("a", "b")', /operator has_any/],
  ['in~', 'source | where type_s in~ ("a")', /operator in~/],
  ['between', 'source | where Severity between (1 .. 4)', /operator between/],
  ['a dynamic literal', 'source | extend ResourceDetails = dynamic({})', /dynamic literal/],
  [
    'a parse with 11 columns',
    `source | parse title_s with ${'abcdefghijk'
      .split('')
      .map((c) => `${c} "-"`)
      .join(' ')} | project-away ${'abcdefghijk'.split('').join(', ')}`,
    /parse with more than 10/,
  ],
  ['a long text', `source | where title_s != "${'x'.repeat(MAX_LENGTH)}"`, /more than 15360/],
  ['what does not parse', 'source | where', /^1:/],
])) {
  test(`${name} is a fault`, () => assert.match(faults(kql, options).join('\n'), want));
}

for (const [name, kql, options] of /** @type {any[][]} */ ([
  [
    'a conversion for a table with other types',
    'source | extend id_g = toguid(id_g), Severity = toint(Severity)',
    { types: { id_g: 'guid', Severity: 'int' } },
  ],
  [
    'let with a scalar and a function',
    'let Low = 4.0; let Keep = (s:real) { s >= Low }; source | where Keep(Severity)',
    {},
  ],
  [
    'parse',
    'source | parse type_s with Purpose ":" Rest | extend Purpose_CF_s = Purpose | project-away Purpose, Rest',
    { extra: { Purpose_CF_s: 'string' } },
  ],
  [
    'project of a few columns',
    'source | project TimeGenerated, Severity, Archived_b = service_archived_b'
      + ' | project-rename service_archived_b = Archived_b',
    {},
  ],
])) {
  test(`${name} is none`, () => assert.deepEqual(faults(kql, options), []));
}

const dir = mkdtempSync(path.join(tmpdir(), 'transform-'));
after(() => rmSync(dir, { recursive: true }));
function file(name, text) {
  writeFileSync(path.join(dir, name), text);
  return path.join(dir, name);
}
const command = (...args) =>
  spawnSync(process.execPath, [at('dev/node/transform/transform.mjs'), ...args], { encoding: 'utf8' });

for (const [name, args, status, want] of /** @type {any[][]} */ ([
  ['a good file', [file('good.kql', 'source\n')], 0, /^ok\n$/],
  [
    'a good file over rows',
    [
      file('drop.kql', 'source | where type_s == "Recon:EC2/Portscan"'),
      '--rows',
      file('rows.ndjson', rows.map((r) => JSON.stringify(r)).join('\n')),
    ],
    0,
    /^ok: 1 of 224 rows kept\n$/,
  ],
  [
    'an extra column',
    [file('extra.kql', examples['Add the environment of the account']), '--extra', 'Environment_s=string'],
    0,
    /^ok\n$/,
  ],
  [
    'a column of another type',
    [file('guid.kql', 'source | extend id_g = toguid(id_g)'), '--type', 'id_g=guid'],
    0,
    /^ok\n$/,
  ],
  ['a bad file', [file('bad.kql', 'source | count')], 1, /^operator count/],
  ['no file', [], 2, /give one file/],
  ['a file that is not there', [path.join(dir, 'none.kql')], 2, /none\.kql/],
  ['a column without a type', [path.join(dir, 'good.kql'), '--extra', 'Environment_s'], 2, /NAME=TYPE/],
  ['an unknown option', ['--colour'], 2, /colour/],
  ['rows that are none', [path.join(dir, 'good.kql'), '--rows', file('broken.ndjson', '{\n')], 2, /broken\.ndjson:1/],
])) {
  test(`the command with ${name} exits ${status}`, () => {
    const got = command(...args);
    assert.match(got.stdout + got.stderr, want);
    assert.equal(got.status, status);
  });
}
