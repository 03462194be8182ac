// Which values the boxes of the portal's form take.
import assert from 'node:assert/strict';
import test from 'node:test';
import { element, outputs } from './form.mjs';
import { contract, files, text } from './templates.mjs';

const [main] = files;
const param = (name) => main.params.find((p) => p.name === name);

/** The first text that a box of the form shows for a value; undefined when it takes it. */
const refusal = (step, name, value) =>
  element(step, name).constraints.validations.find((v) => v.regex && !new RegExp(v.regex).test(value))?.message;

/** The boxes of a setting. */
const boxesOf = ({ bicep }) =>
  [...(outputs[bicep.parameter] ?? '').matchAll(/steps\('(\w+)'\)\.(\w+)/g)]
    .map(([, step, name]) => element(step, name))
    .filter((e) => e.type === 'Microsoft.Common.TextBox');

test('the form takes what the connector takes of each setting, and refuses what it refuses', () => {
  const examples = JSON.parse(text('handler/internal/config/testdata/examples.json'));
  const asked = Object.values(contract).filter((s) => boxesOf(s).length);
  assert.deepEqual(asked.map((s) => s.name).sort(), Object.keys(examples).sort());
  for (const setting of asked) {
    const { taken, refused } = examples[setting.name];
    for (const { step, name } of boxesOf(setting)) {
      for (const value of taken) assert.equal(refusal(step, name, value), undefined, `${setting.name}=${value}`);
      for (const value of refused) assert.ok(refusal(step, name, value), `${setting.name}=${value}`);
      if (!setting.maxLength) continue;
      assert.equal(refusal(step, name, 'a'.repeat(setting.maxLength)), undefined, setting.name);
      assert.ok(refusal(step, name, 'a'.repeat(setting.maxLength + 1)), setting.name);
    }
  }
});

test('the box of the schedule says which field is wrong', () => {
  const wrong = {
    '*/5 * * * *': /^Six/,
    '* */5 * * * *': /^The first/,
    '0 60 * * * *': /^The second/,
    '0 0 24 * * *': /^The third/,
    '0 0 0 32 * *': /^The fourth/,
    '0 0 0 * 13 *': /^The fifth/,
    '0 0 0 * * 7': /^The sixth/,
  };
  for (const [value, which] of Object.entries(wrong)) assert.match(refusal('source', 'schedule', value), which);
});

const regex = (step, name) => new RegExp(element(step, name).constraints.validations.find((v) => v.regex).regex);

for (const [step, name, good, bad] of [
  ['workspace', 'stem', ['guardduty', 'ab', 'a-b-c-d-e-fg', 'a1'], ['a', '1a', 'a--b', 'ab-', 'abcdefghijklm', 'a_b']],
  ['alerts', 'emails', ['a@b.c', 'a@b.c,d@e.f'], ['a', 'a@b.c, d@e.f', 'a@b.c;d@e.f', 'a@b.c,']],
  [
    'network',
    'prefix',
    ['10.110.0.0/24', '192.168.4.0/25', '10.0.0.0/8'],
    ['10.0.0.0', '10.0.0.0/26', '10.0.0.256/24', '10.0.0/24', '::/64'],
  ],
  [
    'network',
    'natGateway',
    ['/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/natGateways/n'],
    ['n', '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/n'],
  ],
]) {
  test(`${step}.${name} takes good values and no bad ones`, () => {
    for (const value of good) assert.match(value, regex(step, name));
    for (const value of bad) assert.doesNotMatch(value, regex(step, name));
  });
}

test('a number is within the bounds of its parameter', () => {
  for (const [name, of] of Object.entries({
    retentionInDays: ['table', 'retention'],
    totalRetentionInDays: ['table', 'totalRetention'],
    alertFailedRuns: ['alerts', 'failedRuns'],
    alertLagMinutes: ['alerts', 'lagMinutes'],
  })) {
    const [least, most] = ['minValue', 'maxValue'].map((bound) => Number(param(name).decorators[bound][0].text));
    for (let value = least; value <= most; value++) assert.match(String(value), regex(...of), name);
    for (const value of [least - 1, most + 1, most * 10, `0${least}`, '', '1.5', '-5'])
      assert.doesNotMatch(String(value), regex(...of), name);
  }
});

test('where the connector has a pattern, the form has the same', () => {
  for (const setting of Object.values(contract).filter((s) => s.pattern)) {
    for (const { name, constraints } of boxesOf(setting)) {
      assert.equal(constraints.validations[0].regex, `^${setting.pattern}$`, `${setting.name}: ${name}`);
    }
  }
});
