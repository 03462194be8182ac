// Rules that look at more than one row: escalation, brute force, resources, places, and the connector itself.
import assert from 'node:assert/strict';
import test from 'node:test';
import { alerts, readRules } from './rules.mjs';
import { finding, newRow } from './scenario.mjs';

const rules = new Map(readRules().map((r) => [r.file, r]));
const id = (n) => String(n).padStart(32, '0');
const fired = (name, tables, now) => alerts(rules.get(name), Array.isArray(tables) ? { rows: tables } : tables, now);

/** A row of a finding: updated and arrived at a time of the 20th, unless a day is given. */
function row(time, more, { made = time, arrived = time } = {}) {
  const at = (t) => (t.includes('T') ? t : `2026-11-20T${t}:00Z`);
  const f = finding({
    createdAt: at(made),
    updatedAt: at(time),
    ...more,
    service: { eventFirstSeen: at(made), eventLastSeen: at(time), ...more.service },
  });
  return newRow(f, { ArrivedAt: at(arrived), TimeGenerated: at(time) });
}

const probe = (time, severity, count) =>
  row(time, { type: 'Recon:EC2/PortProbeUnprotectedPort', severity, service: { count } }, { made: '01:00' });
const escalations = (now, ...table) =>
  fired('GuardDutyFindingEscalates', table, `2026-11-20T${now}:00Z`).map((r) => r.Escalation);

test('a higher level of severity below High escalates, once', () => {
  const table = [probe('01:10', 2, 1), probe('02:30', 5, 2), probe('03:30', 5.5, 3), probe('04:30', 5.5, 4)];
  assert.deepEqual(escalations('02:00', ...table), [], 'new');
  assert.deepEqual(escalations('03:00', ...table), ['severity 2.0 to 5.0']);
  assert.deepEqual(escalations('04:00', ...table), [], 'the same level');
  assert.deepEqual(escalations('05:00', ...table), [], 'the same severity');
});

test('what another rule takes does not escalate here too', () => {
  assert.deepEqual(
    escalations('03:00', probe('01:10', 5, 1), probe('02:30', 8, 2)),
    [],
    'High: the rule for those has it',
  );
  const root = (time, severity) =>
    row(time, { type: 'Policy:IAMUser/RootCredentialUsage', severity }, { made: '01:00' });
  assert.deepEqual(escalations('03:00', root('01:10', 2), root('02:30', 5)), []);
});

test('ten times the count escalates from 100 on, once for each digit, and whatever the type', () => {
  const table = [
    probe('01:10', 5, 3),
    probe('02:10', 5, 40),
    probe('03:10', 5, 140),
    probe('04:10', 5, 900),
    probe('05:10', 5, 20000),
  ];
  assert.deepEqual(escalations('03:00', ...table), []);
  assert.deepEqual(escalations('04:00', ...table), ['count 40 to 140']);
  assert.deepEqual(escalations('05:00', ...table), []);
  assert.deepEqual(escalations('06:00', ...table), ['count 900 to 20000']);
  const mining = (time, count) =>
    row(time, { type: 'CryptoCurrency:EC2/BitcoinTool.B', severity: 8, service: { count } }, { made: '01:00' });
  assert.deepEqual(escalations('03:00', mining('01:10', 99), mining('02:30', 100)), ['count 99 to 100']);
});

// ---- Brute force

const instance = (n) => ({ instanceDetails: { instanceId: `i-${n}` } });
const attempt = (time, n, more = {}) =>
  row(
    time,
    {
      id: id(n),
      type: 'UnauthorizedAccess:EC2/SSHBruteForce',
      severity: 2,
      resource: instance(1),
      service: { resourceRole: 'TARGET' },
      ...more.top,
    },
    more,
  );
const act = (time, n, more = {}) =>
  row(
    time,
    { id: id(n), type: 'UnauthorizedAccess:EC2/TorClient', severity: 8, resource: instance(more.on ?? 1) },
    more,
  );
const brute = (now, ...table) =>
  fired('GuardDutyBruteForceSucceeded', table, `2026-11-20T${now}:00Z`).map((r) => [r.FindingId.slice(-1), r.Evidence]);

test('an instance that acts after brute force against it', () => {
  const table = [attempt('01:02', 1), act('02:02', 2)];
  assert.deepEqual(brute('01:05', ...table), [], 'only the attempt');
  assert.deepEqual(brute('02:05', ...table), [['2', 'after UnauthorizedAccess:EC2/SSHBruteForce']]);
  assert.deepEqual(brute('03:05', ...table, act('03:02', 2, { made: '02:02' })), [], 'an update of what it did');
  assert.deepEqual(brute('03:05', ...table, attempt('03:02', 1, { made: '01:02' })), [], 'an update of the attempt');
});

test('the attempt that arrives after what followed it', () => {
  assert.deepEqual(brute('02:05', act('01:30', 2), attempt('02:02', 1, { made: '01:00' })), [
    ['1', 'before UnauthorizedAccess:EC2/TorClient'],
  ]);
  assert.deepEqual(
    brute('02:05', act('01:58', 2, { arrived: '02:03' }), attempt('01:50', 1, { arrived: '02:02' })),
    [['2', 'after UnauthorizedAccess:EC2/SSHBruteForce']],
    'both at once: one alert',
  );
});

test('brute force and what has nothing to do with it', () => {
  assert.deepEqual(brute('02:05', act('01:00', 2), attempt('02:02', 1, { made: '02:00' })), [], 'it acted before');
  const ended = row('02:02', {
    id: id(2),
    type: 'UnauthorizedAccess:EC2/TorClient',
    severity: 8,
    resource: instance(1),
    service: { eventFirstSeen: '2026-11-20T00:10:00Z', eventLastSeen: '2026-11-20T00:20:00Z' },
  });
  assert.deepEqual(brute('02:05', attempt('01:02', 1), ended), [], 'it had ended before, and is reported after');
  assert.deepEqual(brute('02:05', attempt('01:02', 1), act('02:02', 2, { on: 9 })), [], 'another instance');
  assert.deepEqual(
    brute('02:05', attempt('01:02', 1), attempt('02:02', 2, { top: { type: 'UnauthorizedAccess:EC2/RDPBruteForce' } })),
    [],
    'more brute force',
  );
  assert.deepEqual(
    brute(
      '02:05',
      attempt('01:02', 1),
      row('02:02', {
        id: id(3),
        type: 'Recon:EC2/PortProbeUnprotectedPort',
        resource: instance(1),
        service: { resourceRole: 'TARGET' },
      }),
    ),
    [],
    'a probe',
  );
  assert.deepEqual(
    brute(
      '02:05',
      attempt('01:02', 1, { top: { service: { resourceRole: 'TARGET', additionalInfo: { sample: true } } } }),
      act('02:02', 2),
    ),
    [],
    'a sample',
  );
});

test('an instance that attacks others by brute force after it was attacked', () => {
  const attacks = attempt('02:02', 3, { top: { severity: 8, service: { resourceRole: 'ACTOR' } } });
  assert.deepEqual(brute('02:05', attempt('01:02', 1), attacks), [['3', 'after UnauthorizedAccess:EC2/SSHBruteForce']]);
});

test('a database login that GuardDuty itself calls successful', () => {
  assert.deepEqual(
    brute('02:05', row('02:02', { type: 'CredentialAccess:RDS/AnomalousBehavior.SuccessfulBruteForce', severity: 8 })),
    [['3', 'GuardDuty saw the login succeed']],
  );
});

// ---- Many types on one resource

test('three types on one resource within two days, and again at six', () => {
  const types = [
    'Recon:EC2/Portscan',
    'Backdoor:EC2/Spambot',
    'UnauthorizedAccess:EC2/TorClient',
    'Trojan:EC2/DropPoint',
    'Behavior:EC2/NetworkPortUnusual',
    'Impact:EC2/PortSweep',
    'Backdoor:EC2/C&CActivity.B',
  ];
  const table = types.map((type, i) => row(`0${i + 1}:30`, { id: id(i), type, resource: instance(1) }));
  const many = (now, rows = table) => fired('GuardDutyManyFindingTypes', rows, now).map((r) => [r.Resource, r.Types]);
  assert.deepEqual(many('2026-11-20T03:00:00Z'), []);
  assert.deepEqual(many('2026-11-20T04:00:00Z'), [['i-1', 3]]);
  assert.deepEqual(many('2026-11-20T05:00:00Z'), []);
  assert.deepEqual(many('2026-11-20T06:00:00Z'), []);
  assert.deepEqual(many('2026-11-20T07:00:00Z'), [['i-1', 6]]);
  assert.deepEqual(many('2026-11-20T08:00:00Z'), []);
  const [alert] = fired('GuardDutyManyFindingTypes', table, '2026-11-20T04:00:00Z');
  assert.equal(alert.TypeList, types.slice(0, 3).join(', '));
  assert.equal(alert.ResourceKey, '111122223333/eu-central-1/i-1');
});

test('the same type three times, other resources, other accounts, samples: not many types', () => {
  const now = '2026-11-20T04:00:00Z';
  const of = (more) =>
    ['Recon:EC2/Portscan', 'Backdoor:EC2/Spambot', 'UnauthorizedAccess:EC2/TorClient'].map((type, i) =>
      row(`0${i + 1}:30`, { id: id(i), type, resource: instance(1), ...more(i) }),
    );
  assert.equal(
    fired(
      'GuardDutyManyFindingTypes',
      of(() => ({})),
      now,
    ).length,
    1,
  );
  for (const more of [
    () => ({ type: 'Recon:EC2/Portscan' }),
    (i) => ({ resource: instance(i) }),
    (i) => ({ accountId: `11112222333${i}` }),
    () => ({ service: { additionalInfo: { sample: true } } }),
  ]) {
    assert.deepEqual(fired('GuardDutyManyFindingTypes', of(more), now), []);
  }
});

// ---- Accounts and Regions

test('the first finding of an account, and of a Region of a known account', () => {
  const known = row('2026-11-18T01:00:00Z', { id: id(1) });
  const again = row('05:30', { id: id(2) });
  const region = row('05:30', { id: id(3), region: 'ap-east-1' });
  const account = row('05:30', { id: id(4), accountId: '999988887777' });
  const what = (now, ...table) =>
    fired('GuardDutyNewAccountOrRegion', table, now)
      .map((r) => r.What)
      .sort();
  assert.deepEqual(what('2026-11-20T06:00:00Z', known, again), []);
  assert.deepEqual(what('2026-11-20T06:00:00Z', known, again, region, account), [
    'Region ap-east-1 of account 111122223333',
    'account 999988887777',
  ]);
  assert.deepEqual(what('2026-11-20T07:00:00Z', known, again, region, account), [], 'said before');
  assert.deepEqual(what('2026-11-20T06:00:00Z', again, region, account), [], 'the first day of a table');
  assert.deepEqual(
    what(
      '2026-11-20T06:00:00Z',
      known,
      row('05:30', { accountId: '999988887777', service: { additionalInfo: { sample: true } } }),
    ),
    [],
    'a sample',
  );
});

// ---- The connector

const COMPONENT = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/components/appi-guardduty';
function trace(time, outcome, code, { message = undefined } = {}) {
  const at = time.includes('T') ? time : `2026-11-20T${time}:00Z`;
  const line =
    message
    ?? JSON.stringify({
      time: at,
      level: 'INFO',
      msg: 'run ended',
      invocation_id: 'i',
      outcome,
      ...(code && { code }),
    });
  return {
    TimeGenerated: at,
    ArrivedAt: at,
    _ResourceId: COMPONENT,
    Message: line,
    Properties: { Category: 'Host.Function.Console' },
  };
}

test('three failed runs in a row are one alert, until a run is good', () => {
  const failing = (now, ...traces) =>
    fired('GuardDutyConnectorFailing', { traces }, `2026-11-20T${now}:00Z`).map((r) => [r.Failures, r.CodeList]);
  const bad = ['01:00', '01:05', '01:10', '01:25', '01:40', '02:05'].map((time) => trace(time, 'failed', 'GD1101'));
  assert.deepEqual(failing('01:08', trace('00:50', 'ok'), ...bad), [], 'two');
  assert.deepEqual(failing('01:15', trace('00:50', 'ok'), ...bad), [[3, 'GD1101']]);
  assert.deepEqual(failing('01:30', trace('00:50', 'ok'), ...bad), [], 'said before');
  assert.deepEqual(
    failing('01:15', ...bad.slice(0, 2), trace('01:07', 'partial'), ...bad.slice(2)),
    [],
    'a good one between',
  );
  assert.deepEqual(
    failing('02:10', ...bad.slice(0, 3), trace('01:20', 'ok'), ...bad.slice(3)),
    [[3, 'GD1101']],
    'three after a good one',
  );
  assert.deepEqual(
    failing('01:15', ...bad.slice(0, 3).map((t) => ({ ...t, Message: 'run ended badly, says somebody' }))),
    [],
    'another text',
  );
});

test('runs that hold accounts neither hide an outage nor are one', () => {
  const line = (time, code, held, pairs = 2) =>
    trace(time, 'failed', code, {
      message: JSON.stringify({ msg: 'run ended', outcome: 'failed', code, held, pairs }),
    });
  const failing = (now, ...traces) =>
    fired('GuardDutyConnectorFailing', { traces }, `2026-11-20T${now}:00Z`).map((r) => [
      r.Failures,
      r.CodeList,
      r.Case,
    ]);
  const holding = ['01:00', '01:05', '01:10'].map((time) => line(time, 'GD1304', 1));
  assert.deepEqual(failing('01:15', ...holding), [[3, 'GD1304', 'accounts or Regions are held']]);
  const down = ['01:20', '01:25', '01:30'].map((time) => line(time, 'GD1501', 1));
  assert.deepEqual(failing('01:35', ...holding, ...down), [[3, 'GD1501', 'nothing is delivered']]);
  assert.deepEqual(failing('01:35', ...down.slice(0, 2), line('01:27', 'GD1304', 1), down[2]), [], 'delivered between');
  const nothing = ['01:20', '01:25', '01:30'].map((time) => line(time, 'GD1304', 1, 0));
  assert.deepEqual(failing('01:35', ...nothing), [[3, 'GD1304', 'nothing is delivered']], 'nothing else is listed');
});

test('a connector that stops is said once; so is a feed that stops', () => {
  const silent = (tables, now) => fired('GuardDutyConnectorSilent', tables, now).map((r) => [r.Silence, r.ResourceId]);
  const traces = [trace('01:00', 'ok'), trace('01:05', 'ok')];
  assert.deepEqual(silent({ traces }, '2026-11-20T02:00:00Z'), []);
  assert.deepEqual(silent({ traces }, '2026-11-20T03:00:00Z'), [['no run for an hour', COMPONENT]]);
  assert.deepEqual(silent({ traces }, '2026-11-20T04:00:00Z'), [], 'said before');
  const rows = [row('01:30', {})];
  const running = ['00:30', '01:30', '02:30'].map((time) => trace(`2026-11-22T${time}:00Z`, 'ok'));
  assert.deepEqual(silent({ rows, traces: running }, '2026-11-22T01:00:00Z'), []);
  assert.deepEqual(silent({ rows, traces: running }, '2026-11-22T02:00:00Z'), [['no finding for two days', '']]);
  assert.deepEqual(silent({ rows, traces: running }, '2026-11-22T03:00:00Z'), [], 'said before');
  assert.deepEqual(silent({ rows }, '2026-11-22T02:00:00Z'), [], 'nothing runs');
});
