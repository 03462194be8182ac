// The alert rules of infra/modules/alerts.bicep: their queries parse, bind and
// run over log lines as the handler writes them, and fire when they have to.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ago, alertsOf, before, every, failed, fires, line, resultOf, ruleId, rules, run } from './alerts.mjs';

const good = every(5, 60, run);
const twoDays = every(60, 48 * 60, (m) => run(m, { findings: 0 }));
/** Two days of runs with so many MB an hour, as a function of how many hours ago; an hour ends ten minutes ago. */
const sent = (megabytes, hours = 48) =>
  every(10, hours * 60, (m) => run(m + 10, { bytes: (megabytes(Math.floor(m / 60)) * 1e6) / 6 }));

for (const [name, rule, traces, want] of /** @type {any[][]} */ ([
  ['three failed runs', 'runs-failing', [...every(5, 15, failed), run(20)], true],
  ['two failed runs', 'runs-failing', [...every(5, 10, failed), run(20)], false],
  ['good runs', 'runs-failing', good, false],
  ['three failed runs an hour ago', 'runs-failing', [...every(5, 30, run), failed(61), failed(66), failed(71)], false],
  [
    'failures that are accounts which are held',
    'runs-failing',
    every(5, 30, (m) => failed(m, { held: 1, code: 'GD1303' })),
    false,
  ],
  [
    'an outage of everything that began while an account was held',
    'runs-failing',
    every(5, 30, (m) => failed(m, { held: 1, pairs: 0, code: 'GD1303' })),
    true,
  ],
  [
    'a table that fails while an account is held',
    'runs-failing',
    every(5, 30, (m) => failed(m, { held: 1, code: 'GD1504' })),
    true,
  ],
  [
    'failed runs of another app',
    'runs-failing',
    every(5, 30, (m) => failed(m, {}, { component: '/subscriptions/x/other' })),
    false,
  ],
  [
    'the words in another category',
    'runs-failing',
    every(5, 30, (m) => failed(m, {}, { category: 'Function.GuardDutyTimer.User' })),
    false,
  ],
  [
    'prose that has the words',
    'runs-failing',
    every(5, 30, (m) => line(m, {}, { message: 'run ended, outcome failed' })),
    false,
  ],
  [
    'another line that quotes it',
    'runs-failing',
    every(5, 30, (m) => line(m, { msg: 'quoted', outcome: 'failed', error: 'run ended' })),
    false,
  ],

  ['no line at all', 'runs-missing', [], true],
  ['a last run an hour ago', 'runs-missing', [run(61)], true],
  ['only runs that found another at work', 'runs-missing', every(5, 30, (m) => run(m, { outcome: 'busy' })), true],
  ['only panics', 'runs-missing', every(5, 30, (m) => line(m, { msg: 'run failed', code: 'GD1002' })), true],
  [
    'runs of another app',
    'runs-missing',
    every(5, 30, (m) => run(m, {}, { component: '/subscriptions/x/other' })),
    true,
  ],
  ['one run', 'runs-missing', [run(10)], false],
  ['failed runs, of which the other rule tells', 'runs-missing', every(5, 30, failed), false],
  ['a partial run', 'runs-missing', [run(10, { outcome: 'partial', left: 9 })], false],

  [
    'a folder that stays held',
    'folders-held',
    every(5, 30, (m) => failed(m, { held: 2, held_seconds: 900, code: 'GD1303' })),
    true,
  ],
  ['a folder held once', 'folders-held', [...good, failed(2, { held: 2 })], false],
  ['other failures', 'folders-held', every(5, 30, failed), false],

  [
    'an object that waits for seven hours',
    'objects-waiting',
    every(5, 30, (m) => run(m, { waiting: 1, waiting_seconds: 7 * 3600 })),
    true,
  ],
  [
    'objects that waited until one run read them',
    'objects-waiting',
    [...every(5, 25, (m) => run(m, { waiting: 1, waiting_seconds: 7 * 3600 })), run(27)],
    false,
  ],
  [
    'old objects of a backlog',
    'objects-waiting',
    every(5, 30, (m) => run(m, { outcome: 'partial', waiting_seconds: 30 * 86400, lag_seconds: 29 * 86400 })),
    false,
  ],
  [
    'waiting objects beside runs that fail before they know',
    'objects-waiting',
    every(5, 30, (m) => (m % 2 ? run(m, { waiting_seconds: 7 * 3600 }) : failed(m))),
    true,
  ],
  ['objects that wait for an hour', 'objects-waiting', every(5, 30, (m) => run(m, { waiting_seconds: 3600 })), false],

  ['a wrong prefix', 'prefix-empty', every(5, 30, (m) => run(m, { no_folders: 1 })), true],
  ['accounts below the prefix', 'prefix-empty', good, false],
  ['failed runs, which did not look', 'prefix-empty', every(5, 30, failed), false],

  [
    'a watermark that stays three hours behind',
    'watermark-behind',
    every(5, 30, (m) => run(m, { outcome: 'partial', left: 500, lag_seconds: 3 * 3600 })),
    true,
  ],
  [
    'failed runs that know it, among some that do not',
    'watermark-behind',
    every(5, 30, (m) => failed(m, { lag_seconds: m % 2 ? 0 : 9000 })),
    true,
  ],
  [
    'a watermark that came near once',
    'watermark-behind',
    [...every(5, 25, (m) => run(m, { lag_seconds: 9000 })), run(28, { lag_seconds: 4 })],
    false,
  ],
  ['good runs at the present', 'watermark-behind', every(5, 30, (m) => run(m, { lag_seconds: 0 })), false],
  ['failed runs that know nothing', 'watermark-behind', every(5, 30, failed), false],
  ['nothing', 'watermark-behind', [], false],

  ['an object in quarantine', 'quarantine-filling', [...good, run(3, { quarantined: 1 })], true],
  ['one put into quarantine two hours ago', 'quarantine-filling', [...good, run(125, { quarantined: 1 })], false],
  ['runs that set nothing aside', 'quarantine-filling', good, false],
  ['no runs', 'quarantine-filling', [], false],

  [
    'a flood after one bad object in the morning',
    'quarantine-flooded',
    [...every(5, 60, (m) => run(m, { quarantined: 30 })), run(300, { quarantined: 1 })],
    true,
  ],
  ['one bad object', 'quarantine-flooded', [...good, run(3, { quarantined: 1 })], false],
  [
    'a hundred lines within two hours',
    'quarantine-flooded',
    [run(3, { quarantined: 40 }), run(70, { quarantined: 60 })],
    false,
  ],
  ['a flood two hours ago', 'quarantine-flooded', [...good, run(125, { quarantined: 500 })], false],

  ['a finding in the folder of another account', 'foreign-findings', [...good, run(3, { foreign: 1 })], true],
  ['findings in their own folders', 'foreign-findings', good, false],
  ['lines of an older version', 'foreign-findings', every(5, 60, (m) => run(m, before)), false],

  ['an account that reached its ceiling', 'pairs-capped', [...good, run(3, { outcome: 'partial', capped: 1 })], true],
  ['accounts below their ceiling', 'pairs-capped', good, false],
  ['lines of an older version', 'pairs-capped', every(5, 60, (m) => run(m, before)), false],

  ['279 MB where 5 MB an hour are usual', 'bytes-unusual', sent((h) => (h === 0 ? 279 : 5)), true],
  ['a flood in its eleventh hour', 'bytes-unusual', sent((h) => (h < 11 ? 279 : 5)), true],
  ['a flood of a source that had nothing', 'bytes-unusual', sent((h) => (h === 0 ? 101 : 0)), true],
  ['a source with one finding in two days', 'bytes-unusual', [run(3, { bytes: 5000 }), ...twoDays.slice(1)], false],
  ['99 MB where nothing is usual', 'bytes-unusual', sent((h) => (h === 0 ? 99 : 0)), false],
  ['an hour that is large every night', 'bytes-unusual', sent((h) => (h % 24 === 0 ? 500 : 5)), false],
  ['a source that has much every hour', 'bytes-unusual', sent((h) => (h === 0 ? 290 : 100)), false],
  ['the backlog of a first day', 'bytes-unusual', sent((h) => (h < 2 ? 2000 : 0), 23), false],
  ['a flood of which not every line has arrived', 'bytes-unusual', [...sent(() => 0), run(5, { bytes: 3e8 })], false],
  ['no runs', 'bytes-unusual', [], false],

  ['two days without a finding', 'feed-silent', twoDays, true],
  ['one finding in two days', 'feed-silent', [...twoDays, run(1000, { findings: 1 })], false],
  ['one that a filter dropped', 'feed-silent', [...twoDays, run(1000, { findings: 0, dropped: 1 })], false],
  ['one that was sent before', 'feed-silent', [...twoDays, run(1000, { findings: 0, repeated: 1 })], false],
  ['a connector one day old', 'feed-silent', every(60, 24 * 60, (m) => run(m, { findings: 0 })), false],
  ['runs that fail', 'feed-silent', every(60, 48 * 60, failed), false],
  ['no runs', 'feed-silent', [], false],
])) {
  test(`${rule} ${want ? 'fires' : 'is quiet'} for ${name}`, () => assert.equal(fires(rules[rule], { traces }), want));
}

/** A line that was written shortly before a rule looked, and arrived shortly after, as the next look finds it. */
const late = (fields) => [...sent(() => 0), run(65, fields)];
for (const [rule, fields] of /** @type {any[][]} */ ([
  ['quarantine-filling', { quarantined: 1 }],
  ['quarantine-flooded', { quarantined: 101 }],
  ['foreign-findings', { foreign: 1 }],
  ['pairs-capped', { capped: 1 }],
  ['bytes-unusual', { bytes: 3e8 }],
])) {
  test(`${rule} fires for a line that arrived late`, () =>
    assert.ok(fires(rules[rule], { traces: late({ ...fields }) })));
}

const refused = (minutes, resource = ruleId) => ({
  TimeGenerated: ago(minutes),
  _ResourceId: resource.toLowerCase(),
  OperationName: 'Transform',
  InputStreamId: 'Custom-AWSGuardDuty_CL',
  Message: 'x',
});
for (const [name, errors, want] of [
  ['a refused row', [refused(5)], true],
  ['one whose entry arrived late', [refused(65)], true],
  ['one two hours ago', [refused(121)], false],
  ['one of another rule', [refused(5, '/subscriptions/x/other')], false],
  ['a table that does not exist yet', undefined, false],
]) {
  test(`rows-refused ${want ? 'fires' : 'is quiet'} for ${name}`, () =>
    assert.equal(fires(rules['rows-refused'], { errors }), want));
}

test('an alert about much says how far behind the runs were', () => {
  const backlog = every(10, 60, (m) => run(m + 10, { bytes: 5e7, lag_seconds: 30 * 86_400 }));
  const { rows } = resultOf(rules['bytes-unusual'], { traces: [...sent(() => 0).slice(6), ...backlog] });
  assert.deepEqual([rows[0].Bytes, rows[0].LagHours], [300_000_000, 720]);
});

test('each folder with foreign findings has an alert of its own', () => {
  const named = (m, ...folders) => run(m, { foreign: 3, foreign_in: folders });
  const administrator = every(5, 60, (m) => named(m, '111111111111'));
  const rule = rules['foreign-findings'];
  const alerts = (...traces) => alertsOf(rule, { traces }).sort();
  assert.deepEqual(alerts(...administrator), ['111111111111']);
  assert.deepEqual(alerts(...administrator, named(3, '333333333333')), ['111111111111', '333333333333']);
  assert.deepEqual(alerts(named(3, '111111111111', '333333333333')), ['111111111111', '333333333333']);
  assert.deepEqual(alerts(run(3, { foreign: 1 }), run(8, { foreign: 1, foreign_in: undefined })), ['not named']);
  assert.equal(rule.muteActionsDuration, 'P1D');
});
