// Updates, repeats, unknown types and odd values.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ARRIVING, finding, newRow, oldRow, run } from './scenario.mjs';

const one = (rows, query = 'GuardDutyFindings', options = {}) => {
  const out = run(rows, query, options);
  assert.equal(out.length, 1);
  return out[0];
};
const update = (day, count, severity = 5) =>
  finding({ updatedAt: `2026-11-${day}T00:00:00.000Z`, severity, service: { count } });

test('the newest update wins, in whatever order they arrive; severity and count are followed', () => {
  const updates = [update('02', 1, 5), update('04', 9, 8.5), update('06', 20, 6)];
  for (const rows of [updates, [...updates].reverse(), [updates[1], updates[2], updates[0]]]) {
    const row = one(rows.map((f) => newRow(f)));
    assert.equal(row.UpdatedAt, '2026-11-06T00:00:00.0000000Z');
    assert.equal(row.TimeGenerated, row.UpdatedAt);
    assert.deepEqual(
      [row.Count, row.Updates, row.Severity, row.SeverityLabel, row.HighestSeverity],
      [20, 3, 6, 'Medium', 8.5],
    );
    assert.equal(row.FirstTimeGenerated, '2026-11-02T00:00:00.0000000Z');
    assert.equal(
      run(
        rows.map((f) => newRow(f)),
        'GuardDutyFindingHistory',
      ).length,
      3,
    );
  }
});

test('an older update that arrives late does not win', () => {
  const late = newRow(update('02', 1), { TimeGenerated: '2026-11-21T00:00:00Z' });
  const row = one([newRow(update('06', 20)), late]);
  assert.equal(row.Count, 20);
  assert.equal(row.Updates, 2);
});

test('the newest update wins, though its count is smaller', () => {
  assert.equal(one([newRow(update('06', 3)), newRow(update('04', 50))]).Count, 3);
});

test('of updates of one time the greater count wins', () => {
  for (const rows of [
    [update('06', 3), update('06', 7)],
    [update('06', 7), update('06', 3)],
  ])
    assert.equal(one(rows.map((f) => newRow(f))).Count, 7);
});

test('exact repeats are one update, and it arrived when the first did', () => {
  const rows = [
    newRow(update('06', 3), { ArrivedAt: '2026-11-06T00:10:00Z' }),
    newRow(update('06', 3), { ArrivedAt: '2026-11-06T00:05:00Z' }),
  ];
  const row = one(rows, 'GuardDutyFindingHistory', ARRIVING);
  assert.equal(row.IngestionTime, '2026-11-06T00:05:00.0000000Z');
  assert.equal(one(rows, 'GuardDutyFindings', ARRIVING).Updates, 1);
});

test('the same update as an old and a new row is one, and the new one though it came later', () => {
  const f = finding({
    resource: { instanceDetails: { instanceId: 'i-1' } },
    service: {
      action: {
        actionType: 'NETWORK_CONNECTION',
        networkConnectionAction: { remoteIpDetails: { ipAddressV4: '192.0.2.1' } },
      },
    },
  });
  for (const rows of [
    [oldRow(f, '2026-11-02T01:00:00Z'), newRow(f, { TimeGenerated: '2026-11-20T00:00:00Z' })],
    [newRow(f), oldRow(f)],
  ]) {
    const row = one(rows, 'GuardDutyFindingHistory');
    assert.equal(row.RemoteIp, '192.0.2.1');
    assert.equal(one(rows).Updates, 1);
  }
});

test('old updates and newer new ones are updates of one finding', () => {
  const row = one([oldRow(update('02', 1, 8)), oldRow(update('03', 2, 8)), newRow(update('04', 5, 5))]);
  assert.deepEqual(
    [row.Updates, row.Count, row.HighestSeverity, row.FirstTimeGenerated],
    [3, 5, 8, '2026-11-02T00:00:00.0000000Z'],
  );
});

test('starttime and endtime choose rows by their TimeGenerated, ends included', () => {
  const rows = [update('02', 1), update('04', 2), update('06', 3)].map((f) => newRow(f));
  const counts = (query) =>
    run(rows, query)
      .map((r) => r.Count)
      .sort();
  assert.deepEqual(counts('GuardDutyFindingHistory(datetime(2026-11-04), datetime(2026-11-06))'), [2, 3]);
  assert.deepEqual(counts('GuardDutyFindingHistory(starttime=datetime(2026-11-05))'), [3]);
  assert.deepEqual(counts('GuardDutyFindingHistory(endtime=datetime(2026-11-04))'), [1, 2]);
  assert.deepEqual(counts('GuardDutyFindings(endtime=datetime(2026-11-04))'), [2]);
  assert.deepEqual(run(rows, 'AWSGuardDutyFromCL(datetime(2026-11-05)) | count'), [{ Count: 1 }]);
});

test('a row that arrived late is found by the time of its arrival', () => {
  const rows = [newRow(update('02', 1), { TimeGenerated: '2026-11-20T00:00:00Z' })];
  assert.equal(
    run(rows, 'GuardDutyFindingHistory(starttime=datetime(2026-11-19))')[0].TimeGenerated,
    '2026-11-02T00:00:00.0000000Z',
  );
});

for (const [severity, label] of [
  [0.5, 'Low'],
  [1, 'Low'],
  [3.95, 'Low'],
  [4, 'Medium'],
  [6.95, 'Medium'],
  [7, 'High'],
  [8.99, 'High'],
  [9, 'Critical'],
  [10, 'Critical'],
]) {
  test(`severity ${severity} is ${label}`, () => {
    const row = one([newRow(finding({ severity }))]);
    assert.equal(row.Severity, severity);
    assert.equal(row.SeverityLabel, label);
  });
}
