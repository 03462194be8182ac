// Many findings in one account's folder push no other alerts into the one that Sentinel makes of all beyond 150.
import assert from 'node:assert/strict';
import test from 'node:test';
import { engineOver } from './content.mjs';
import { administrators, folderless, foreign, genuine, OTHER, OWN, own } from './folders.mjs';
import { alerts, readRules } from './rules.mjs';
import { ARRIVING } from './scenario.mjs';

const rules = new Map(readRules().map((r) => [r.file, r]));
const id = (n) => String(n).padStart(32, '0');
const ofRule = (rule, rows, now = '2026-11-20T06:00:00Z') => alerts(rules.get(rule), { rows }, now);
const run = (rows, query) => engineOver(rows, ARRIVING).run(query, { now: new Date('2026-11-20T06:00:00Z') }).rows;
const titles = (rows) => rows.map((r) => r.Title);

/** Made-up findings, each of an account of its own. */
const made = (count, put, more = {}) =>
  Array.from({ length: count }, (_, i) =>
    put(genuine({ id: id(i), accountId: String(400000000000 + i), title: `forged ${i}`, severity: 9, ...more })),
  );

for (const [layout, put] of Object.entries({ foreign, administrators })) {
  test(`${layout}: of 200 findings 20 alert, one more says how many the others are, and the genuine one alerts`, () => {
    for (const rows of [
      [...made(200, put), own(genuine({ severity: 5 }))],
      [own(genuine({ severity: 5 })), ...made(200, put)],
    ]) {
      const found = ofRule('GuardDutyCryptoMining', rows);
      assert.equal(found.length, 22);
      assert.equal(found.filter((r) => r.Title === 'T' && r.FolderAccount === OWN).length, 1);
      const rest = found.filter((r) => r.Title.includes('more findings'));
      assert.equal(rest.length, 1);
      assert.match(rest[0].Title, new RegExp(`^180 more findings in the folder of ${OTHER}, such as: forged \\d+$`));
      const [query] = /GuardDutyFindingHistory.* desc/.exec(rest[0].Description);
      assert.equal(run(rows, query).length, 200, 'the description says where all of them are');
    }
  });
}

test('the most severe have an alert each, and nothing is called a rest that is one finding', () => {
  const mild = made(30, foreign, { severity: 4 });
  const severe = made(5, foreign, { severity: 10 }).map((row, i) => ({ ...row, id_s: id(90 + i), id_g: null }));
  const found = ofRule('GuardDutyCryptoMining', [...mild, ...severe]);
  assert.deepEqual([found.length, found.filter((r) => r.Severity === 10).length], [21, 5]);
  assert.equal(found.filter((r) => /^15 more findings/.test(r.Title)).length, 1);
  for (const count of [20, 21]) {
    const all = titles(ofRule('GuardDutyCryptoMining', made(count, foreign)));
    assert.deepEqual([all.length, all.filter((t) => t.includes('more')).length], [count, 0]);
  }
});

test('each folder is counted for itself, and rows without a folder by their account', () => {
  const mine = Array.from({ length: 30 }, (_, i) => own(genuine({ id: id(i) })));
  assert.equal(ofRule('GuardDutyCryptoMining', [...mine, ...made(30, foreign)]).length, 51);
  assert.equal(ofRule('GuardDutyCryptoMining', made(30, folderless)).length, 30);
});

test('late findings of all kinds together, escalations and brute force are limited too', () => {
  const types = ['CryptoCurrency:EC2/BitcoinTool.B', 'Trojan:EC2/DropPoint', 'Backdoor:EC2/Spambot'];
  const old = types.flatMap((type, i) =>
    made(30, foreign, { type, createdAt: '2026-11-17T00:00:00Z' }).map((row) => ({ ...row, region_s: `r-${i}` })),
  );
  assert.equal(ofRule('GuardDutyFindingLate', old, '2026-11-20T07:00:00Z').length, 21);
  const probe = (count, time) =>
    made(30, foreign, {
      type: 'Recon:EC2/PortProbeUnprotectedPort',
      severity: 2,
      updatedAt: `2026-11-20T${time}:00Z`,
      service: { count },
    }).map((row) => ({ ...row, ArrivedAt: `2026-11-20T${time}:30Z` }));
  const escalated = ofRule('GuardDutyFindingEscalates', [...probe(20, '04:10'), ...probe(200, '05:10')]);
  assert.equal(escalated.length, 21);
  assert.match(
    titles(escalated).find((t) => t.includes('more')),
    /^10 more findings/,
  );
  const login = made(30, foreign, { type: 'CredentialAccess:RDS/AnomalousBehavior.SuccessfulBruteForce' });
  assert.equal(ofRule('GuardDutyBruteForceSucceeded', login).length, 21);
});

test('all alerts of a day, where they are asked for', () => {
  const query = 'GuardDutyFindingAlerts(window=1d, perfolder=100000)';
  assert.equal(run(made(50, foreign), query).length, 50);
  assert.equal(run(made(50, foreign), query.replace(', perfolder=100000', '')).length, 21);
});
