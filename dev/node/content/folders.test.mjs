// What stands in one account's folder neither hides nor changes what the functions say of another account's finding.
import assert from 'node:assert/strict';
import test from 'node:test';
import { administrators, bothWays, folderless, foreign, genuine, OTHER, OWN, own } from './folders.mjs';
import { ARRIVING, run } from './scenario.mjs';

const FORGED = 'forged';
const forged = (more = {}) =>
  genuine({ title: FORGED, ...more, resource: { instanceDetails: { instanceId: 'i-0bad' }, ...more.resource } });
const sample = { additionalInfo: { sample: true } };
const hiddenSample = { additionalInfo: { value: '{"\\u0073ample":true}', type: 'default' } };
const LATER = '2026-11-20T05:59:00Z';
const EARLIER = '2026-11-20T05:02:00Z';

const rowsOf = (rows, query = 'GuardDutyFindings') => run(rows, query, ARRIVING);
/** The only row. */
function one(rows, query) {
  const out = rowsOf(rows, query);
  assert.equal(out.length, 1);
  return out[0];
}
const shownOf = (row) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !['SourceObject', 'FolderAccount'].includes(name)));

/** Forgeries of the genuine finding: the finding as forged, and when its row arrives. */
const FORGERIES = {
  'the same update, earlier': [forged(), EARLIER],
  'the same update, later': [forged(), LATER],
  'the same update, at once': [forged(), undefined],
  'the same update as a sample': [forged({ service: sample }), EARLIER],
  'the same update as a sample by a text': [forged({ service: hiddenSample }), EARLIER],
  'the same update of severity 1': [forged({ severity: 1 }), EARLIER],
  'the same update of severity 10': [forged({ severity: 10 }), EARLIER],
  'a newer update': [forged({ updatedAt: '2026-11-20T05:50:00Z', service: { count: 9 } }), LATER],
  'a newer update as a sample': [
    forged({ updatedAt: '2026-11-20T05:50:00Z', service: { ...sample, count: 9 } }),
    LATER,
  ],
  'a greater count': [forged({ service: { count: 99 } }), LATER],
  'a negative count': [forged({ service: { count: -99999999 } }), LATER],
  'an update of 2099': [forged({ updatedAt: '2099-01-01T00:00:00Z' }), EARLIER],
  'an update of 9999': [forged({ updatedAt: '9999-12-31T00:00:00Z' }), EARLIER],
  'an update of tomorrow': [forged({ updatedAt: '2026-11-21T05:00:00Z' }), EARLIER],
  'an update of 1970': [forged({ updatedAt: '1970-01-01T00:00:00Z', createdAt: '1970-01-01T00:00:00Z' }), EARLIER],
  'an update of the year 1': [forged({ updatedAt: '0001-01-01T00:00:00Z', createdAt: '0001-01-01T00:00:00Z' }), LATER],
};

for (const [layout, put] of Object.entries({ foreign, administrators, 'no folder': folderless })) {
  for (const [what, [f, arrived]] of Object.entries(FORGERIES)) {
    test(`${layout}: ${what} changes nothing of a finding in its own account's folder`, () => {
      const more = layout === 'foreign' ? ['AWSGuardDutyFromCL', 'vimAlertEventAmazonGuardDuty'] : [];
      for (const name of ['GuardDutyFindings', 'GuardDutyFindingHistory', ...more]) {
        const want = one([own(genuine())], name);
        for (const rows of bothWays([own(genuine()), put(f, arrived)])) assert.deepEqual(one(rows, name), want, name);
      }
    });
  }
}

for (const [what, [f, arrived]] of Object.entries(FORGERIES)) {
  test(`foreign: ${what} changes nothing of a finding in an administrator's folder`, () => {
    const want = one([administrators(genuine())]);
    for (const rows of bothWays([administrators(genuine()), foreign(f, arrived)])) assert.deepEqual(one(rows), want);
  });
}

for (const what of [
  'the same update as a sample',
  'the same update as a sample by a text',
  'a newer update as a sample',
]) {
  test(`where no folder is better: ${what} makes no sample of the finding`, () => {
    for (const rows of bothWays([administrators(genuine()), administrators(...FORGERIES[what])]))
      assert.equal(one(rows).IsSample, false);
  });
}

test('where no folder is better, a time that cannot be right does not win', () => {
  for (const what of ['an update of 2099', 'an update of 9999', 'an update of tomorrow', 'an update of the year 1'])
    for (const rows of bothWays([administrators(genuine()), administrators(...FORGERIES[what])]))
      assert.equal(one(rows).Title, genuine().title, what);
});

test('a genuine update after an update of 2099 is what is shown', () => {
  const next = genuine({ updatedAt: '2026-11-20T06:01:00Z', severity: 5, service: { count: 2 } });
  const row = one([own(genuine()), foreign(...FORGERIES['an update of 2099']), own(next, '2026-11-20T06:07:00Z')]);
  assert.deepEqual([row.UpdatedAt.slice(0, 16), row.Severity, row.Updates], ['2026-11-20T06:01', 5, 2]);
});

test('an update of 2099 does not stand before what is newer: TimeGenerated is when it arrived', () => {
  const row = one([foreign(...FORGERIES['an update of 2099'])], 'GuardDutyFindingHistory');
  assert.deepEqual([row.TimeGenerated, row.UpdatedAt.slice(0, 4)], [EARLIER.replace('Z', '.0000000Z'), '2099']);
});

test('a finding that only a foreign folder holds is shown, and is marked', () => {
  for (const name of ['GuardDutyFindings', 'GuardDutyFindingHistory']) {
    const marks = ({ FolderAccount, FolderRank, ForeignFolder }) => [FolderAccount, FolderRank, ForeignFolder];
    assert.deepEqual(marks(one([foreign(genuine())], name)), [OTHER, 0, true]);
    assert.deepEqual(marks(one([administrators(genuine())], name)), [OTHER, 1, false]);
    assert.deepEqual(marks(one([own(genuine())], name)), [OWN, 2, false]);
    assert.deepEqual(marks(one([folderless(genuine())], name)), ['', 1, false]);
  }
});

test("an administrator's later and more severe update raises the severity, and nothing else", () => {
  const mine = own(genuine({ severity: 5 }));
  const worse = (more = {}) =>
    forged({ severity: 9, updatedAt: '2026-11-20T05:50:00Z', service: { count: 7 }, ...more });
  const want = one([mine]);
  const raised = { Severity: 9, SeverityLabel: 'Critical', HighestSeverity: 9, SeverityRaised: true };
  const history = (rows) => rowsOf(rows, 'GuardDutyFindingHistory').map((r) => [r.FolderRank, r.Severity]);
  for (const rows of bothWays([mine, administrators(worse(), LATER)])) {
    assert.deepEqual(one(rows), { ...want, ...raised });
    assert.deepEqual(history(rows).sort(), [
      [1, 9],
      [2, 5],
    ]);
  }
  const next = own(genuine({ severity: 6, updatedAt: '2026-11-20T05:55:00Z' }), LATER);
  const after = one([mine, administrators(worse(), LATER), next]);
  assert.deepEqual([after.Severity, after.SeverityRaised], [6, false], 'what the own folder says later is the newest');
  for (const [what, row] of Object.entries({
    'a sample': administrators(worse({ service: sample }), LATER),
    'less severe': administrators(worse({ severity: 4 }), LATER),
    'in a foreign folder': foreign(worse(), LATER),
  })) {
    assert.deepEqual(one([mine, row]), want, what);
    assert.deepEqual(history([mine, row]), [[2, 5]], what);
  }
  for (const updatedAt of ['2026-11-20T04:50:00Z', '2099-01-01T00:00:00Z', '1970-01-01T00:00:00Z'])
    assert.deepEqual(one([mine, administrators(worse({ updatedAt }), LATER)]), want, updatedAt);
  const low = administrators(worse({ severity: 2, updatedAt: '2026-11-20T05:58:00Z' }), LATER);
  assert.equal(one([mine, administrators(worse(), LATER), low]).Severity, 9, 'a later one does not hide it');
});

test('the rows of all folders, where they are asked for', () => {
  const rows = [own(genuine()), foreign(...FORGERIES['a newer update']), foreign(forged({ severity: 1 }))];
  assert.equal(rowsOf(rows, 'GuardDutyFindingHistory').length, 1);
  const all = rowsOf(rows, 'GuardDutyFindingHistory(allfolders=true) | order by FolderRank asc');
  assert.deepEqual(
    all.map((r) => [r.FolderRank, r.Title]),
    [
      [0, FORGED],
      [2, genuine().title],
    ],
    'the same update is one row, that of the better folder',
  );
});

test('a member and its administrator both export: one finding, one row for an update', () => {
  const second = genuine({ updatedAt: '2026-11-20T05:30:00Z', service: { count: 4 } });
  for (const put of [administrators, foreign]) {
    const rows = [genuine(), second].flatMap((f) => [own(f), put(f, EARLIER)]);
    for (const list of bothWays(rows)) {
      const row = one(list);
      assert.deepEqual([row.Updates, row.Count, row.FolderAccount], [2, 4, OWN]);
      assert.equal(rowsOf(list, 'GuardDutyFindingHistory').length, 2);
      assert.deepEqual(
        [...new Set(rowsOf(list, 'GuardDutyFindingHistory(allfolders=true)').map((r) => r.FolderAccount))],
        [OWN],
      );
      assert.deepEqual(shownOf(row), shownOf(one([own(genuine()), own(second)])));
    }
  }
});

test('the account of a folder is read from the key as the connector reads it', () => {
  const folder = (object) => one([own(genuine(), undefined, { SourceObject_s: object })]).FolderAccount;
  const tail = `${OWN}/GuardDuty/eu-central-1/2026/11/20/x.jsonl.gz`;
  for (const key of [
    `AWSLogs/${tail}`,
    `a/b/AWSLogs/${tail}`,
    `AWSLogs/o-abcdefghij/${tail}`,
    `AWSLogs/AWSLogs/${tail}`,
  ])
    assert.equal(folder(`s3://bucket/${key}`), OWN, key);
  const other = `AWSLogs/${OTHER}/GuardDuty/eu-central-1/2026/11/20/`;
  assert.equal(folder(`s3://bucket/AWSLogs/${OWN}/GuardDuty/${other}x.jsonl.gz`), OTHER);
  assert.equal(folder(`s3://bucket/${other}AWSLogs-${OWN}-GuardDuty.jsonl.gz`), OTHER);
  assert.equal(folder(`s3://bucket/AWSLogs/${OWN}/elsewhere.jsonl.gz`), '');
});

test('a finding of a global service lies in a folder of another Region, and that is its own', () => {
  const row = one([own(genuine(), undefined, { region: 'us-east-1' }), foreign(forged({ severity: 1 }), EARLIER)]);
  assert.deepEqual([row.Region, row.FolderRank, row.Severity], ['eu-central-1', 2, 8]);
});
