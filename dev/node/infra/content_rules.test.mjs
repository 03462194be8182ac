// Analytics rules and hunting queries as resources, over files made for a test.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { parseYaml } from '../content/yaml.mjs';
import { deploy } from './deployment.mjs';
import { text } from './templates.mjs';

/** The module of a kind of content over files of its own, which stand in the list instead of the real ones. */
function deployedOver(module, list, yaml, params) {
  const root = mkdtempSync(path.join(tmpdir(), 'content-'));
  try {
    mkdirSync(path.join(root, 'modules/content'), { recursive: true });
    for (const [i, file] of yaml.entries()) writeFileSync(path.join(root, `${i}.yaml`), file);
    const lines = yaml.map((_, i) => `  loadYamlContent('../../${i}.yaml')\n`).join('');
    const source = text(`infra/modules/content/${module}.bicep`).replace(
      new RegExp(`(var ${list} \\w+\\[\\] = \\[\\n)[^]*?(?=\\]\\n)`),
      (_, head) => head + lines,
    );
    const file = path.join(root, `modules/content/${module}.bicep`);
    writeFileSync(file, source);
    return deploy(file, { workspaceName: 'law-soc', ...params }).resources.map((r) => ({
      id: r.id,
      name: r.name,
      ...r.body,
    }));
  } finally {
    rmSync(root, { recursive: true });
  }
}

const least = readFileSync(new URL('testdata/rule-least.yaml', import.meta.url), 'utf8');
const most = readFileSync(new URL('testdata/rule-most.yaml', import.meta.url), 'utf8');
const [leastMade, mostMade] = deployedOver('rules', 'rules', [least, most], { enabled: true, disabledRules: [] });

test('a rule is made under its id, with its spans, operator and techniques as the resource has them', () => {
  assert.match(
    leastMade.id,
    /\/workspaces\/law-soc\/providers\/Microsoft\.SecurityInsights\/alertRules\/a0000000-0000-4000-8000-000000000001$/,
  );
  assert.equal(leastMade.kind, 'Scheduled');
  const { query, ...rest } = leastMade.properties;
  assert.equal(query, 'GuardDutyFindings\n| where Severity >= 7\n');
  assert.deepEqual(rest, {
    displayName: 'The least of a rule',
    description: 'One line.',
    enabled: true,
    severity: 'High',
    queryFrequency: 'PT5M',
    queryPeriod: 'PT47H',
    triggerOperator: 'GreaterThan',
    triggerThreshold: 0,
    suppressionEnabled: false,
    suppressionDuration: 'PT5H',
    tactics: ['InitialAccess'],
    techniques: ['T1078', 'T1110'],
    entityMappings: null,
    eventGroupingSettings: null,
    customDetails: null,
    alertDetailsOverride: null,
    templateVersion: '1.0.0',
    incidentConfiguration: {
      createIncident: true,
      groupingConfiguration: {
        enabled: false,
        reopenClosedIncident: false,
        lookbackDuration: 'PT5H',
        matchingMethod: 'AllEntities',
        groupByEntities: [],
        groupByAlertDetails: [],
        groupByCustomDetails: [],
      },
    },
  });
});

test('what a rule says of entities, alert and incident is carried over', () => {
  const yaml = parseYaml(most);
  const made = mostMade.properties;
  for (const key of ['entityMappings', 'eventGroupingSettings', 'customDetails', 'alertDetailsOverride'])
    assert.deepEqual(made[key], yaml[key], key);
  assert.deepEqual(made.incidentConfiguration, {
    createIncident: false,
    groupingConfiguration: {
      ...yaml.incidentConfiguration.groupingConfiguration,
      lookbackDuration: 'P7D',
      groupByEntities: [],
    },
  });
  assert.deepEqual(
    [made.queryFrequency, made.queryPeriod, made.triggerOperator, made.suppressionEnabled, made.suppressionDuration],
    ['P1D', 'P14D', 'LessThan', true, 'P1D'],
  );
});

test('a rule with a field or a value that the template does not know is refused', () => {
  for (const [from, to, why] of /** @type {any[][]} */ ([
    ['severity: High', 'severity: Critical', /severity: "Critical"/],
    ['kind: Scheduled', 'kind: Scheduled\nalertRuleTemplateName: x', /no property alertRuleTemplateName/],
    ['triggerThreshold: 0', "triggerThreshold: '0'", /triggerThreshold: "0" is not int/],
    ['version: 1.0.0\n', '', /version: undefined/],
  ])) {
    assert.throws(
      () => deployedOver('rules', 'rules', [least.replace(from, to)], { enabled: true, disabledRules: [] }),
      why,
    );
  }
});

test('a hunting query is a saved search with its tactics and techniques', () => {
  const [made] = deployedOver('hunting', 'hunts', [
    readFileSync(new URL('testdata/hunt.yaml', import.meta.url), 'utf8'),
  ]);
  assert.equal(made.name, 'b0000000-0000-4000-8000-000000000001');
  assert.deepEqual(made.properties, {
    etag: '*',
    category: 'Hunting Queries',
    displayName: 'A hunt',
    query: 'GuardDutyFindings\n| take 10\n',
    version: 2,
    tags: [
      { name: 'description', value: 'Two lines\nof text.' },
      { name: 'tactics', value: 'Discovery,Impact' },
      { name: 'techniques', value: 'T1526,T1078.004' },
    ],
  });
});

test('the rules are made on, or all of them off', () => {
  for (const enabled of [true, false])
    assert.equal(
      deployedOver('rules', 'rules', [least], { enabled, disabledRules: [] })[0].properties.enabled,
      enabled,
    );
});
