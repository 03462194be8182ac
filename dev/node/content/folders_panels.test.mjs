// What stands in one account's folder, in the workbook and in the hunting queries.
import assert from 'node:assert/strict';
import test from 'node:test';
import { engineOver } from './content.mjs';
import { administrators, foreign, genuine, OWN, own, rowIn } from './folders.mjs';
import { readHuntingQueries } from './hunting.mjs';
import { NOW, rowsOf } from './workbook/estate.mjs';
import { chosen, engine, show } from './workbook/stage.mjs';

const arriving = ({ ArrivedAt, ...row }) => ({ ...row, Arrived: ArrivedAt });
const over = (rows) => engine({ rows: rows.map(arriving), lines: [] });
const id = (n) => String(n).padStart(32, '0');

test('the finding that is chosen is that of its account and Region, whoever has one of the same id', () => {
  const of = (changes) => rowsOf([{ finding: { ...chosen.finding, ...changes }, arrived: chosen.IngestionTime }]);
  const single = engine({ rows: of({}), lines: [] });
  const beside = engine({
    rows: [
      ...of({ accountId: '999999999999', title: 'other' }),
      ...of({ region: 'sa-east-1', title: 'other' }),
      ...of({}),
    ],
    lines: [],
  });
  for (const name of ['finding-facts', 'finding-history', 'finding-link', 'finding-resource', 'finding-service'])
    assert.deepEqual(show(name, {}, beside).rows, show(name, {}, single).rows, name);
});

test('no finding of which the account or the Region is not a plain word can be chosen', () => {
  for (const odd of [{ accountId: "1' or '1'=='1" }, { region: "x'; //" }])
    assert.deepEqual(
      show('findings', {}, over([own(genuine(odd))])).rows.map((r) => r.FindingId),
      [''],
    );
});

test('the severity that an administrator raised is shown, and that it was raised', () => {
  const of = (more) => genuine({ id: chosen.FindingId, accountId: chosen.AccountId, region: chosen.Region, ...more });
  const worse = of({ severity: 9, updatedAt: '2026-11-20T06:00:00Z', service: { count: 7 } });
  const rows = over([rowIn(chosen.AccountId, of({ severity: 5 })), administrators(worse, '2026-11-20T06:02:00Z')]);
  assert.equal(show('findings', {}, rows).rows[0].Severity, 'Critical');
  const facts = show('finding-facts', {}, rows).rows;
  assert.equal(facts.find((r) => r.Fact === 'SeverityRaised').Value, 'true');
});

test('made-up findings of 2099 do not stay at the top of the newest', () => {
  const made = [1, 2, 3].map((n) =>
    foreign(genuine({ id: id(n), title: 'forged', updatedAt: '2099-01-01T00:00:00Z' })),
  );
  const newer = own(genuine({ updatedAt: '2026-11-20T06:00:00Z' }), '2026-11-20T06:02:00Z');
  for (const name of ['newest-high', 'findings'])
    assert.equal(show(name, {}, over([...made, newer])).rows[0].Title, 'T', name);
});

test('made-up findings make no account look fresh or late', () => {
  const mine = own(genuine());
  const made = [
    foreign(genuine({ id: id(1), updatedAt: '1970-01-01T00:00:00Z' }), '2026-11-20T09:00:00Z'),
    foreign(genuine({ id: id(2), updatedAt: '2099-01-01T00:00:00Z' }), '2026-11-20T09:00:00Z'),
  ];
  for (const name of ['delay', 'delay-over-time'])
    assert.deepEqual(show(name, {}, over([mine, ...made])).rows, show(name, {}, over([mine])).rows, name);
  const fresh = show('freshness', {}, over([mine, ...made])).rows;
  assert.deepEqual(
    fresh.map((r) => [r.AccountId, r.ForeignFolder, r.NewestArrival.slice(11, 16)]),
    [
      [OWN, true, '09:00'],
      [OWN, false, '05:57'],
    ],
  );
});

const found = (file, rows) => {
  const hunt = readHuntingQueries().find((h) => h.file === file);
  return engineOver(rows.map(({ ArrivedAt, ...row }) => row)).run(hunt.yaml.query, { now: new Date(NOW) }).rows;
};

test('made-up findings make no type and no origin known to the hunting queries', () => {
  const at = (day) => `2026-11-${day}T05:00:00Z`;
  const call = (day, n, more = {}) =>
    genuine({
      id: id(n),
      createdAt: at(day),
      updatedAt: at(day),
      ...more,
      service: {
        eventFirstSeen: at(day),
        eventLastSeen: at(day),
        action: {
          actionType: 'AWS_API_CALL',
          awsApiCallAction: {
            remoteIpDetails: { ipAddressV4: '192.0.2.7', country: { countryName: more.country ?? 'Norway' } },
          },
        },
      },
    });
  const known = own(call('01', 1, { type: 'Recon:EC2/Portscan' }), at('01'));
  const novel = own(call('22', 2, { country: 'Peru' }), at('22'));
  const made = foreign(call('02', 3, { country: 'Peru' }), at('02'));
  for (const file of ['GuardDutyNewTypeForAccount', 'GuardDutyNewOriginForAccount']) {
    const seen = (rows) => found(file, rows).map((r) => [r.Type ?? r.Origin, r.ForeignFolder]);
    const want = seen([known, novel]);
    assert.equal(want.length, 1, file);
    assert.deepEqual(seen([known, novel, made]), want, file);
  }
});
