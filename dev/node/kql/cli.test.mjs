// The command as it is run: options, input files, output and exit status.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { captured } from './captured.mjs';
import { command } from './command.mjs';

const CLI = fileURLToPath(new URL('cli.mjs', import.meta.url));
const COLUMNS = fileURLToPath(new URL('../../../infra/schema/guardduty.columns.json', import.meta.url));
const dir = mkdtempSync(path.join(tmpdir(), 'kql-'));
after(() => rmSync(dir, { recursive: true }));

function file(name, text) {
  const at = path.join(dir, name);
  writeFileSync(at, text);
  return at;
}

/** The command in this process, which has loaded the language service already. */
const kql = (...args) => captured((io) => command(args, { program: 'kql', io }));

const columns = file(
  't.columns.json',
  JSON.stringify({
    table: 'T_CL',
    stream: 'Custom-T_CL',
    columns: [
      { name: 'TimeGenerated', type: 'dateTime', description: 'x' },
      { name: 'Yes_b', type: 'boolean' },
      { name: 'Severity', type: 'real' },
      { name: 'N', type: 'long' },
      { name: 'I', type: 'int' },
      { name: 'Text_s', type: 'string' },
      { name: 'D', type: 'dynamic' },
      { name: 'G', type: 'guid' },
    ],
  }),
);
const rows = file(
  'rows.ndjson',
  '{"TimeGenerated":"2026-03-01T00:00:00Z","Yes_b":true,"Severity":8,"N":1,"Text_s":"a","D":{"k":[1]}}\n\n{"Severity":2.5}\n',
);

test('the program hands on its arguments, output and exit status', () => {
  const run = (...args) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8' });
    return { status, stdout, stderr };
  };
  assert.deepEqual(run('print A=1'), { status: 0, stdout: '{"A":1}\n', stderr: '' });
  const got = run();
  assert.equal(got.status, 2);
  assert.match(got.stderr, /^kql: give a query or --file\nusage: node dev\/node\/kql\/cli\.mjs /);
});

test('a reader that closes the pipe early is not an error', () => {
  const script = `"${process.execPath}" "${CLI}" 'range i from 1 to 200000 step 1' | head -1; echo "\${PIPESTATUS[0]}"`;
  assert.equal(spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout, '{"i":1}\n0\n');
});

test('a column list is the schema of its table', () => {
  const got = kql('--columns', columns, '--table', `T_CL=${rows}`, 'T_CL | getschema | project ColumnName, ColumnType');
  assert.deepEqual(got, {
    status: 0,
    stderr: '',
    stdout: Object.entries({
      TimeGenerated: 'datetime',
      Yes_b: 'bool',
      Severity: 'real',
      N: 'long',
      I: 'int',
      Text_s: 'string',
      D: 'dynamic',
      G: 'guid',
    })
      .map(([name, type]) => `{"ColumnName":"${name}","ColumnType":"${type}"}\n`)
      .join(''),
  });
});

test('rows are read by their column list', () => {
  const got = kql(
    '--columns',
    columns,
    '--table',
    `T_CL=${rows}`,
    'T_CL | where TimeGenerated > datetime(2026-02-28) | project Severity, k=D.k[0]',
  );
  assert.deepEqual(got, { status: 0, stdout: '{"Severity":8.0,"k":1}\n', stderr: '' });
});

test("the project's own column list is one", () => {
  const got = kql(
    '--columns',
    COLUMNS,
    '--format',
    'table',
    `AWSGuardDuty_CL
| where Severity > 2
| project TimeGenerated, Severity, type_s, title_s, resource_resourceType_s, service_resourceRole_s
| limit 20`,
  );
  assert.equal(got.stderr, '');
  assert.equal(got.status, 0);
  assert.match(
    got.stdout,
    /^TimeGenerated +Severity +type_s +title_s +resource_resourceType_s +service_resourceRole_s\n[- ]+\n\(0 rows\)\n$/,
  );
});

test('a wrong query says where and what', () => {
  const got = kql('--columns', columns, 'T_CL\n| where Sev > 2');
  assert.equal(got.status, 1);
  assert.equal(got.stdout, '');
  assert.match(got.stderr, /^2:9 KS142 .*'Sev'/);
});

test('what is not executed is named', () => {
  const got = kql('--columns', columns, 'find "x"');
  assert.equal(got.status, 1);
  assert.match(got.stderr, /^not supported: .*find \(by this engine; Log Analytics may have it\)\n$/);
});

test('--check binds and does not run', () => {
  assert.deepEqual(kql('--check', '--columns', columns, 'T_CL | count'), { status: 0, stdout: '', stderr: '' });
  const got = kql('--check', '--columns', columns, 'T_CL | where None == 1');
  assert.equal(got.status, 1);
  assert.match(got.stdout, /^1:14 KS142 /);
});

test('table output keeps to its width', () => {
  const got = kql('--format', 'table', '--width', '40', `print A="${'x '.repeat(50)}", B=1`);
  assert.equal(got.status, 0);
  assert.equal(got.stdout.split('\n')[2], `${'x '.repeat(18)}…  1`);
});

for (const [name, args, message] of /** @type {any[][]} */ ([
  ['no query', [], /give a query/],
  ['two queries', ['a', 'b'], /more than one query/],
  ['an unknown option', ['--colums', 'x', 'q'], /colums/],
  ['an unknown format', ['--format', 'xml', 'q'], /xml/],
  ['a width that is none', ['--width', 'wide', 'q'], /--width wide/],
  ['no such rows', ['--table', 'T=none.ndjson', 'T'], /none\.ndjson/],
  ['no such column list', ['--columns', 'none.json', 'T'], /none\.json/],
  ['a column list that is none', ['--columns', file('list.json', '[]'), 'T'], /list\.json: .*"columns"/],
  [
    'a column of unknown type',
    ['--columns', file('type.json', '{"table":"T","columns":[{"name":"a","type":"text"}]}'), 'T'],
    /type\.json: .*text/,
  ],
  [
    'a column twice',
    [
      '--columns',
      file('twice.json', '{"table":"T","columns":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}'),
      'T',
    ],
    /column a twice/,
  ],
  ['a table in two lists', ['--columns', columns, '--columns', columns, 'T_CL'], /T_CL is declared/],
  [
    'a row with a column too many',
    ['--columns', columns, '--table', `T_CL=${file('more.ndjson', '{"Other":1}\n')}`, 'T_CL'],
    /more\.ndjson: .*Other/,
  ],
  [
    'a value of another type',
    ['--columns', columns, '--table', `T_CL=${file('value.ndjson', '{"Yes_b":"yes"}\n')}`, 'T_CL'],
    /value\.ndjson: .*Yes_b/,
  ],
  [
    'a line that is not JSON',
    ['--columns', columns, '--table', `T_CL=${file('bad.ndjson', '{}\n{\n')}`, 'T_CL'],
    /bad\.ndjson:2: /,
  ],
])) {
  test(`${name} is wrong usage or input`, () => {
    const got = kql(...args);
    assert.match(got.stderr, message);
    assert.equal(got.status, 2);
    assert.equal(got.stdout, '');
  });
}

test('a .kql file is a stored function, also in a folder', () => {
  const at = file(
    'Ts.kql',
    '// params: (least:real=0, word:string="*")\nT_CL | where Severity > least and word == "*"\n',
  );
  file('other.txt', 'not read');
  for (const functions of [at, dir]) {
    const run = (query) => kql('--columns', columns, '--table', `T_CL=${rows}`, '--functions', functions, query);
    assert.deepEqual(run('Ts | count'), { status: 0, stderr: '', stdout: '{"Count":2}\n' });
    assert.equal(run('Ts(3.0) | count').stdout, '{"Count":1}\n');
    assert.equal(run('Ts(word="b") | count').stdout, '{"Count":0}\n');
  }
  rmSync(at);
});
