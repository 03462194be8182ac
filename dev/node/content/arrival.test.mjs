// Borders of time: the delay with which Sentinel runs a rule, 46 hours, the window itself; and rows that lack
// something.
import assert from 'node:assert/strict';
import test from 'node:test';
import { alerts, readRules } from './rules.mjs';
import { finding, newRow } from './scenario.mjs';

const rules = new Map(readRules().map((r) => [r.file, r]));
const at = (time) => (time.includes('T') ? `2026-11-${time}:00Z` : `2026-11-20T${time}:00Z`);
const id = (n) => String(n).repeat(32).slice(0, 32);

/**
 * A row: when the finding was made and updated, and when the row arrived.
 * @param {string} made
 * @param {string} updated
 * @param {string} arrived
 * @param {Record<string, any>} [changes]
 */
function row(made, updated, arrived, { cells = {}, ...more } = {}) {
  const f = finding({
    type: 'CryptoCurrency:EC2/BitcoinTool.B',
    severity: 8,
    createdAt: at(made),
    updatedAt: at(updated),
    ...more,
  });
  return newRow(f, { ArrivedAt: at(arrived), ...cells });
}

/** How many alerts each run has. */
const counts = (rule, rows, ...times) => times.map((time) => alerts(rules.get(rule), { rows }, at(time)).length);
const MINING = 'GuardDutyCryptoMining';
const LATE = 'GuardDutyFindingLate';
const TYPES = ['Recon:EC2/Portscan', 'Backdoor:EC2/Spambot', 'UnauthorizedAccess:EC2/TorClient'];
const resource = { instanceDetails: { instanceId: 'i-1' } };

test('a row that arrives between the end of the period and the run is in one run, the next', () => {
  assert.deepEqual(counts(MINING, [row('05:50', '05:52', '06:02')], '06:00', '06:05', '06:10'), [0, 1, 0]);
  const old = row('18T05:50', '18T05:52', '18T05:57', { id: id(1) });
  assert.deepEqual(
    counts(
      'GuardDutyNewAccountOrRegion',
      [old, row('05:50', '05:52', '06:02', { region: 'ap-east-1' })],
      '06:00',
      '07:00',
      '08:00',
    ),
    [0, 1, 0],
  );
  const types = TYPES.map((type, i) =>
    row('05:40', '05:50', i === 2 ? '06:02' : '05:55', { type, id: id(i), resource }),
  );
  assert.deepEqual(counts('GuardDutyManyFindingTypes', types, '06:00', '07:00', '08:00'), [0, 1, 0]);
  const attempt = row('05:20', '05:21', '06:03', {
    type: 'UnauthorizedAccess:EC2/SSHBruteForce',
    severity: 2,
    id: id(2),
    resource,
    service: { resourceRole: 'TARGET', eventFirstSeen: at('05:20') },
  });
  const act = row('05:30', '05:31', '05:58', {
    id: id(3),
    resource,
    service: { eventFirstSeen: at('05:30'), eventLastSeen: at('05:31') },
  });
  assert.deepEqual(counts('GuardDutyBruteForceSucceeded', [attempt, act], '06:00', '06:05', '06:10'), [0, 1, 0]);
});

test('a finding becomes 46 hours old between two rows of one hour: the rule for late ones knows of the first', () => {
  const rows = (severity) => [
    row('18T08:10', '05:50', '06:02'),
    row('18T08:10', '06:05', '06:22', { severity, service: { count: 2 } }),
  ];
  assert.deepEqual(counts(MINING, rows(8), '06:05', '06:25', '06:30'), [1, 0, 0]);
  assert.deepEqual(counts(LATE, rows(8), '06:00', '07:00', '08:00'), [0, 0, 0]);
  assert.deepEqual(
    alerts(rules.get(LATE), { rows: rows(9) }, at('07:00')).map((r) => r.Change),
    ['Worse'],
  );
});

test('a finding made after its row arrived, by the clocks, or at a time that is not known', () => {
  assert.deepEqual(counts(MINING, [row('05:59', '05:52', '05:57')], '06:00', '06:05'), [1, 0]);
  assert.deepEqual(
    counts(MINING, [row('05:50', '05:52', '05:57', { cells: { createdAt_t: null } })], '06:00', '06:05'),
    [1, 0],
  );
});

test('a finding without a severity alerts once', () => {
  const cells = { Severity: null };
  assert.deepEqual(
    counts(
      MINING,
      [row('05:50', '05:51', '05:57', { cells }), row('05:50', '05:58', '06:04', { cells, service: { count: 2 } })],
      '06:00',
      '06:05',
    ),
    [1, 0],
  );
});

test('a sample that only the text of additionalInfo calls so', () => {
  const old = row('18T05:50', '18T05:52', '18T05:57', { id: id(1) });
  const sample = row('05:50', '05:52', '05:57', {
    region: 'ap-east-1',
    service: { additionalInfo: { value: '{"sample":true}', type: 'default' } },
  });
  assert.deepEqual(counts('GuardDutyNewAccountOrRegion', [old, sample], '06:00'), [0]);
});

test('a finding that gets worse in the hour in which it is new escalates', () => {
  const probe = (time, severity, count) =>
    row('05:01', time, time, { type: 'Recon:EC2/PortProbeUnprotectedPort', severity, service: { count } });
  const escalations = (...rows) =>
    alerts(rules.get('GuardDutyFindingEscalates'), { rows }, at('06:00')).map((r) => r.Escalation);
  assert.deepEqual(escalations(probe('05:10', 2, 1), probe('05:30', 5, 2)), ['severity 2.0 to 5.0']);
  assert.deepEqual(escalations(probe('05:10', 5, 1), probe('05:30', 5, 200)), ['count 1 to 200']);
  assert.deepEqual(escalations(probe('05:10', 5, 200)), []);
});

test('old findings that are updated after quiet days do not count as new types on a resource', () => {
  const rows = TYPES.flatMap((type, i) => [
    row('18T01:00', '18T01:00', '18T01:30', { type, id: id(i), resource }),
    row('18T01:00', '09:00', '09:30', { type, id: id(i), resource, service: { count: 9 } }),
  ]);
  assert.deepEqual(counts('GuardDutyManyFindingTypes', rows, '18T02:00', '10:00'), [1, 0]);
  const fresh = row('09:00', '09:01', '09:31', { type: 'Trojan:EC2/DropPoint', id: id(9), resource });
  assert.deepEqual(counts('GuardDutyManyFindingTypes', [...rows, fresh], '10:00'), [1]);
});

// ---- The connector

const line = (time, msg, outcome, arrived = time) => ({
  TimeGenerated: at(time),
  ArrivedAt: at(arrived),
  _ResourceId: '/c',
  Properties: { Category: 'Host.Function.Console' },
  Message: JSON.stringify({ msg, ...(outcome && { outcome, code: 'GD1101' }) }),
});
const said = (rule, traces, ...times) => times.map((time) => alerts(rules.get(rule), { traces }, at(time)).length);

test('the third failed run arrives between the end of the period and the run', () => {
  const failed = [
    line('05:30', 'run ended', 'failed'),
    line('05:45', 'run ended', 'failed'),
    line('05:59', 'run ended', 'failed', '06:02'),
  ];
  assert.deepEqual(said('GuardDutyConnectorFailing', failed, '06:00', '06:15', '06:30'), [0, 1, 0]);
});

test('runs that only found another at work are neither good runs nor runs at all', () => {
  const busy = ['05:05', '05:25', '05:55'].map((time) => line(time, 'run ended', 'busy'));
  const failed = ['05:00', '05:20', '05:50'].map((time) => line(time, 'run ended', 'failed'));
  assert.deepEqual(said('GuardDutyConnectorFailing', [...busy, ...failed], '05:51', '06:06'), [1, 0]);
  assert.deepEqual(
    said('GuardDutyConnectorSilent', [line('04:50', 'run ended', 'ok'), ...busy], '05:30', '06:00', '07:00'),
    [0, 1, 0],
  );
  const panics = ['05:00', '05:20', '05:50'].map((time) => line(time, 'run failed'));
  assert.deepEqual(
    said('GuardDutyConnectorSilent', [line('04:50', 'run ended', 'ok'), ...panics], '06:00'),
    [1],
    'runs that panic do not end',
  );
});
