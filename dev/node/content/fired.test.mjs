// Which rules fire over rows of a file: their schedule, samples, entities and the report.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { arriving, entity, fired, report, runTimes } from './fired.mjs';
import { readRules } from './rules.mjs';
import { finding, newRow } from './scenario.mjs';

const PROGRAM = fileURLToPath(new URL('fired.mjs', import.meta.url));
const rules = new Map(readRules().map((r) => [r.file, r]));
const mining = rules.get('GuardDutyCryptoMining');
const dir = mkdtempSync(path.join(tmpdir(), 'fired-'));
after(() => rmSync(dir, { recursive: true }));

/** The row of a finding of mining that was made at 05:50, updated at a time of the day, on an instance. */
const row = (time, { sample = false, severity = 8, id = 'a'.repeat(32) } = {}) =>
  newRow(
    finding({
      id,
      type: 'CryptoCurrency:EC2/BitcoinTool.B',
      severity,
      createdAt: '2026-11-20T05:50:00Z',
      updatedAt: `2026-11-20T${time}:00Z`,
      resource: { instanceDetails: { instanceId: 'i-0abc', networkInterfaces: [] } },
      service: { additionalInfo: { sample } },
    }),
  );
const all = (rows) => arriving(rows, Infinity);

test('a rule runs after each arrival on its schedule, an hourly one once more', () => {
  const rows = all([row('05:52'), row('05:54'), row('06:31')]);
  const times = (name) => runTimes(rules.get(name), rows).map((t) => new Date(t).toISOString().slice(11, 16));
  assert.deepEqual(times('GuardDutyCryptoMining'), ['05:55', '06:35']);
  assert.deepEqual(times('GuardDutyFindingEscalates'), ['06:00', '07:00', '08:00']);
});

test('an alert for a new finding and for a higher severity, none for an update', () => {
  assert.equal(fired(mining, all([row('05:52', { severity: 5 })])).length, 1);
  assert.equal(fired(mining, all([row('05:52', { severity: 5 }), row('06:31', { severity: 5 })])).length, 1);
  assert.equal(fired(mining, all([row('05:52', { severity: 5 }), row('06:31', { severity: 8 })])).length, 2);
  assert.equal(fired(rules.get('GuardDutyRootUse'), all([row('05:52')])).length, 0);
});

test('a sample is left out or taken as real, and rows after now are not there yet', () => {
  const rows = [row('05:52', { sample: true }), row('06:31', { id: 'b'.repeat(32) })];
  assert.equal(fired(mining, all(rows)).length, 1);
  assert.equal(fired(mining, arriving(rows, Infinity, { samples: true })).length, 2);
  assert.equal(fired(mining, arriving(rows, Date.parse('2026-11-20T06:00:00Z'), { samples: true })).length, 1);
});

test('the example is the first entity that has a value', () => {
  assert.equal(entity(mining, fired(mining, all([row('05:52')]))[0]), 'Host i-0abc');
  assert.equal(entity(mining, { InstanceId: '', RemoteIp: '192.0.2.1', CloudName: 'AWS' }), 'IP 192.0.2.1');
  assert.equal(entity(mining, { InstanceId: null, CloudName: 'AWS' }), '');
});

test('the report names the rules that fired, those that did not and those that cannot run', () => {
  const some = ['GuardDutyCryptoMining', 'GuardDutyRootUse', 'GuardDutyConnectorSilent'].map((n) => rules.get(n));
  const [head, samples, , names, , line, , none, unable] = report(some, [row('05:52', { sample: true })], {
    now: Infinity,
    samples: true,
    width: 120,
  }).split('\n');
  const title = (n) => rules.get(n).yaml.name.replace('GuardDuty - ', '');
  assert.match(head, /^1 alert of 1 rule over 1 row, each taken to arrive at its TimeGenerated; /);
  assert.match(samples, /^1 row of sample findings taken as real/);
  assert.match(names, /^rule +severity +alerts +example entity$/);
  assert.deepEqual(line.split(/ {2,}/), [title('GuardDutyCryptoMining'), 'High', '1', 'Host i-0abc']);
  assert.equal(none, `No alert: ${title('GuardDutyRootUse')}.`);
  const why = 'Not run, since they read the logs of the function app or its vault';
  assert.equal(unable, `${why}: ${title('GuardDutyConnectorSilent')}.`);
});

test('where every rule fired, none is named as quiet', () => {
  const text = report([mining], [row('05:52')], { now: Infinity, samples: false, width: 120 });
  assert.match(text, /^1 alert of 1 rule /);
  assert.doesNotMatch(text, /No alert/);
});

test('the program reads a file of rows', () => {
  const rows = path.join(dir, 'rows.ndjson');
  writeFileSync(rows, `${JSON.stringify(row('05:52'))}\n`);
  const run = (...args) => spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' });
  assert.match(run('--rows', rows).stdout, /Host i-0abc/);
  assert.match(run('--rows', rows, '--now', '2026-11-01T00:00:00Z').stdout, /^0 alerts of 0 rules over 0 rows/);
  for (const [args, message] of /** @type {[string[], RegExp][]} */ ([
    [[], /^fired: usage: /],
    [['--rows', 'none.ndjson'], /^fired: there is no file none\.ndjson/],
    [['--rows', rows, '--now', 'soon'], /^fired: --now soon: /],
    [['--none'], /^fired: .*--none/],
  ])) {
    const got = run(...args);
    assert.match(got.stderr, message);
    assert.equal(got.status, 2);
  }
});
