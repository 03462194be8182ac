// What stands in one account's folder neither silences nor delays the alerts about another account's findings, and
// honest copies of a finding do not alert twice.
import assert from 'node:assert/strict';
import test from 'node:test';
import { fired } from './fired.mjs';
import { administrators, bothWays, folderless, foreign, genuine, OTHER, OWN, own } from './folders.mjs';
import { alerts, readRules } from './rules.mjs';

const rules = new Map(readRules().map((r) => [r.file, r]));
const MINING = 'GuardDutyCryptoMining';
const LATE = 'GuardDutyFindingLate';
const at = (time) => (time.includes('T') ? `2026-11-${time}:00Z` : `2026-11-20T${time}:00Z`);

/** Every alert of a rule over the rows, at the times at which it runs: when, and of which kind. */
const alerted = (rows, rule = MINING) =>
  fired(rules.get(rule), rows).map((r) => `${r.IngestionTime.slice(11, 16)} ${r.Change} ${r.Severity} ${r.Title}`);

const forged = (more = {}) => genuine({ title: 'forged', ...more });
const sample = { additionalInfo: { sample: true } };
const FIRST = '05:57 New 8 T';

/** Forgeries that arrive before the genuine finding, which arrives at 05:57. */
const BEFORE = {
  'the same update': forged(),
  'severity 10': forged({ severity: 10 }),
  'severity 10 and a great count': forged({ severity: 10, service: { count: 99999 } }),
  'a sample': forged({ severity: 10, service: sample }),
  'the genuine finding as a sample': genuine({ service: sample }),
  'an update of 2099': forged({ severity: 10, updatedAt: '2099-01-01T00:00:00Z' }),
  'an update of tomorrow': forged({ severity: 10, updatedAt: '2026-11-21T04:00:00Z' }),
  'an update of 1970': forged({ severity: 10, updatedAt: '1970-01-01T00:00:00Z' }),
  'made in 1970': forged({ severity: 10, createdAt: '1970-01-01T00:00:00Z' }),
  'made in 2099': forged({ severity: 10, createdAt: '2099-01-01T00:00:00Z' }),
  'another type': forged({ severity: 10, type: 'Recon:EC2/Portscan' }),
  'another resource': genuine({ resource: { instanceDetails: { instanceId: 'i-0bad' } } }),
};

for (const [layout, put] of Object.entries({ foreign, administrators })) {
  for (const [what, f] of Object.entries(BEFORE)) {
    test(`${layout}: ${what}, before the genuine finding, leaves it new`, () => {
      for (const arrived of ['05:02', '05:52', '05:56']) {
        const got = alerted([put(f, at(arrived)), own(genuine())]).filter((a) => a.startsWith('05:57'));
        assert.deepEqual(got, [FIRST], arrived);
      }
    });

    test(`${layout}: ${what}, after the genuine finding, takes no alert and does not hide its next rise`, () => {
      const rows = [own(genuine({ severity: 5 })), put(f, at('06:02'))];
      // an administrator's that is more severe is an alert of its own
      const got = (list) => alerted(list).filter((a) => layout === 'foreign' || !a.startsWith('06:02 Worse'));
      assert.deepEqual(got(rows), ['05:57 New 5 T']);
      const worse = own(genuine({ severity: 6, updatedAt: at('06:05'), service: { count: 2 } }), at('06:07'));
      assert.deepEqual(got([...rows, worse]), ['05:57 New 5 T', '06:07 Worse 6 T']);
    });
  }

  test(`${layout}: an update that is copied before it is exported still alerts as worse`, () => {
    const worse = genuine({ severity: 8, updatedAt: at('06:03'), service: { count: 2 } });
    const rows = [own(genuine({ severity: 5 })), put(worse, at('06:04')), own(worse, at('06:07'))];
    const time = layout === 'foreign' ? '06:07' : '06:04';
    assert.deepEqual(alerted(rows), ['05:57 New 5 T', `${time} Worse 8 T`]);
  });

  test(`${layout}: a copy that a forgery kept from alerting does not make the finding known`, () => {
    const rows = [put(forged({ severity: 10 }), at('05:32')), put(genuine(), at('05:47')), own(genuine())];
    assert.deepEqual(alerted(rows), ['05:32 New 10 forged', FIRST]);
    assert.equal(alerted([...rows.slice(1), put(forged({ severity: 10 }), at('05:47'))]).at(-1), FIRST);
  });

  // a foreign folder makes nothing known: what comes from there first is an alert more
  test(`${layout}: a member and its administrator both export, whichever comes first`, () => {
    const worse = genuine({ severity: 9, updatedAt: at('06:20'), service: { count: 7 } });
    const mine = [own(genuine(), at('05:57')), own(worse, at('06:27'))];
    for (const [first, second] of [
      ['05:51', '06:21'],
      ['05:57', '06:27'],
      ['06:03', '06:33'],
    ]) {
      const theirs = [put(genuine(), at(first)), put(worse, at(second))];
      const got = alerted([...theirs, ...mine]);
      const more = layout === 'foreign' && first < '05:57' ? ['New 8 T'] : [];
      assert.deepEqual(
        got.map((a) => a.slice(6)),
        [...more, 'New 8 T', 'Worse 9 T'],
        `${first}: ${got}`,
      );
    }
  });

  test(`${layout}: the two exports may differ in the detector and in what people set`, () => {
    const theirs = genuine({ service: { detectorId: 'ab'.repeat(16), userFeedback: 'USEFUL' } });
    assert.equal(alerted([put(theirs, at('05:51')), own(genuine())]).length, layout === 'foreign' ? 2 : 1);
  });
}

test('a copy in a foreign folder that comes first does not take the alert of the genuine finding', () => {
  const got = fired(rules.get(MINING), [foreign(genuine(), at('05:52')), own(genuine())]);
  assert.deepEqual(
    got.map((r) => [r.IngestionTime.slice(11, 16), r.Change, r.ForeignFolder, r.FolderAccount]),
    [
      ['05:52', 'New', true, OTHER],
      ['05:57', 'New', false, OWN],
    ],
  );
  const worse = genuine({ severity: 9, updatedAt: at('06:20'), service: { count: 7 } });
  for (const put of [own, administrators])
    assert.deepEqual(alerted([put(genuine()), foreign(worse, at('06:21')), put(worse, at('06:27'))]), [
      FIRST,
      '06:27 Worse 9 T',
    ]);
});

test("an administrator's update that is worse alerts, though the member's own row is known", () => {
  const mine = own(genuine({ severity: 5 }));
  const worse = (more = {}) => genuine({ severity: 9, updatedAt: at('06:20'), service: { count: 7, ...more } });
  const theirs = administrators(worse(), at('06:22'));
  const want = ['05:57 New 5 T', '06:22 Worse 9 T'];
  assert.deepEqual(alerted([mine, theirs]), want);
  assert.deepEqual(alerted([mine, theirs, administrators(worse({ count: 8 }), at('06:42'))]), want, 'once');
  assert.deepEqual(alerted([mine, theirs, own(worse(), at('12:02'))]), want, "the member's, six hours later");
  const other = own(worse({ count: 12 }), at('12:02'));
  assert.deepEqual(alerted([mine, theirs, other]), [...want, '12:02 Worse 9 T'], 'another update of the member');
  assert.deepEqual(alerted([mine, foreign(worse(), at('06:22'))]), want.slice(0, 1));
  const soon = (count) => genuine({ severity: 9, updatedAt: at('05:40'), service: { count } });
  for (const rows of bothWays([mine, administrators(soon(7), at('05:58'))]))
    assert.deepEqual(alerted(rows).sort(), ['05:57 New 5 T', '05:58 Worse 9 T'], 'in one run');
  assert.deepEqual(alerted([own(soon(7)), administrators(soon(9), at('05:58'))]), ['05:57 New 9 T']);
});

test("an administrator's update from Low to Medium escalates, though the member's own row is known", () => {
  const probe = (severity, time) =>
    genuine({ type: 'Recon:EC2/PortProbeUnprotectedPort', severity, updatedAt: at(time) });
  const rows = [own(probe(2, '03:10'), at('03:12')), administrators(probe(5, '05:10'), at('05:12'))];
  const got = fired(rules.get('GuardDutyFindingEscalates'), rows).map((r) => r.Escalation);
  assert.deepEqual(got, ['severity 2.0 to 5.0']);
});

test('foreign: before the findings of an administrator, which lie in no folder of their own either', () => {
  for (const [what, f] of Object.entries(BEFORE)) {
    const got = alerted([foreign(f, at('05:52')), administrators(genuine())]).filter((a) => a.startsWith('05:57'));
    assert.deepEqual(got, [FIRST], what);
  }
});

test('a sample does not make a finding known, in whatever folder', () => {
  for (const put of [own, administrators])
    assert.deepEqual(alerted([put(BEFORE['a sample'], at('05:52')), put(genuine())]), [FIRST]);
});

test('a finding that only a foreign folder holds alerts, once, and says so', () => {
  const rows = [foreign(genuine()), foreign(genuine({ updatedAt: at('06:20'), service: { count: 2 } }), at('06:22'))];
  const got = fired(rules.get(MINING), rows);
  assert.deepEqual(
    got.map((r) => [r.Change, r.ForeignFolder, r.AccountId]),
    [['New', true, OWN]],
  );
  for (const [name, { yaml }] of rules)
    if (/GuardDutyFinding(Changes|Alerts)\(/.test(yaml.query))
      assert.equal(yaml.customDetails.ForeignFolder, 'ForeignFolder', name);
});

test('times that cannot be right hide no finding: a rule takes it', () => {
  for (const createdAt of ['0001-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '2099-01-01T00:00:00Z']) {
    const rows = [foreign(genuine({ createdAt, updatedAt: createdAt }))];
    const got = [...alerted(rows), ...alerted(rows, LATE)];
    assert.equal(got.length, 1, `${createdAt}: ${got}`);
  }
});

test('late findings: a forgery that is made to look new does not make them known, nor one that looks old', () => {
  const late = genuine({ createdAt: at('17T00:00'), updatedAt: at('05:01') });
  for (const put of [foreign, administrators])
    for (const f of [forged({ severity: 10 }), forged({ severity: 10, createdAt: at('16T00:00') })])
      assert.ok(alerted([put(f, at('05:52')), own(late)], LATE).includes(FIRST));
});

test('what another sender delivered makes a finding known in any folder', () => {
  const rows = [folderless(genuine(), at('05:02')), own(genuine({ updatedAt: at('05:50'), service: { count: 2 } }))];
  assert.deepEqual(alerted(rows), ['05:02 New 8 T']);
  const worse = own(genuine({ severity: 9, updatedAt: at('06:20'), service: { count: 3 } }), at('06:22'));
  assert.deepEqual(alerted([...rows, worse]), ['05:02 New 8 T', '06:22 Worse 9 T']);
});

test('the count of a forgery starts and stops no escalation', () => {
  const probe = (count, time) =>
    genuine({ type: 'Recon:EC2/PortProbeUnprotectedPort', severity: 2, updatedAt: at(time), service: { count } });
  const of = (...rows) => fired(rules.get('GuardDutyFindingEscalates'), rows).map((r) => r.Escalation);
  const rows = [own(probe(20, '03:10'), at('03:12')), own(probe(200, '05:10'), at('05:12'))];
  assert.deepEqual(of(...rows), ['count 20 to 200']);
  for (const put of [foreign, administrators]) {
    assert.deepEqual(of(...rows, put(probe(5000, '04:10'), at('04:12'))), ['count 20 to 200']);
    assert.deepEqual(of(...rows, put(probe(5000, '05:11'), at('05:13'))), ['count 20 to 200']);
  }
});

// ---- Rules that look at several findings

const id = (n) => String(n).padStart(32, '0');
const TYPES = [
  'Recon:EC2/Portscan',
  'Backdoor:EC2/Spambot',
  'UnauthorizedAccess:EC2/TorClient',
  'Trojan:EC2/DropPoint',
  'Impact:EC2/PortSweep',
];
const typed = (i, time) => genuine({ id: id(i), type: TYPES[i], createdAt: at(time), updatedAt: at(time) });

test('made-up findings do not count among the types of findings on a resource', () => {
  const many = (...rows) =>
    alerts(rules.get('GuardDutyManyFindingTypes'), { rows }, at('06:00')).map((r) => [r.Types, r.ForeignFolder]);
  const mine = [0, 1, 2].map((i) => own(typed(i, '05:10'), at('05:12')));
  const made = [0, 1, 2, 3, 4].map((i) => foreign({ ...typed(i, '04:10'), id: id(i + 10) }, at('04:12')));
  assert.deepEqual(many(...mine), [[3, false]]);
  assert.deepEqual(many(...mine, ...made), [[3, false]]);
  const copies = [0, 1, 2].map((i) => foreign(typed(i, '05:10'), at('05:12')));
  assert.deepEqual(many(...mine, ...copies), [[3, false]], 'both export');
});

test('a made-up finding makes no account and no Region known', () => {
  const places = (now, ...rows) =>
    alerts(rules.get('GuardDutyNewAccountOrRegion'), { rows }, at(now)).map((r) => [r.What, r.ForeignFolder]);
  const began = own(genuine({ accountId: '333333333333', id: id(3) }), at('18T01:00'), {
    TimeGenerated: at('18T01:00'),
  });
  const made = foreign(genuine({ id: id(4) }), at('19T03:30'), { TimeGenerated: at('19T03:30') });
  assert.deepEqual(places('19T04:00', began, made), [[`account ${OWN}`, true]]);
  assert.deepEqual(places('06:00', began, made), []);
  assert.deepEqual(places('06:00', began, made, own(genuine())), [[`account ${OWN}`, false]]);
  const known = own(genuine({ id: id(5) }), at('19T01:00'), { TimeGenerated: at('19T01:00') });
  assert.deepEqual(places('06:00', began, known, foreign(genuine())), []);
  assert.deepEqual(places('06:00', began, own(genuine()), administrators(genuine())), [[`account ${OWN}`, false]]);
});

test('a made-up attempt proves nothing against an instance of another account', () => {
  const attempt = genuine({
    id: id(6),
    type: 'UnauthorizedAccess:EC2/SSHBruteForce',
    severity: 2,
    service: { resourceRole: 'TARGET' },
  });
  const brute = (...rows) => alerts(rules.get('GuardDutyBruteForceSucceeded'), { rows }, at('06:00')).length;
  assert.equal(brute(own(attempt, at('05:12')), own(genuine())), 1);
  assert.equal(brute(foreign(attempt, at('05:12')), own(genuine())), 0);
  assert.equal(brute(foreign(attempt, at('05:12')), foreign(genuine())), 1, 'where all is in a foreign folder');
  assert.equal(
    brute(own({ ...attempt, accountId: '333333333333' }, at('05:12')), own(genuine())),
    0,
    'another account',
  );
});
