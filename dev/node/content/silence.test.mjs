// The rule for one account or Region that had findings regularly and has none any more.
import assert from 'node:assert/strict';
import test from 'node:test';
import { alerts, readRules } from './rules.mjs';

const rule = readRules().find((r) => r.file === 'GuardDutyAccountSilent');
const START = Date.parse('2026-11-01T00:00:00Z');
const HOUR = 3600e3;
const DAY = 24;
const at = (hours) => new Date(START + hours * HOUR).toISOString();
const ACCOUNT = '222222222222';
const OTHERS = '333333333333';

/** A row of a finding that was made half an hour before it arrived, or `age` hours: the columns that the rule reads. */
const row = (hours, { account = ACCOUNT, region = 'eu-central-1', age = 0.5, folder = account, ...cells } = {}) => ({
  ArrivedAt: at(hours),
  TimeGenerated: at(hours - 0.1),
  createdAt_t: at(hours - age),
  updatedAt_t: at(hours - 0.1),
  accountId_s: account,
  region_s: region,
  SourceObject_s: `s3://b/AWSLogs/${folder}/GuardDuty/${region}/2026/11/01/x.jsonl.gz`,
  ...cells,
});

/** Rows at every `step` hours, from one hour to another. */
const every = (step, from, to, more = {}) =>
  Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, i) => row(from + i * step, more));

/** Findings of another account, in every hour. */
const alive = (from = 0, to = 20 * DAY) => every(1, from + 0.25, to, { account: OTHERS });

const heard = (of, rows, hour) => alerts(of, { rows }, at(hour)).map((r) => r.What);

/** What the runs of all hours say: the hour after `from`, and the account or Region. */
const said = (rows, from, to) =>
  Array.from({ length: to - from }, (_, i) => heard(rule, rows, from + i).map((what) => `${i} ${what}`)).flat();

const ONCE = '| where NewestBefore - LastNumber < SilenceAllowed\n';
/** The rule without that line: it says of every silence in every hour that it lasts. */
const lasting = { ...rule, yaml: { ...rule.yaml, query: rule.yaml.query.replace(ONCE, '') } };

/** The same, quicker: it looks into six hours only if another silence lasts at their end than at their beginning. */
function changes(rows, from, to) {
  const found = [];
  let before = heard(lasting, rows, from - 1).join();
  for (let hour = from; hour < to; hour += 6) {
    const after = heard(lasting, rows, hour + 5).join();
    if (after !== before)
      found.push(
        ...said(rows, hour, hour + 6).map((text) => text.replace(/^\d+/, (n) => `${Number(n) + hour - from}`)),
      );
    before = after;
  }
  return found;
}
const END = 12 * DAY;
const regular = (more = {}, step = 3) => every(step, 0.5, END, more);
const silence = (rows, hours = 90) => changes([...alive(), ...rows], END, END + hours);
const account = `account ${ACCOUNT}`;

test('an account that had findings every three hours and has none for a day is said once', () => {
  assert.ok(rule.yaml.query.includes(ONCE));
  const rows = [...alive(), ...regular()];
  assert.deepEqual(said(rows, END, END + 90), [`22 ${account}`]);
  assert.deepEqual(changes(rows, END, END + 90), [`22 ${account}`]);
});

test('what the alert says', () => {
  const [alert] = alerts(rule, { rows: [...alive(), ...regular()] }, at(END + 22));
  const { AccountId, Region, What, LastArrived, Days, NewFindings, LongestGap, SilenceAllowed, CloudName } = alert;
  assert.deepEqual(
    { AccountId, Region, What, LastArrived, Days, NewFindings, LongestGap, SilenceAllowed, CloudName },
    {
      AccountId: ACCOUNT,
      Region: 'all',
      What: account,
      LastArrived: at(END - 2.5).replace('Z', '0000Z'),
      Days: 10,
      NewFindings: 80,
      LongestGap: 3,
      SilenceAllowed: 24,
      CloudName: 'Amazon Web Services',
    },
  );
});

test('an account with longer gaps is allowed four times the longest', () => {
  assert.deepEqual(silence(regular({}, 12)), [`${-11.5 + 48 + 0.5} ${account}`]);
});

test('an account that seldom has findings is not watched', () => {
  assert.deepEqual(silence(regular({}, 36)), [], 'one in 36 hours: six or seven days of ten');
  assert.deepEqual(silence(every(3, 6 * DAY, END)), [], 'only for six days');
  const bursts = [0, 2, 5, 9].flatMap((day) => every(0.5, day * DAY, day * DAY + 12));
  assert.deepEqual(silence(bursts), [], 'many, on four days');
});

test('a long gap that happened before is not alerted again', () => {
  const weekend = [...every(2, 0.5, 5 * DAY), ...every(2, 7 * DAY, END)];
  assert.deepEqual(silence(weekend), []);
});

test('updates of old findings do not make an account regular, and show that it is not silent', () => {
  assert.deepEqual(silence(regular({ age: 60 * DAY })), []);
  const updates = every(6, END, END + 4 * DAY, { age: 60 * DAY });
  assert.deepEqual(silence([...regular(), ...updates]), []);
});

test('one Region of an account that has findings elsewhere', () => {
  const rows = [...regular(), ...every(3, 0.5, END + 4 * DAY, { region: 'us-east-1' })];
  assert.deepEqual(silence(rows), [`22 Region eu-central-1 of account ${ACCOUNT}`]);
  const [alert] = alerts(rule, { rows: [...alive(), ...rows] }, at(END + 22));
  assert.deepEqual([alert.AccountId, alert.Region], [ACCOUNT, 'eu-central-1']);
});

test('an account that is silent in all its Regions is one alert', () => {
  assert.deepEqual(silence([...regular(), ...regular({ region: 'us-east-1' })]), [`22 ${account}`]);
  const first = [...regular(), ...every(3, 0.5, END + 30, { region: 'us-east-1' })];
  assert.deepEqual(silence(first), [`22 Region eu-central-1 of account ${ACCOUNT}`, `52 ${account}`]);
});

test('silence of everything is not silence of an account', () => {
  const until = (hours) => [...alive(0, hours), ...regular()];
  assert.deepEqual(changes(until(END), END, END + 90), [], 'all at once');
  assert.deepEqual(changes(until(END + 10), END, END + 90), [], 'the others ten hours later');
  assert.deepEqual(changes(regular(), END, END + 90), [], 'the only account');
});

test('an outage of the connector does not count, and what it delays is not missed', () => {
  const outage = [END - 4, END + 40];
  const others = [...alive(0, outage[0]), ...alive(outage[1])];
  const resumed = every(3, outage[1] + 5, outage[1] + 50);
  assert.deepEqual(changes([...others, ...regular(), ...resumed], END, END + 90), [], 'it continues after the outage');
  assert.deepEqual(changes([...others, ...regular()], END, END + 80), [`64 ${account}`], 'it does not');
});

test('rows that show nothing: samples, and those that lie in foreign folders', () => {
  const later = (more) => every(3, END, END + 4 * DAY, more);
  for (const more of [{ folder: OTHERS, ForeignFolder_b: true }, { service_additionalInfo_sample_b: true }]) {
    assert.deepEqual(silence([...regular(), ...later(more)]), [`22 ${account}`]);
    assert.deepEqual(silence(regular(more)), [], 'they do not make it regular either');
  }
});

test("another folder, such as an administrator's, shows life only of an account that has none of its own", () => {
  const theirs = { folder: OTHERS };
  const later = every(3, END, END + 4 * DAY, theirs);
  assert.deepEqual(silence([...regular(), ...later]), [`22 ${account}`]);
  assert.deepEqual(silence([...regular(), ...regular(theirs), ...later]), [`22 ${account}`], 'both export');
  assert.deepEqual(silence([...regular(theirs), ...later]), []);
  assert.deepEqual(silence(regular(theirs)), [`22 ${account}`]);
});

test('a second silence is said again', () => {
  const again = every(3, END + 30.5, END + 40);
  assert.deepEqual(silence([...regular(), ...again], 150), [`22 ${account}`]);
  const back = every(3, END + 26.5, END + 13 * DAY);
  const rows = [...alive(0, 30 * DAY), ...regular(), ...back];
  assert.deepEqual(
    changes(rows, END + 12 * DAY, END + 16 * DAY).map((s) => s.replace(/^\d+ /, '')),
    [account],
  );
});
