// The alert rules of infra/modules/alerts.bicep as they are deployed, beside their queries and the pages about them.
// alerts.test.mjs has when they fire.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { componentId, documented, failed, minutesOf, ruleId, rules, rulesOf } from './alerts.mjs';
import { at, deployed, keyPair, settingsOf, text } from './templates.mjs';

test('the sample lines have the fields that docs/operations.md names, no more and no fewer', () => {
  const fields = Object.keys(JSON.parse(failed(1).Message)).filter(
    (name) => !['time', 'level', 'msg', 'invocation_id'].includes(name),
  );
  assert.deepEqual(fields.sort(), [...documented].sort());
});

test('the queries read only documented fields', () => {
  for (const [name, rule] of Object.entries(rules)) {
    for (const [, field] of rule.criteria.allOf[0].query.matchAll(/\bLine\.(\w+)/g)) {
      assert.ok([...documented, 'msg', 'invocation_id'].includes(field), `${name}: ${field}`);
    }
  }
});

test('every query file is a rule, and those about runs begin alike', () => {
  const files = readdirSync(at('infra/alerts'))
    .map((f) => f.replace('.kql', ''))
    .sort();
  assert.deepEqual(Object.keys(rules).sort(), files);
  const heads = files
    .filter((f) => f !== 'rows-refused')
    .map((f) => text(`infra/alerts/${f}.kql`).split('\n').slice(1, 8).join('\n'));
  assert.equal(new Set(heads).size, 1);
});

test('no placeholder is left in a query, and the two resources are in it', () => {
  for (const [name, rule] of Object.entries(rules)) {
    const { query } = rule.criteria.allOf[0];
    assert.doesNotMatch(query, /COMPONENT_ID|RULE_ID/, name);
    assert.ok(query.includes(name === 'rows-refused' ? ruleId : componentId), name);
  }
});

test('docs/cost.md counts what the default ceiling lets through', () => {
  const { MAX_PAIR_MB, GUARDDUTY_SCHEDULE } = settingsOf(keyPair);
  assert.equal(GUARDDUTY_SCHEDULE, '0 */5 * * * *');
  const [run, alerted, day] = text('docs/cost.md')
    .split('| | GB, at most | USD, at most |')[1]
    .split('\n\n')[0]
    .split('\n')
    .slice(2)
    .map((row) => row.replaceAll(',', '').split('|').slice(2, 4).map(Number));
  const lag = Number(/now\(\) - (\d+)m/.exec(text('infra/alerts/bytes-unusual.kql'))[1]);
  const runs = Math.floor((minutesOf(rules['bytes-unusual'].evaluationFrequency) + lag) / 5) + 1;
  const cost = (n) => [(n * Number(MAX_PAIR_MB)) / 1000, (5 * n * Number(MAX_PAIR_MB)) / 1000];
  assert.deepEqual([run, alerted, day], [cost(1), cost(runs), cost(288)]);
});

test('a description says what is expected, and where to read on', () => {
  for (const [name, said] of /** @type {[string, RegExp][]} */ ([
    ['bytes-unusual', /Expected while a backlog .*LagHours/],
    ['pairs-capped', /MAX_PAIR_MB.*Expected while a backlog .*"A ceiling per account and Region"/],
    ['foreign-findings', /ADMINISTRATOR_ACCOUNTS.*"Findings in another account's folder"/],
  ]))
    assert.match(rules[name].description, said);
});

test('no alert about the quarantine mutes the one about a flood', () => {
  assert.equal(rules['quarantine-filling'].muteActionsDuration, 'P1D');
  assert.equal(rules['quarantine-flooded'].muteActionsDuration, null);
});

test('a rule looks at each line twice, resolves automatically or is mute for a time', () => {
  for (const [name, rule] of Object.entries(rules)) {
    assert.ok(2 * minutesOf(rule.evaluationFrequency) <= minutesOf(rule.windowSize), name);
    assert.equal(rule.autoMitigate, rule.muteActionsDuration === null, name);
    assert.ok(rule.severity >= 1 && rule.severity <= 3, name);
    assert.ok(rule.scopes.length === 1 && rule.scopes[0].endsWith('/workspaces/law-soc'), name);
    assert.ok(rule.displayName && rule.description, name);
  }
});

test('the parameters switch rules, widen the window and name the receivers', () => {
  const on = (params) =>
    Object.entries(rulesOf(params))
      .filter(([, rule]) => rule.enabled)
      .map(([name]) => name);
  assert.equal(on({}).length, 13);
  assert.deepEqual(on({ alertsEnabled: false }), []);
  assert.ok(!on({ alertOnSilentFeed: false }).includes('feed-silent'));
  assert.equal(rulesOf({ alertWindow: 'PT6H' })['runs-missing'].windowSize, 'PT6H');
  assert.equal(rulesOf({ alertFailedRuns: 1 })['runs-failing'].criteria.allOf[0].threshold, 1);
  assert.equal(rulesOf({ alertLagMinutes: 300 })['watermark-behind'].criteria.allOf[0].threshold, 300);
  const { resources } = deployed({
    alertEmails: ['soc@example.com'],
    alertActionGroupIds: ['/other'],
  });
  const group = resources.find((r) => r.type === 'Microsoft.Insights/actionGroups');
  assert.deepEqual(
    group.body.properties.emailReceivers.map((r) => r.emailAddress),
    ['soc@example.com'],
  );
  for (const rule of resources.filter((r) => r.symbol === 'alerts'))
    assert.deepEqual(rule.body.properties.actions.actionGroups, [group.id, '/other']);
});
