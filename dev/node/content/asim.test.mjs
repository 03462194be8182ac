// The ASIM parsers: fields of the schemas, values against the findings, filtering parameters.
import assert from 'node:assert/strict';
import test from 'node:test';
import { MANDATORY, PARAMETERS, TYPES } from './asim_schemas.mjs';
import { classicRow, columnsBeyond } from './classic.mjs';
import { engineOver, readParsers, readRows, readText, tableSchema } from './content.mjs';
import { instant, severityLabel } from './expected.mjs';

const findings = readText('dev/testdata/findings.jsonl')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line));
const rows = readRows('dev/testdata/rows.ndjson');
const run = (query) => engineOver(rows).run(query);
const count = (query) => run(`${query} | count`).rows[0].Count;

for (const [schema, version] of [
  ['AlertEvent', '0.1'],
  ['NetworkSession', '0.2.7'],
]) {
  const filtering = `vim${schema}AmazonGuardDuty`;
  const plain = `ASim${schema}AmazonGuardDuty`;

  test(`${schema}: parameters`, () => {
    const params = Object.fromEntries(
      readParsers().map((p) => [p.name, p.yaml.ParserParams?.map((x) => x.Name).join(' ')]),
    );
    assert.equal(params[filtering], PARAMETERS[schema]);
    assert.equal(params[plain], 'disabled pack');
  });

  test(`${schema}: mandatory fields are there and filled`, () => {
    const { columns, rows: out } = run(plain);
    const types = Object.fromEntries(columns.map((c) => [c.name, c.type]));
    for (const [name, type] of Object.entries(TYPES[schema])) assert.equal(types[name], type, name);
    assert.ok(out.length);
    for (const row of out) {
      for (const name of MANDATORY) assert.ok(row[name] !== null && row[name] !== '' && row[name] !== undefined, name);
      assert.deepEqual(
        [row.EventVendor, row.EventProduct, row.EventSchema, row.EventSchemaVersion],
        ['AWS', 'GuardDuty', schema, version],
      );
      assert.ok(['Informational', 'Low', 'Medium', 'High'].includes(row.EventSeverity));
      assert.ok(row.ThreatRiskLevel >= 0 && row.ThreatRiskLevel <= 100);
    }
  });

  test(`${schema}: both parsers give the same, and nothing when disabled`, () => {
    assert.deepEqual(run(plain), run(filtering));
    assert.equal(count(`${plain}(disabled=true)`), 0);
    assert.equal(count(`${filtering}(disabled=true)`), 0);
  });

  test(`${schema}: AdditionalFields only when packed`, () => {
    assert.deepEqual(run(`${plain} | take 1`).rows[0].AdditionalFields, {});
    assert.equal(run(`${plain}(pack=true) | take 1`).rows[0].AdditionalFields.AccountId, '111122223333');
  });

  test(`${schema}: time`, () => {
    const times = run(plain)
      .rows.map((r) => r.TimeGenerated)
      .sort();
    const middle = times[Math.floor(times.length / 2)];
    assert.equal(count(`${filtering}(starttime=datetime(${middle}))`), times.filter((t) => t >= middle).length);
    assert.equal(count(`${filtering}(endtime=datetime(${middle}))`), times.filter((t) => t <= middle).length);
  });
}

test('AlertEvent: one alert a finding, with its values', () => {
  const out = new Map(run('ASimAlertEventAmazonGuardDuty').rows.map((row) => [row.AlertId, row]));
  assert.equal(out.size, 224);
  for (const f of findings) {
    const row = out.get(f.id);
    const label = severityLabel(f.severity);
    assert.equal(row.EventSeverity, label === 'Critical' ? 'High' : label);
    assert.equal(row.ThreatRiskLevel, f.severity * 10);
    assert.equal(row.AlertName, f.title);
    assert.equal(row.RuleName, f.type);
    assert.equal(row.EventOriginalType, f.type);
    assert.equal(row.EventCount, f.service.count);
    assert.equal(row.EventStartTime, instant(f.service.eventFirstSeen));
    assert.equal(row.EventEndTime, instant(f.service.eventLastSeen));
    assert.equal(row.AlertStatus, 'Active');
    assert.equal(
      row.UserId,
      f.resource.accessKeyDetails?.principalId ?? f.service.detection?.sequence.actors[0].user.uid ?? '',
    );
    assert.equal(
      row.DvcIpAddr,
      f.resource.instanceDetails?.networkInterfaces[0].privateIpAddress
        ?? f.service.action?.networkConnectionAction?.localIpDetails.ipAddressV4
        ?? '',
    );
  }
});

test('AlertEvent: tactics in words', () => {
  const tactics = run('ASimAlertEventAmazonGuardDuty | distinct AttackTactics').rows.flatMap((r) =>
    r.AttackTactics.split(', '),
  );
  for (const t of ['Command and Control', 'Credential Access', 'Initial Access', 'Discovery'])
    assert.ok(tactics.includes(t), t);
  for (const t of tactics) assert.doesNotMatch(t, /[a-z][A-Z]| And /);
});

test('AlertEvent: filters', () => {
  const vim = (args) => run(`vimAlertEventAmazonGuardDuty(${args})`).rows;
  const all = run('ASimAlertEventAmazonGuardDuty').rows;
  const same = (args, keep) => {
    const found = vim(args);
    assert.ok(found.length > 0 && found.length < all.length, args);
    assert.deepEqual(
      found.map((r) => r.AlertId),
      all.filter(keep).map((r) => r.AlertId),
      args,
    );
  };
  same('eventseverity_has_any=dynamic(["High"])', (r) => r.EventSeverity === 'High');
  same('attacktactics_has_any=dynamic(["Impact", "Credential Access"])', (r) =>
    /Impact|Credential Access/.test(r.AttackTactics),
  );
  same('attacktechniques_has_any=dynamic(["T1110"])', (r) => /\bT1110\b/.test(r.AttackTechniques));
  same('threatcategory_has_any=dynamic(["Cryptominer"])', (r) => r.ThreatCategory === 'Cryptominer');
  same('ipaddr_has_any_prefix=dynamic(["10.0."])', (r) => r.DvcIpAddr.startsWith('10.0.'));
  same('hostname_has_any=dynamic(["i-99999999"])', (r) => r.DvcHostname === 'i-99999999');
  same('username_has_any=dynamic(["john_doe"])', (r) => r.Username === 'john_doe');
  assert.deepEqual(vim('alertverdict_has_any=dynamic(["True Positive"])'), []);
  assert.deepEqual(vim('ipaddr_has_any_prefix=dynamic(["172.16."])'), []);
});

test('AlertEvent: old rows are alerts too', () => {
  const old = findings.map((f) => classicRow(f, '2026-11-20T10:00:00Z'));
  const out = engineOver(old, { more: columnsBeyond(tableSchema(), old) }).run('ASimAlertEventAmazonGuardDuty').rows;
  assert.equal(out.length, 224);
  for (const row of out) for (const name of MANDATORY) assert.ok(row[name] !== null && row[name] !== '', name);
});

/** The sessions that a finding tells of, from its JSON. */
function sessionsOf(f) {
  const action = f.service.action ?? {};
  const probes = action.portProbeAction?.portProbeDetails ?? [];
  const connections = action.networkConnectionAction ? [action.networkConnectionAction] : [];
  return [
    ...probes.map((p) => ({
      id: f.id,
      src: p.remoteIpDetails.ipAddressV4,
      dst: p.localIpDetails.ipAddressV4,
      srcPort: null,
      dstPort: p.localPortDetails.port,
      direction: 'Inbound',
      count: 1,
      protocol: '',
    })),
    ...connections.map((c) => {
      const remote = [c.remoteIpDetails.ipAddressV4, c.remotePortDetails.port];
      const local = [c.localIpDetails.ipAddressV4, c.localPortDetails.port];
      const [[src, srcPort], [dst, dstPort]] = c.connectionDirection === 'INBOUND' ? [remote, local] : [local, remote];
      return {
        id: f.id,
        src,
        dst,
        srcPort,
        dstPort,
        direction: c.connectionDirection === 'INBOUND' ? 'Inbound' : 'Outbound',
        count: f.service.count,
        protocol: c.protocol,
      };
    }),
  ];
}

const order = (list) => list.map((s) => JSON.stringify(s)).sort();

test('NetworkSession: a session for each connection and each probe', () => {
  const want = findings.flatMap(sessionsOf);
  assert.equal(want.length, 40);
  const got = run('ASimNetworkSessionAmazonGuardDuty').rows.map((r) => ({
    id: r.EventOriginalUid,
    src: r.SrcIpAddr,
    dst: r.DstIpAddr,
    srcPort: r.SrcPortNumber,
    dstPort: r.DstPortNumber,
    direction: r.NetworkDirection,
    count: r.EventCount,
    protocol: r.NetworkProtocol,
  }));
  assert.deepEqual(order(got), order(want));
  for (const row of run('ASimNetworkSessionAmazonGuardDuty').rows) {
    assert.equal(row.ThreatIpAddr, row[row.ThreatField]);
    assert.equal(row.ThreatField, row.NetworkDirection === 'Inbound' ? 'SrcIpAddr' : 'DstIpAddr');
    assert.deepEqual([row.EventResult, row.DvcAction, row.EventType], ['Success', 'Allow', 'IDS']);
  }
});

test('NetworkSession: filters', () => {
  const vim = (args) => run(`vimNetworkSessionAmazonGuardDuty(${args})`).rows;
  const all = run('ASimNetworkSessionAmazonGuardDuty').rows;
  const same = (args, keep) => {
    const found = vim(args);
    assert.ok(found.length > 0, args);
    assert.equal(found.length, all.filter(keep).length, args);
    return found;
  };
  for (const row of same('srcipaddr_has_any_prefix=dynamic(["198.51.100."])', (r) =>
    r.SrcIpAddr.startsWith('198.51.100.'),
  ))
    assert.equal(row.ASimMatchingIpAddr, 'SrcIpAddr');
  for (const row of same('dstipaddr_has_any_prefix=dynamic(["198.51.100."])', (r) =>
    r.DstIpAddr.startsWith('198.51.100.'),
  ))
    assert.equal(row.ASimMatchingIpAddr, 'DstIpAddr');
  for (const row of same('ipaddr_has_any_prefix=dynamic(["198.51.100.", "10."])', () => true))
    assert.equal(row.ASimMatchingIpAddr, 'Both');
  same('dstportnumber=22', (r) => r.DstPortNumber === 22);
  for (const row of same('hostname_has_any=dynamic(["i-99999999"])', (r) =>
    [r.SrcHostname, r.DstHostname].includes('i-99999999'),
  ))
    assert.match(row.ASimMatchingHostname, /Hostname$/);
  same('dvcaction=dynamic(["Allow"])', () => true);
  same('eventresult="Success"', () => true);
  assert.deepEqual(vim('eventresult="Failure"'), []);
  assert.deepEqual(vim('dvcaction=dynamic(["Deny"])'), []);
  assert.deepEqual(vim('ipaddr_has_any_prefix=dynamic(["203.0.113."])'), []);
  assert.deepEqual(vim('dstportnumber=1'), []);
});

test('NetworkSession: blocked connections, a direction that is not known, IPv6 and a finding without addresses', () => {
  const row = (id, networkConnectionAction, resourceRole = 'ACTOR') => ({
    TimeGenerated: '2026-11-02T00:00:00Z',
    id_s: id,
    type_s: 'Backdoor:EC2/Spambot',
    Severity: 5,
    service_resourceRole_s: resourceRole,
    service_action_actionType_s: 'NETWORK_CONNECTION',
    ResourceDetails: {},
    ServiceDetails: { action: { actionType: 'NETWORK_CONNECTION', networkConnectionAction } },
  });
  const session = (more) => ({
    remoteIpDetails: { ipAddressV6: '2001:db8::5' },
    localIpDetails: { ipAddressV4: '10.0.0.1' },
    ...more,
  });
  const out = engineOver([
    row('a', session({ blocked: true, connectionDirection: 'OUTBOUND', protocol: 'tcp' })),
    row('b', session({ connectionDirection: 'UNKNOWN' }), 'TARGET'),
    row('c', session({ connectionDirection: 'UNKNOWN' })),
    row('d', null),
    row('e', session({ connectionDirection: 'INBOUND' })),
    row('f', session({ connectionDirection: 'OUTBOUND' }), 'TARGET'),
  ]).run('ASimNetworkSessionAmazonGuardDuty').rows;
  assert.deepEqual(
    out.map((r) => [
      r.EventOriginalUid,
      r.SrcIpAddr,
      r.DstIpAddr,
      r.NetworkDirection,
      r.DvcAction,
      r.EventResult,
      r.NetworkProtocol,
    ]),
    [
      ['a', '10.0.0.1', '2001:db8::5', 'Outbound', 'Deny', 'Failure', 'TCP'],
      ['b', '2001:db8::5', '10.0.0.1', 'NA', '', 'Success', ''],
      ['c', '10.0.0.1', '2001:db8::5', 'NA', '', 'Success', ''],
      ['e', '2001:db8::5', '10.0.0.1', 'Inbound', '', 'Success', ''],
      ['f', '10.0.0.1', '2001:db8::5', 'Outbound', '', 'Success', ''],
    ],
  );
});

for (const schema of ['AlertEvent', 'NetworkSession']) {
  test(`${schema}: the functions for the unifying parsers give what the parsers give, and pass every filter on`, () => {
    const custom = {
      [`Im_${schema}Custom`]: `vim${schema}AmazonGuardDuty`,
      [`ASim_${schema}Custom`]: `ASim${schema}AmazonGuardDuty`,
    };
    for (const [name, parser] of Object.entries(custom)) {
      assert.deepEqual(run(name), run(parser), name);
      const { query, yaml } = readParsers().find((p) => p.name === name);
      const passed = [...query.matchAll(/(\w+)=(\w+)/g)].map((m) => [m[1], m[2]]).filter(([key]) => key !== 'isfuzzy');
      assert.deepEqual(
        passed,
        yaml.ParserParams.map((p) => [p.Name, p.Name]),
        name,
      );
    }
  });
}
