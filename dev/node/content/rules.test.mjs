// The form of the analytics rules: their fields, ids, schedule, what they map, and what Sentinel refuses.
import assert from 'node:assert/strict';
import test from 'node:test';
import { TACTICS, TECHNIQUES } from './attack.mjs';
import { readText } from './content.mjs';
import { ENTITIES } from './entities.mjs';
import { check, columns, readRules, seconds } from './rules.mjs';

const rules = readRules();
const HOUR = 3600;

const FIELDS = [
  'id',
  'name',
  'description',
  'severity',
  'status',
  'requiredDataConnectors',
  'queryFrequency',
  'queryPeriod',
  'triggerOperator',
  'triggerThreshold',
  'tactics',
  'relevantTechniques',
  'query',
  'entityMappings',
  'eventGroupingSettings',
  'customDetails',
  'alertDetailsOverride',
  'incidentConfiguration',
  'version',
  'kind',
];

/** Ids never change: Sentinel knows a rule by its id. */
const IDS = JSON.parse(readText('dev/node/content/ids.json'));

test('there are rules, and each has the id it always had', () => {
  assert.ok(rules.length >= 12);
  assert.deepEqual(
    Object.fromEntries(rules.map((r) => [r.file, r.yaml.id])),
    IDS.rules,
    'a new rule gets a new GUID in ids.json; an old one keeps its own',
  );
  assert.equal(new Set(Object.values(IDS.rules)).size, rules.length);
  assert.equal(new Set(rules.map((r) => r.yaml.name)).size, rules.length);
});

const placeholders = (text) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map((m) => m[1]);

for (const rule of rules) {
  const { file, yaml } = rule;

  test(`${file}: fields`, () => {
    assert.deepEqual(Object.keys(yaml), FIELDS);
    assert.match(yaml.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.match(yaml.version, /^\d+\.\d+\.\d+$/);
    assert.equal(yaml.kind, 'Scheduled');
    assert.ok(yaml.name.startsWith('GuardDuty - ') && yaml.name.length <= 256);
    assert.ok(yaml.description.length > 100 && yaml.description.length <= 5000);
    assert.ok(['High', 'Medium', 'Low', 'Informational'].includes(yaml.severity));
    assert.deepEqual(yaml.requiredDataConnectors, [
      { connectorId: 'AmazonGuardDutyS3Export', dataTypes: ['AWSGuardDuty_CL'] },
    ]);
    assert.deepEqual([yaml.triggerOperator, yaml.triggerThreshold], ['gt', 0]);
    assert.deepEqual(yaml.eventGroupingSettings, { aggregationKind: 'AlertPerResult' });
  });

  test(`${file}: a schedule that Sentinel takes`, () => {
    const every = seconds(yaml.queryFrequency);
    const period = seconds(yaml.queryPeriod);
    assert.ok(every >= 300 && every <= 14 * 24 * HOUR);
    assert.ok(period >= every && period <= 14 * 24 * HOUR);
    // "When 'queryPeriod' greater than or equal to 2 days, the 'queryFrequency' should be greater than or equal to 1
    // hour"
    if (period >= 48 * HOUR) assert.ok(every >= HOUR);
    assert.ok(yaml.query.length <= 10000);
  });

  test(`${file}: looks at what arrived since it last ran`, () => {
    const spans = [...yaml.query.matchAll(/window=(\d+[mhd])|now\(\) - (\d+[mhd])|Now - (\d+h)/gi)].map(
      (m) => m[1] ?? m[2] ?? m[3],
    );
    assert.ok(spans.includes(yaml.queryFrequency), spans.join());
    // the query runs after the end of its period: what arrived in between is left to the next run
    if (file !== 'GuardDutyConnectorSilent')
      assert.match(
        yaml.query,
        /GuardDutyFinding(Changes|Alerts)\(window=|arriveduntil=now\(\)|ingestion_time\(\) <= now\(\)/,
      );
    // all that arrived before is in sight: an hour more than the age of what the rule judges
    if (/GuardDutyFinding(Changes|Alerts)\(window=5m/.test(yaml.query)) assert.equal(yaml.queryPeriod, '47h');
    if (yaml.query.includes('maxage=36500d')) assert.equal(yaml.queryPeriod, '14d');
  });

  test(`${file}: tactics and techniques`, () => {
    assert.ok(yaml.tactics.length);
    for (const tactic of yaml.tactics) assert.ok(TACTICS.includes(tactic), tactic);
    for (const technique of yaml.relevantTechniques) {
      assert.ok(TECHNIQUES[technique], technique);
      assert.ok(
        TECHNIQUES[technique].some((t) => yaml.tactics.includes(t)),
        `${technique} is none of ${yaml.tactics}`,
      );
    }
  });

  test(`${file}: parses, binds, and has every column that is mapped`, () => {
    assert.deepEqual(check(rule), []);
    const has = columns(rule);
    assert.ok(yaml.entityMappings.length >= 1 && yaml.entityMappings.length <= 10);
    for (const { entityType, fieldMappings } of yaml.entityMappings) {
      assert.ok(fieldMappings.length <= 3);
      for (const { identifier, columnName } of fieldMappings) {
        assert.ok(ENTITIES[entityType]?.includes(identifier), `${entityType}.${identifier}`);
        assert.equal(has[columnName], 'string', columnName);
      }
    }
    const details = yaml.customDetails;
    assert.ok(Object.keys(details).length <= 20);
    for (const [name, column] of Object.entries(details)) {
      assert.match(name, /^\w+$/);
      assert.ok(has[column] && has[column] !== 'dynamic', `${name}: ${column} is ${has[column]}`);
    }
    const {
      alertDisplayNameFormat,
      alertDescriptionFormat,
      alertSeverityColumnName,
      alertTacticsColumnName,
      alertDynamicProperties = [],
    } = yaml.alertDetailsOverride;
    for (const text of [alertDisplayNameFormat, alertDescriptionFormat]) {
      assert.ok(placeholders(text).length >= 1 && placeholders(text).length <= 3, text);
      for (const column of placeholders(text)) assert.ok(has[column] && has[column] !== 'dynamic', column);
    }
    for (const column of [
      alertSeverityColumnName,
      alertTacticsColumnName,
      ...alertDynamicProperties.map((p) => p.value),
    ]) {
      if (column) assert.equal(has[column], 'string', column);
    }
  });

  test(`${file}: one incident for one thing`, () => {
    const { createIncident, groupingConfiguration } = yaml.incidentConfiguration;
    assert.equal(createIncident, true);
    assert.equal(groupingConfiguration.enabled, true);
    assert.equal(groupingConfiguration.matchingMethod, 'Selected');
    // the docs promise it: an incident is opened again within seven days
    assert.deepEqual(
      [groupingConfiguration.lookbackDuration, groupingConfiguration.reopenClosedIncident],
      ['7d', true],
    );
    assert.ok(groupingConfiguration.groupByCustomDetails.length >= 1);
    for (const name of groupingConfiguration.groupByCustomDetails) assert.ok(name in yaml.customDetails, name);
  });
}

test('rules about findings all say the same things of a finding', () => {
  const shared = [
    'FindingId',
    'FindingType',
    'FindingSeverity',
    'Change',
    'AccountId',
    'Region',
    'Resource',
    'Count',
    'Tactics',
    'Techniques',
    'ForeignFolder',
  ];
  const ofFindings = rules.filter((r) => /GuardDutyFinding(Changes|Alerts)\(/.test(r.yaml.query));
  assert.equal(ofFindings.length, 15);
  assert.deepEqual(ofFindings[0].yaml.alertDetailsOverride, {
    alertDisplayNameFormat: 'GuardDuty {{SeverityLabel}}: {{Title}}',
    alertDescriptionFormat: '{{Description}}',
    alertSeverityColumnName: 'AlertSeverity',
    alertTacticsColumnName: 'Tactic',
    alertDynamicProperties: [{ alertProperty: 'AlertLink', value: 'ConsoleLink' }],
  });
  assert.deepEqual(ofFindings[0].yaml.incidentConfiguration.groupingConfiguration.groupByCustomDetails, [
    'FindingId',
    'AccountId',
    'Region',
  ]);
  for (const { file, yaml } of ofFindings) {
    assert.deepEqual(Object.keys(yaml.customDetails).slice(0, shared.length), shared, file);
    assert.deepEqual(yaml.alertDetailsOverride, ofFindings[0].yaml.alertDetailsOverride, file);
    assert.deepEqual(yaml.incidentConfiguration, ofFindings[0].yaml.incidentConfiguration, file);
  }
});
