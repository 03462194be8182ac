// make query: how the query gets through make, what it says, and the program behind it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { captured } from '../kql/captured.mjs';
import { main } from './query.mjs';

const QUERY = fileURLToPath(new URL('query.mjs', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const dir = mkdtempSync(path.join(tmpdir(), 'query-'));
after(() => rmSync(dir, { recursive: true }));

function file(name, text) {
  const at = path.join(dir, name);
  mkdirSync(path.dirname(at), { recursive: true });
  writeFileSync(at, text);
  return at;
}

const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !['KQL', 'FILE'].includes(name) && !/^MAKE/.test(name)),
);
function run(program, args, more = {}) {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: dir, env: { ...env, ...more } });
  return { status, stdout, stderr };
}

/** The program in this process, which has loaded the language service already. */
const query = (args, more = {}) => captured((io) => main(args, more, io));

const rows = file(
  'rows.ndjson',
  `${[
    { TimeGenerated: '2026-11-01T00:00:00Z', Severity: 2, type_s: 'Recon:EC2/Portscan', accountId_s: '111122223333' },
    { TimeGenerated: '2026-11-03T00:00:00Z', Severity: 8, type_s: 'Trojan:EC2/DNSDataExfiltration' },
    { TimeGenerated: '2026-11-02T00:00:00Z', Severity: 5, type_s: 'Backdoor:EC2/Spambot' },
  ]
    .map((row) => JSON.stringify(row))
    .join('\n')}\n`,
);

test('make hands a query over as it was written', () => {
  file('dev/node/package.json', '{}');
  for (const name of ['Makefile', 'dev/need.sh']) copyFileSync(path.join(ROOT, name), path.join(dir, name));
  file('dev/node/package-lock.json', '{}');
  file('dev/node/node_modules/.package-lock.json', '{}');
  file('dev/node/content/query.mjs', 'console.log(JSON.stringify([process.env.KQL, process.env.FILE]));');
  for (const text of ['a | join b on $left.x == $right.x', `it's "so" \`x\` \\ # $(x) $$ %`, 'a\n| count']) {
    for (const got of [run('make', ['query', `KQL=${text}`]), run('make', ['query'], { KQL: text })]) {
      assert.equal(got.stderr, '');
      assert.deepEqual(JSON.parse(got.stdout), [text, '']);
    }
    assert.deepEqual(JSON.parse(run('make', ['query', `FILE=${text}`]).stdout), ['', text]);
  }
});

test('a query is an argument, KQL or a FILE', () => {
  const text = "AWSGuardDuty_CL // it's $one\n| count";
  for (const got of [
    run(process.execPath, [QUERY, '--rows', rows, text]),
    query(['--rows', rows, text]),
    query(['--rows', rows], { KQL: text }),
    query(['--rows', rows], { FILE: file('a b.kql', text) }),
  ])
    assert.deepEqual(got, { status: 0, stderr: '', stdout: 'Count\n-----\n    3\n(1 row)\n' });
});

test('the parsers of the repository are functions', () => {
  const got = query(['--rows', rows, 'GuardDutyFindings | summarize n = sum(Updates)']);
  assert.deepEqual(got, { status: 0, stderr: '', stdout: 'n\n-\n3\n(1 row)\n' });
});

test('rows without an order of their own come newest first', () => {
  const severities = (text) => query(['--rows', rows, text]).stdout.match(/\d\.0$/gm);
  const columns = 'project TimeGenerated, Severity';
  assert.deepEqual(severities(`AWSGuardDuty_CL | ${columns}`), ['8.0', '5.0', '2.0']);
  assert.deepEqual(severities(`AWSGuardDuty_CL | sort by TimeGenerated asc | ${columns}`), ['2.0', '5.0', '8.0']);
  assert.deepEqual(severities('AWSGuardDuty_CL | project Severity'), ['2.0', '8.0', '5.0']);
});

for (const [what, args, more, message] of /** @type {any[][]} */ ([
  ['no query', ['--rows', rows], {}, /^give a query: make query KQL='AWSGuardDuty_CL \| count'\nor a file: .*FILE=/],
  ['an empty query', ['--rows', rows], { KQL: ' ' }, /^give a query/],
  ['a query and a file', ['--rows', rows], { KQL: 'x', FILE: 'y' }, /^give KQL or FILE, not both\n$/],
  ['a file that is not there', ['--rows', rows], { FILE: 'none.kql' }, /^kql: there is no file none\.kql\n$/],
  ['a folder for a file', ['--rows', rows], { FILE: dir }, /^kql: .*directory/],
  ['rows that are not there', ['--rows', 'none.ndjson', 'x'], {}, /^there is no file none\.ndjson\n$/],
]))
  test(`${what} is wrong usage`, () => {
    const got = query(args, more);
    assert.match(got.stderr, message);
    assert.equal(got.status, 2);
  });

test('a wrong query says where, and what may have been meant', () => {
  const got = query(['--rows', rows, 'AWSGuardDuty_CL\n| where Sevrity > 2']);
  assert.equal(got.status, 1);
  assert.match(got.stderr, /^2:9 KS142 .*'Sevrity'.* Did you mean Severity\?\n$/);
});
