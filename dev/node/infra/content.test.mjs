// What infra/modules/content.bicep deploys of sentinel/: every file once, under
// names that stay, and with what the files say.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { engineOver, readParsers, readYaml } from '../content/content.mjs';
import { contentTypes, deployed, files, keyless, keyPair, one, only, shape, text } from './templates.mjs';

const SEARCHES = 'Microsoft.OperationalInsights/workspaces/savedSearches';
const RULES = 'Microsoft.SecurityInsights/alertRules';
const CARD = 'Microsoft.SecurityInsights/dataConnectorDefinitions';
const workspace = /\/providers\/Microsoft\.OperationalInsights\/workspaces\/law-soc\//;

/** The YAML files of a folder of sentinel/, by name. */
const yamlOf = (folder) =>
  Object.fromEntries(readYaml(`sentinel/${folder}`).map(({ file, yaml }) => [`${file}.yaml`, yaml]));
const rules = yamlOf('Analytic Rules');
const hunts = yamlOf('Hunting Queries');

const hunting = (given) => only(given, SEARCHES).filter((r) => r.body.properties.category === 'Hunting Queries');
const functionsOf = (given) => only(given, SEARCHES).filter((r) => r.body.properties.functionAlias);
const contentOf = ({ resources }) => resources.filter((r) => contentTypes.includes(r.type));

for (const [module, folder] of [
  ['parsers', 'Parsers'],
  ['rules', 'Analytic Rules'],
  ['hunting', 'Hunting Queries'],
]) {
  test(`${module}.bicep lists each file of sentinel/${folder} once`, () => {
    const loaded = /loadYamlContent\('\.\.\/\.\.\/\.\.\/sentinel\/([^']+)'\)/g;
    const listed = [...text(`infra/modules/content/${module}.bicep`).matchAll(loaded)].map((m) => m[1]);
    assert.deepEqual(
      listed.sort(),
      Object.keys(yamlOf(folder)).map((name) => `${folder}/${name}`),
    );
  });
}

test('the content is beside the table, in the workspace', () => {
  const kinds = Object.fromEntries(contentTypes.map((type) => [type, only(keyPair, type).length]));
  assert.deepEqual(kinds, {
    [SEARCHES]: readParsers().length + Object.keys(hunts).length,
    [RULES]: Object.keys(rules).length,
    'Microsoft.Insights/workbooks': 1,
    [CARD]: 1,
  });
  for (const { type, id } of contentOf(keyPair))
    if (type !== 'Microsoft.Insights/workbooks') assert.match(id, workspace);
  assert.deepEqual(
    contentOf(keyless).map((r) => r.id),
    contentOf(keyPair).map((r) => r.id),
  );
});

const times = 'starttime:datetime=datetime(null), endtime:datetime=datetime(null)';
const arrivals = `${times}, arrivedsince:datetime=datetime(null), arriveduntil:datetime=datetime(null)`;
const lists = (...names) => names.map((name) => `${name}:dynamic=dynamic([])`).join(', ');
const parameters = {
  GuardDutyFindings: times,
  GuardDutyRows: arrivals,
  GuardDutyFindingHistory: `${arrivals}, allfolders:bool=false`,
  GuardDutyFindingChanges: 'window:timespan=5m, minage:timespan=0s, maxage:timespan=46h, lag:timespan=0s',
  GuardDutyFindingAlerts:
    'window:timespan=5m, minage:timespan=0s, maxage:timespan=46h, lag:timespan=0s, '
    + 'detection:string="*", perfolder:int=20',
  GuardDutyFindingTypes: '',
  AWSGuardDutyFromCL: times,
  ASimAlertEventAmazonGuardDuty: 'disabled:bool=false, pack:bool=false',
  ASimNetworkSessionAmazonGuardDuty: 'disabled:bool=false, pack:bool=false',
  vimAlertEventAmazonGuardDuty: `${times}, ${lists(
    'ipaddr_has_any_prefix',
    'hostname_has_any',
    'username_has_any',
    'attacktactics_has_any',
    'attacktechniques_has_any',
    'threatcategory_has_any',
    'alertverdict_has_any',
    'eventseverity_has_any',
  )}, disabled:bool=false, pack:bool=false`,
  vimNetworkSessionAmazonGuardDuty: [
    times,
    lists('srcipaddr_has_any_prefix', 'dstipaddr_has_any_prefix', 'ipaddr_has_any_prefix'),
    'dstportnumber:int=int(null)',
    lists('hostname_has_any', 'dvcaction'),
    'eventresult:string="*", disabled:bool=false, pack:bool=false',
  ].join(', '),
};
// as Azure-Sentinel deploys them empty
Object.assign(parameters, {
  ASim_AlertEventCustom: parameters.ASimAlertEventAmazonGuardDuty,
  ASim_NetworkSessionCustom: parameters.ASimNetworkSessionAmazonGuardDuty,
  Im_AlertEventCustom: parameters.vimAlertEventAmazonGuardDuty.replace('disabled:bool=false, ', ''),
  Im_NetworkSessionCustom: parameters.vimNetworkSessionAmazonGuardDuty,
});

test('every parser is a function with the header and the query that the other tests run', () => {
  const made = Object.fromEntries(functionsOf(keyPair).map((r) => [r.name, r.body.properties]));
  assert.deepEqual(Object.keys(made).sort(), Object.keys(parameters).sort());
  for (const { name, params, query, yaml } of readParsers()) {
    assert.deepEqual(
      { etag: '*', ...made[name] },
      {
        etag: '*',
        category: yaml.Category ?? 'ASIM',
        displayName: (yaml.Function ?? yaml.Parser).Title,
        functionAlias: name,
        functionParameters: parameters[name],
        query,
        version: 2,
      },
    );
    assert.equal(parameters[name], params, name);
  }
});

test('a rule that is named is made and off, and a name that no rule has is refused', () => {
  const on = (given) =>
    Object.fromEntries(
      only(deployed(given), RULES).map((r) => [r.body.properties.displayName, r.body.properties.enabled]),
    );
  const off = 'GuardDuty - Root user was used';
  const all = on({});
  assert.ok(Object.values(all).every(Boolean));
  assert.deepEqual(on({ disabledRules: [off] }), { ...all, [off]: false });
  assert.throws(() => deployed({ disabledRules: [off, 'Root user'] }), /disabledRules has unknown names: Root user\./);
});

test('the parsers are registered with ASIM, where the workspace has no parsers of its own', () => {
  const left = only(keyPair, SEARCHES)
    .filter((r) => r.onlyIfNotExists)
    .map((r) => r.name);
  assert.deepEqual(left.sort(), [
    'ASim_AlertEventCustom',
    'ASim_NetworkSessionCustom',
    'Im_AlertEventCustom',
    'Im_NetworkSessionCustom',
  ]);
  const without = functionsOf(deployed({ registerAsim: false })).map((r) => r.name);
  assert.deepEqual(
    without.sort(),
    Object.keys(parameters)
      .filter((name) => !left.includes(name))
      .sort(),
  );
});

test('a function comes after those that it calls', () => {
  const order = functionsOf(keyPair).map((r) => r.name);
  for (const { name, body } of functionsOf(keyPair)) {
    for (const called of order.filter(
      (other) => other !== name && new RegExp(`\\b${other}\\b`).test(body.properties.query),
    ))
      assert.ok(order.indexOf(called) < order.indexOf(name), `${name}: ${called}`);
  }
});

test('saved searches are written one after the other, and over those that are there', () => {
  for (const { name, body, onlyIfNotExists } of only(keyPair, SEARCHES))
    assert.equal(body.properties.etag, onlyIfNotExists ? undefined : '*', name);
  for (const { file, resources } of files) {
    for (const { name, reference, decorators } of resources)
      if (reference.startsWith(SEARCHES))
        assert.equal(decorators.batchSize?.[0].text, '1', `${path.basename(file)}: ${name}`);
  }
});

test('every rule and every hunting query of sentinel/ is made', () => {
  assert.deepEqual(
    only(keyPair, RULES)
      .map((r) => [r.name, r.body.properties.displayName])
      .sort(),
    Object.values(rules)
      .map((r) => [r.id, r.name])
      .sort(),
  );
  assert.deepEqual(
    hunting(keyPair)
      .map((r) => [r.name, r.body.properties.displayName])
      .sort(),
    Object.values(hunts)
      .map((r) => [r.id, r.name])
      .sort(),
  );
  const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  for (const { name } of [...only(keyPair, RULES), ...hunting(keyPair)]) assert.match(name, guid);
  const { id } = one(keyPair, CARD).body.properties.connectorUiConfig;
  for (const { name, requiredDataConnectors } of [...Object.values(rules), ...Object.values(hunts)])
    for (const { connectorId } of requiredDataConnectors) assert.equal(connectorId, id, name);
});

test('deployContent switches all of it off, analyticsRules only the rules', () => {
  assert.deepEqual(contentOf(deployed({ deployContent: false })), []);
  const without = deployed({ analyticsRules: 'none' });
  assert.deepEqual(only(without, RULES), []);
  assert.equal(contentOf(without).length, contentOf(keyPair).length - only(keyPair, RULES).length);
  for (const { body } of only(deployed({ analyticsRules: 'disabled' }), RULES))
    assert.equal(body.properties.enabled, false);
  for (const { body } of only(keyPair, RULES)) assert.equal(body.properties.enabled, true);
  const module = files.find((f) => f.file.endsWith('modules/content.bicep')).modules.find((m) => m.name === 'rules')
    .value.text;
  assert.match(module, /^if \(analyticsRules != 'none'\)/);
  assert.match(module, /enabled: analyticsRules == 'enabled'/);
});

test('rules over a table of the plan Basic are refused before anything is made', () => {
  for (const analyticsRules of ['enabled', 'disabled'])
    assert.throws(
      () => deployed({ tablePlan: 'Basic', analyticsRules }),
      /analyticsRules has to be none where tablePlan is Basic/,
    );
  assert.deepEqual(only(deployed({ tablePlan: 'Basic', analyticsRules: 'none' }), RULES), []);
  assert.deepEqual(contentOf(deployed({ tablePlan: 'Basic', deployContent: false })), []);
});

test('the content waits for the table, and what calls the functions for them', () => {
  const after = (file, module) =>
    files
      .find((f) => f.file.endsWith(file))
      .modules.find((m) => m.name === module)
      .value.text.match(/dependsOn: \[\s*([\w\s]*?)\s*\]/)?.[1];
  assert.equal(after('main.bicep', 'content'), 'ingestion');
  assert.equal(after('modules/content.bicep', 'rules'), 'parsers');
  assert.equal(after('modules/content.bicep', 'hunting'), 'parsers');
});

test('deploying again writes the same resources', () => {
  assert.equal(
    shape({ resources: contentOf(deployed()), outputs: {} }),
    shape({ resources: contentOf(keyPair), outputs: {} }),
  );
  assert.deepEqual(
    contentOf(deployed({ name: 'second' })).map((r) => r.id),
    contentOf(keyPair).map((r) => r.id),
  );
  for (const { id } of contentOf(keyPair)) assert.doesNotMatch(id, /new guid/);
});

test("the workbook is one that Microsoft Sentinel shows, in the workspace's region, and short enough", () => {
  const { name, body } = one(
    deployed({ workspaceLocation: 'northeurope', tags: { team: 'soc' } }),
    'Microsoft.Insights/workbooks',
  );
  assert.match(name, /^guid\(.*\/workspaces\/law-soc\|AmazonGuardDuty\)$/);
  const { serializedData, sourceId, ...rest } = body.properties;
  assert.deepEqual(
    [body.kind, body.location, body.tags, rest],
    ['shared', 'northeurope', { team: 'soc' }, { displayName: 'Amazon GuardDuty', category: 'sentinel' }],
  );
  assert.match(sourceId, /\/workspaces\/law-soc$/);
  assert.equal(JSON.parse(serializedData).version, 'Notebook/1.0');
  assert.ok(serializedData.length <= 131_072, `${serializedData.length} characters`);
});

test('the queries of the card bind, and give what the portal reads', () => {
  const { name, body } = one(keyPair, CARD);
  const card = body.properties.connectorUiConfig;
  assert.deepEqual([body.kind, name, card.graphQueriesTableName], ['Customizable', card.id, 'AWSGuardDuty_CL']);
  const engine = engineOver([{ TimeGenerated: new Date().toISOString(), Severity: 8 }]);
  const run = (query) => {
    assert.deepEqual(engine.check(query), [], query);
    return engine.run(query);
  };
  for (const { baseQuery } of card.graphQueries) assert.equal(run(baseQuery).rows.length, 1);
  for (const { query, description } of card.sampleQueries) assert.ok(run(query) && description);
  for (const { name: table, lastDataReceivedQuery } of card.dataTypes) {
    assert.equal(table, 'AWSGuardDuty_CL');
    assert.deepEqual(
      run(lastDataReceivedQuery).columns.map((c) => c.type),
      ['datetime'],
    );
  }
  const [{ type, value }] = card.connectivityCriteria;
  assert.equal(type, 'IsConnectedQuery');
  assert.deepEqual(run(value[0]).rows, [{ IsConnected: true }]);
  assert.notEqual(engineOver([]).run(value[0]).rows[0].IsConnected, true);
});

test('the card has what its resource type asks for, and no placeholder', () => {
  const card = one(keyPair, CARD).body.properties.connectorUiConfig;
  for (const key of [
    'id',
    'title',
    'publisher',
    'descriptionMarkdown',
    'graphQueries',
    'sampleQueries',
    'dataTypes',
    'connectivityCriteria',
    'availability',
    'permissions',
    'instructionSteps',
  ])
    assert.ok(card[key], key);
  for (const { title, description } of card.instructionSteps) assert.ok(title && description);
  assert.doesNotMatch(JSON.stringify(card), /\{\{|TODO|example\.com/);
});

test('the content depends on no cloud and has no secret', () => {
  for (const { id, body } of contentOf(keyPair)) {
    const said = JSON.stringify(body);
    assert.doesNotMatch(said, /\b(AKIA|ASIA)[A-Z0-9]{16}\b|AccountKey|SharedAccess/, id);
    assert.doesNotMatch(said, /portal\.azure\.|management\.azure\.|\.windows\.net/, id);
  }
});
