// infra/compare-table.sh where it reads the table with az.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { CLASSIC, compare, dir, exits, pathWith, SCRIPT, schema, trial, which } from './compare_table.mjs';

const LIVE = ['-g', 'rg', '-w', 'law'];

trial('the table is read with az', () => {
  const asked = path.join(dir, 'asked');
  const az = `printf '%s\\n' "$@" >'${asked}'; cat '${CLASSIC}'`;
  const live = compare([...LIVE, '-s', 'my subscription'], { PATH: pathWith({ az }) });
  exits(live, 1);
  assert.equal(live.stdout, compare(['--from', CLASSIC]).stdout);
  assert.deepEqual(readFileSync(asked, 'utf8').trim().split('\n'), [
    'monitor',
    'log-analytics',
    'workspace',
    'table',
    'show',
    '--resource-group',
    'rg',
    '--workspace-name',
    'law',
    '--name',
    schema.table,
    '--subscription',
    'my subscription',
    '--output',
    'json',
  ]);
});

trial('no subscription, no such argument', () => {
  const got = compare(LIVE, { PATH: pathWith({ az: `case "$*" in *subscription*) exit 9;; esac; cat '${CLASSIC}'` }) });
  exits(got, 1);
});

for (const [name, az, want] of /** @type {any[][]} */ ([
  [
    'az is not signed in',
    'echo "ERROR: Please run \'az login\' to setup account." >&2; exit 1',
    /az is not signed in: run az login/,
  ],
  [
    'there is no table',
    'echo "ERROR: (ResourceNotFound) The table was not found." >&2; exit 3',
    /there is no table AWSGuardDuty_CL in workspace law/,
  ],
  [
    'reading is not allowed',
    'echo "ERROR: (AuthorizationFailed) The client does not have authorization." >&2; exit 1',
    /Log Analytics Reader/,
  ],
  ['az fails in two lines', 'printf "ERROR: one\\ntwo\\n" >&2; exit 1', /az could not read the table: ERROR: one two/],
  ['az answers no JSON', 'echo "<html>"', /the answer of az is not JSON/],
  ['az answers nothing', 'exit 0', /the answer of az is (empty|not JSON)/],
])) {
  trial(`${name}: said in one line`, () => {
    const got = compare(LIVE, { PATH: pathWith({ az }) });
    exits(got, 2);
    assert.match(got.stderr, want);
  });
}

trial('a missing tool is named', () => {
  const noAz = compare(LIVE, { PATH: pathWith() });
  exits(noAz, 2);
  assert.match(noAz.stderr, /az \(the Azure CLI\) is not installed/);
  const bare = compare(LIVE, { PATH: pathWith({ without: ['jq'], az: 'exit 0' }) });
  exits(bare, 2);
  assert.match(bare.stderr, /jq is not installed/);
});

trial('the script finds the columns from any folder, and says when they are not there', () => {
  const away = path.join(dir, 'away');
  mkdirSync(away);
  writeFileSync(path.join(away, 'compare-table.sh'), readFileSync(SCRIPT));
  const got = spawnSync(which('bash'), [path.join(away, 'compare-table.sh'), '--from', CLASSIC], { encoding: 'utf8' });
  exits(got, 2);
  assert.match(got.stderr, /schema\/guardduty\.columns\.json/);
});
