// The table of finding types: its file, the parser made of it, and what Sentinel takes as tactics and techniques.
import assert from 'node:assert/strict';
import test from 'node:test';
import { TACTICS, TECHNIQUES } from './attack.mjs';
import { engineOver, readText } from './content.mjs';
import { findingTypesYaml, readFindingTypes } from './finding_types.mjs';

const { types, purposes } = readFindingTypes();

test('every type of the test data is listed, and the retired ones are marked', () => {
  const listed = new Map(types.map((t) => [t.type, t]));
  assert.equal(listed.size, types.length);
  const present = readText('dev/testdata/findings.jsonl')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).type);
  assert.equal(present.length, 224);
  for (const type of present) assert.ok(listed.get(type) && !listed.get(type).retired, type);
  assert.equal(types.filter((t) => !t.retired).length, 224);
});

test('every purpose of a type has tactics of its own', () => {
  const names = purposes.map((p) => p.purpose);
  for (const { type } of types) assert.ok(names.includes(type.split(':')[0]), type);
});

test('tactics, techniques and severities are such as Sentinel and ATT&CK have', () => {
  for (const { type, purpose, tactics, techniques, severity } of [...types, ...purposes]) {
    const what = type ?? purpose;
    assert.ok(tactics.length, what);
    for (const tactic of tactics) assert.ok(TACTICS.includes(tactic), `${what}: ${tactic}`);
    for (const technique of techniques) {
      assert.match(technique, /^T\d{4}(\.\d{3})?$/, what);
      assert.ok(TECHNIQUES[technique], `${what}: ${technique} is not a known technique`);
    }
    if (type) assert.ok(['', 'Low', 'Medium', 'High', 'Critical', 'Variable'].includes(severity), what);
  }
});

test('the parser is made of the file', () => {
  assert.equal(
    readText('sentinel/Parsers/GuardDutyFindingTypes.yaml'),
    findingTypesYaml({ types, purposes }),
    'run: node dev/node/content/finding_types.mjs',
  );
});

test('the parser gives every entry', () => {
  const rows = engineOver([]).run('GuardDutyFindingTypes').rows;
  assert.deepEqual(rows, [
    ...types.map((t) => ({
      Type: t.type,
      ThreatPurpose: t.type.split(':')[0],
      DefaultSeverity: t.severity,
      Tactics: t.tactics,
      Techniques: t.techniques,
      Detection: t.detection,
      IsRetired: t.retired === true,
    })),
    ...purposes.map((p) => ({
      Type: `${p.purpose}:*`,
      ThreatPurpose: p.purpose,
      DefaultSeverity: '',
      Tactics: p.tactics,
      Techniques: p.techniques,
      Detection: p.detection,
      IsRetired: false,
    })),
  ]);
});

test('techniques belong to a tactic of their entry, where ATT&CK has them under it', () => {
  const apart = new Set();
  for (const entry of [...types, ...purposes]) {
    for (const technique of entry.techniques)
      if (!TECHNIQUES[technique].some((t) => entry.tactics.includes(t))) apart.add(`${entry.tactics} ${technique}`);
  }
  // GuardDuty's purpose is kept as the tactic; the technique says what was done
  assert.deepEqual(
    [...apart].sort(),
    [
      'DefenseEvasion T1071.004',
      'DefenseEvasion T1572',
      'DefenseEvasion T1547.006',
      'Exfiltration T1530',
      'Persistence T1611',
      'CredentialAccess T1078',
      'Impact T1222',
    ].sort(),
  );
});
