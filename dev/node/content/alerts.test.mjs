// What the rules about findings fire on: every finding of the test data, as it comes, again, worse and late.
import assert from 'node:assert/strict';
import test from 'node:test';
import { readText } from './content.mjs';
import { FAMILIES, familyOf, GENERAL, LATE } from './families.mjs';
import { alerts, readRules } from './rules.mjs';
import { finding, newRow } from './scenario.mjs';

const rules = new Map(readRules().map((r) => [r.file, r]));
const lines = (name) =>
  readText(name)
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
const findings = lines('dev/testdata/findings.jsonl');
// the generated findings are marked as samples, which raise no alert, and share one instance; each gets a folder of its
// own, since of one folder only 20 have an alert each
const rows = lines('dev/testdata/rows.ndjson').map((row, i) => ({
  ...row,
  SourceObject_s: `s3://bucket/AWSLogs/${900000000000 + i}/GuardDuty/eu-central-1/2026/11/20/x.jsonl.gz`,
  service_additionalInfo_sample_b: false,
  resource_instanceDetails_instanceId_s: `i-${row.id_g}`,
  ServiceDetails: { ...row.ServiceDetails, additionalInfo: { ...row.ServiceDetails.additionalInfo, sample: false } },
  ResourceDetails: {
    ...row.ResourceDetails,
    instanceDetails: { ...row.ResourceDetails.instanceDetails, instanceId: `i-${row.id_g}` },
  },
}));
const severityOf = new Map(findings.map((f) => [f.id, f.severity]));
const typeOf = new Map(findings.map((f) => [f.id, f.type]));

const ruleOf = (id, severity = severityOf.get(id)) => familyOf(typeOf.get(id)) ?? (severity >= 7 ? GENERAL : undefined);
const idsOf = (rule, severity) =>
  findings
    .map((f) => f.id)
    .filter((id) => ruleOf(id, severity?.(id)) === rule)
    .sort();

const hex = (row) => row.id_g.replaceAll('-', '');
/**
 * The row of a finding at another time: made, updated and arrived as given, with a TimeGenerated as the
 * service sets it.
 */
function moved(row, { made, updated, arrived, severity = row.Severity, count = 1 }) {
  const late = Date.parse(arrived) - Date.parse(updated) > 48 * 3600e3;
  return {
    ...row,
    createdAt_t: made,
    updatedAt_t: updated,
    TimeGenerated: late ? arrived : updated,
    ArrivedAt: arrived,
    Severity: severity,
    service_count_d: count,
  };
}
const worse = (id) => Math.min(severityOf.get(id) + 1, 10);
const fired = (rule, table, now) =>
  alerts(rules.get(rule), { rows: table }, now)
    .map((row) => row.FindingId)
    .sort();

const DAY = '2026-11-20';
const made = `${DAY}T05:50:00Z`;
const first = rows.map((row) => moved(row, { made, updated: `${DAY}T05:52:00Z`, arrived: `${DAY}T05:57:00Z` }));
const updates = rows.map((row) =>
  moved(row, { made, updated: `${DAY}T06:20:00Z`, arrived: `${DAY}T06:23:00Z`, count: 9 }),
);
const repeats = first.map((row) => ({ ...row, ArrivedAt: `${DAY}T06:43:00Z` }));
const worsened = rows.map((row) =>
  moved(row, { made, updated: `${DAY}T07:01:00Z`, arrived: `${DAY}T07:03:00Z`, count: 10, severity: worse(hex(row)) }),
);
const outOfOrder = rows.map((row) =>
  moved(row, { made, updated: `${DAY}T06:01:00Z`, arrived: `${DAY}T08:03:00Z`, count: 5 }),
);
const day = [...first, ...updates, ...repeats, ...worsened, ...outOfOrder];

test('the test data has findings for every rule, and such as no rule takes', () => {
  for (const name of [...Object.keys(FAMILIES), GENERAL, undefined]) assert.ok(idsOf(name).length, String(name));
});

for (const name of [...Object.keys(FAMILIES), GENERAL]) {
  test(`${name}: fires on its findings as they come, on no other, and not again until they are worse`, () => {
    assert.deepEqual(fired(name, day, `${DAY}T06:00:00Z`), idsOf(name), 'new');
    assert.deepEqual(fired(name, day, `${DAY}T06:05:00Z`), [], 'nothing arrived');
    assert.deepEqual(fired(name, day, `${DAY}T06:25:00Z`), [], 'an update');
    assert.deepEqual(fired(name, day, `${DAY}T06:45:00Z`), [], 'the same row again');
    const rose = idsOf(name, worse).filter((id) => worse(id) > severityOf.get(id));
    assert.deepEqual(fired(name, day, `${DAY}T07:05:00Z`), rose, 'a higher severity');
    assert.deepEqual(fired(name, day, `${DAY}T08:05:00Z`), [], 'an older update, late');
  });
}

test('a finding has one alert of one rule', () => {
  const all = [...Object.keys(FAMILIES), GENERAL].flatMap((name) => fired(name, day, `${DAY}T06:00:00Z`));
  assert.equal(new Set(all).size, all.length);
  assert.deepEqual(
    all.sort(),
    findings
      .map((f) => f.id)
      .filter((id) => ruleOf(id))
      .sort(),
  );
  for (const f of findings) if (f.severity >= 7) assert.ok(all.includes(f.id), f.type);
});

test('what comes late is left to the one rule for it, which takes what the others would have taken', () => {
  const late = rows.map((row, i) =>
    moved(row, {
      made: '2026-11-17T00:00:00Z',
      updated: i % 2 ? '2026-11-17T01:00:00Z' : '2026-11-19T23:00:00Z',
      arrived: `${DAY}T05:57:00Z`,
    }),
  );
  const again = rows.map((row) =>
    moved(row, { made: '2026-11-17T00:00:00Z', updated: `${DAY}T06:30:00Z`, arrived: `${DAY}T06:31:00Z`, count: 3 }),
  );
  const table = [...late, ...again];
  for (const name of [...Object.keys(FAMILIES), GENERAL])
    assert.deepEqual(fired(name, table, `${DAY}T06:00:00Z`), [], name);
  assert.deepEqual(fired(LATE, table, `${DAY}T06:00:00Z`), [], 'it looks ten minutes behind');
  assert.deepEqual(
    fired(LATE, table, `${DAY}T07:00:00Z`),
    findings
      .map((f) => f.id)
      .filter((id) => ruleOf(id))
      .sort(),
  );
  assert.deepEqual(fired(LATE, table, `${DAY}T08:00:00Z`), []);
  assert.deepEqual(fired(LATE, first, `${DAY}T07:00:00Z`), [], 'what came in time');
});

test('a finding alerts once and at each rise, through delays, repeats and outages of weeks', () => {
  const start = Date.parse('2026-11-01T00:00:00Z');
  const at = (hours) => new Date(start + hours * 3600e3).toISOString();
  let seed = 7;
  const random = (n) => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed % n;
  };
  const table = [];
  const wanted = [];
  for (let i = 0; i < 8; i++) {
    const id = String(i).padStart(32, 'a');
    const begin = random(100) + 0.1;
    let arrival = begin;
    let highest = 0;
    for (let update = 0; update < 6; update++) {
      // most arrive at once; some after hours, days, or an outage
      arrival += 1.5 + [0, 2, 30, 44, 60, 100][random(6)];
      const updated = Math.max(begin, arrival - [0.1, 1, 40, 47.9, 49, 80][random(6)]);
      const severity = 2 + update / 2 + random(7) * 0.5;
      const f = finding({
        id,
        type: 'CryptoCurrency:EC2/BitcoinTool.B',
        createdAt: at(begin),
        updatedAt: at(updated),
        severity,
        service: { count: update + 1 },
      });
      table.push(
        newRow(f, { TimeGenerated: arrival - updated > 48 ? at(arrival) : at(updated), ArrivedAt: at(arrival) }),
      );
      if (severity > highest) wanted.push(`${id} ${severity}`);
      highest = Math.max(highest, severity);
    }
  }
  const found = [];
  for (const { name, step, lag } of [
    { name: 'GuardDutyCryptoMining', step: 5 / 60, lag: 0 },
    { name: LATE, step: 1, lag: 1 / 6 },
  ]) {
    const runs = new Set(table.map((row) => Math.ceil(((Date.parse(row.ArrivedAt) - start) / 3600e3 + lag) / step)));
    for (const n of runs)
      for (const row of alerts(rules.get(name), { rows: table }, at(n * step)))
        found.push(`${row.FindingId} ${row.Severity}`);
  }
  assert.ok(wanted.length > 12);
  assert.deepEqual(found.sort(), wanted.sort());
});

const NOW = '2026-11-20T06:00:00Z';
const arriving = (f, more = {}) => newRow(f, { ArrivedAt: '2026-11-20T05:57:00Z', ...more });
const fresh = (more = {}) =>
  finding({
    createdAt: '2026-11-20T05:50:00Z',
    updatedAt: '2026-11-20T05:52:00Z',
    type: 'CryptoCurrency:EC2/BitcoinTool.B',
    severity: 8,
    ...more,
  });

test('samples raise no alert', () => {
  const sample = fresh({ service: { additionalInfo: { sample: true } } });
  for (const name of [...Object.keys(FAMILIES), GENERAL, LATE])
    assert.deepEqual(fired(name, [arriving(sample)], NOW), [], name);
  assert.equal(fired('GuardDutyCryptoMining', [arriving(fresh())], NOW).length, 1);
});

test('a type that is not known yet goes by its purpose, and one of an unknown purpose by its severity', () => {
  const of = (type, severity) => [arriving(fresh({ type, severity }))];
  assert.equal(fired('GuardDutyCryptoMining', of('CryptoCurrency:Quantum/Miner', 2), NOW).length, 1);
  assert.equal(fired(GENERAL, of('Novel:Quantum/Thing', 7), NOW).length, 1);
  assert.equal(fired(GENERAL, of('Novel:Quantum/Thing', 4), NOW).length, 1);
  assert.equal(fired(GENERAL, of('Novel:Quantum/Thing', 3.9), NOW).length, 0);
  assert.equal(fired(GENERAL, of('Recon:EC2/PortProbeUnprotectedPort', 6.9), NOW).length, 0, 'a known type');
});

test('the alert has the severity of the finding, in words that Sentinel has', () => {
  const severityOfAlert = (name, type, severity) =>
    alerts(rules.get(name), { rows: [arriving(fresh({ type, severity }))] }, NOW)[0].AlertSeverity;
  for (const [severity, label] of [
    [1, 'Low'],
    [3.9, 'Low'],
    [4, 'Medium'],
    [6.9, 'Medium'],
    [7, 'High'],
    [9.5, 'High'],
  ]) {
    assert.equal(severityOfAlert('GuardDutyCryptoMining', 'CryptoCurrency:EC2/BitcoinTool.B', severity), label);
  }
  assert.equal(severityOfAlert('GuardDutyRootUse', 'Policy:IAMUser/RootCredentialUsage', 2), 'Medium');
  assert.equal(severityOfAlert('GuardDutyDefenseEvasion', 'Stealth:IAMUser/CloudTrailLoggingDisabled', 2), 'Medium');
  assert.equal(severityOfAlert('GuardDutyDefenseEvasion', 'DefenseImpairment:EC2/DisableOrModifyTools', 8), 'High');
});

test('of several updates that come at once the alert is about the worst', () => {
  const update = (minute, severity, count) =>
    fresh({ updatedAt: `2026-11-20T05:${minute}:00Z`, severity, service: { count } });
  const [row, ...others] = alerts(
    rules.get('GuardDutyCryptoMining'),
    { rows: [update(51, 5, 1), update(52, 8, 2), update(53, 6, 40)].map((f) => arriving(f)) },
    NOW,
  );
  assert.deepEqual(others, []);
  assert.deepEqual([row.Severity, row.Count, row.HighestCount, row.Change], [8, 2, 40, 'New']);
});

test('entities and details come from the finding', () => {
  const f = fresh({
    resource: {
      resourceType: 'Instance',
      instanceDetails: { instanceId: 'i-0abc', networkInterfaces: [] },
      accessKeyDetails: { userName: 'mallory', accessKeyId: 'ASIAEXAMPLE' },
    },
    service: {
      action: {
        actionType: 'NETWORK_CONNECTION',
        networkConnectionAction: { remoteIpDetails: { ipAddressV4: '192.0.2.7', country: { countryName: 'Nowhere' } } },
      },
    },
  });
  const [row] = alerts(rules.get('GuardDutyCryptoMining'), { rows: [arriving(f)] }, NOW);
  assert.deepEqual(
    [row.InstanceId, row.RemoteIp, row.RemoteCountry, row.UserName, row.CloudName, row.Tactic],
    ['i-0abc', '192.0.2.7', 'Nowhere', 'mallory', 'Amazon Web Services', 'Impact'],
  );
  assert.ok(row.ConsoleLink.includes(f.id));
});

test('a table that was filled through Logstash alerts as well, and its old rows count as known', () => {
  const old = {
    ...newRow(fresh(), { ArrivedAt: '2026-11-20T05:00:00Z', TimeGenerated: '2026-11-20T05:00:00Z' }),
    ResourceDetails: null,
    ServiceDetails: null,
  };
  assert.equal(fired('GuardDutyCryptoMining', [{ ...old, ArrivedAt: '2026-11-20T05:57:00Z' }], NOW).length, 1);
  assert.deepEqual(fired('GuardDutyCryptoMining', [old, arriving(fresh({ service: { count: 2 } }))], NOW), []);
});
