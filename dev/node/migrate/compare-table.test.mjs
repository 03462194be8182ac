// infra/compare-table.sh as it is run, over saved tables and over stand-ins for az.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { faults } from '../transform/transform.mjs';
import { at, CLASSIC, classic, compare, exits, file, schema, section, trial } from './compare_table.mjs';

/** A table made for data collection rules, as the REST API shows it. */
const ruleBased = (columns = schema.columns) => ({
  id: 'x',
  name: schema.table,
  properties: {
    schema: {
      name: schema.table,
      tableType: 'CustomLog',
      tableSubType: 'DataCollectionRuleBased',
      columns: columns
        .filter((c) => c.name !== 'TimeGenerated')
        .map(({ name, type }) => ({ name, type: type === 'datetime' ? 'dateTime' : type })),
      standardColumns: [
        { name: 'TenantId', type: 'guid' },
        { name: 'TimeGenerated', type: 'dateTime' },
      ],
    },
  },
});

/** The classic table with its conflicts taken out and other columns put in. */
function settled(...more) {
  const table = classic();
  const types = Object.fromEntries(schema.columns.map((c) => [c.name, c.type]));
  table.schema.columns = table.schema.columns.filter((c) => !types[c.name] || types[c.name] === c.type).concat(more);
  return table;
}

trial('a classic table: what is another type, what stays, what is added', () => {
  const got = compare(['--from', CLASSIC]);
  exits(got, 1);
  assert.match(got.stdout, /^AWSGuardDuty_CL is a classic table/);
  assert.deepEqual(section(got.stdout, 'Another type'), {
    Severity: 'int, and real in this version',
    id_g: 'guid, and string in this version',
    resource_lambdaDetails_revisionId_g: 'guid, and string in this version',
    service_detectorId_g: 'guid, and string in this version',
    service_ebsVolumeScanDetails_scanId_g: 'guid, and string in this version',
  });
  const only = section(got.stdout, 'Only in the existing table, no longer filled');
  assert.equal(only.service_archived_s, 'the value is in service_archived_b');
  assert.equal(only.service_additionalInfo_unusual_s, 'the value is in ServiceDetails.additionalInfo.unusual');
  const added = section(got.stdout, 'To be added');
  assert.equal(added.ResourceDetails, 'dynamic');
  const names = new Set([...classic().schema.columns, ...classic().schema.standardColumns].map((c) => c.name));
  assert.deepEqual(
    Object.keys(added),
    schema.columns.filter((c) => !names.has(c.name)).map((c) => c.name),
  );
  assert.match(got.stdout, /^To decide: 5 /m);
});

trial('the printed parameters change no type and remove no column', () => {
  const { stdout } = compare(['--from', CLASSIC]);
  const types = Object.fromEntries(
    [.../param columnTypes = \{\n([\s\S]*?)\n\}/.exec(stdout)[1].matchAll(/^ {2}(\w+): '(\w+)'$/gm)].map((m) => [
      m[1],
      m[2],
    ]),
  );
  const extra = Object.fromEntries(
    [
      .../param extraColumns = \[\n([\s\S]*?)\n\]/
        .exec(stdout)[1]
        .matchAll(/^ {2}\{ name: '(\w+)', type: '(\w+)' \}$/gm),
    ].map((m) => [m[1], m[2]]),
  );
  const after = new Map(schema.columns.map((c) => [c.name, c.type]));
  for (const [name, type] of [...Object.entries(types), ...Object.entries(extra)]) after.set(name, type.toLowerCase());
  for (const c of classic().schema.columns) assert.equal(after.get(c.name), c.type, c.name);
  const kql = /param transformKql = '(.*)'/.exec(stdout)[1];
  const module = readFileSync(at('infra/modules/ingestion.bicep'), 'utf8');
  for (const [, name] of stdout.matchAll(/^param (\w+)/gm)) assert.match(module, new RegExp(`^param ${name} `, 'm'));
  assert.deepEqual(faults(kql, { types, extra }), []);
});

trial('a classic table without conflicts is ready', () => {
  const got = compare(['--from', file('settled.json', settled())]);
  exits(got, 0);
  assert.match(got.stdout, /^Ready: .*migrate the table/m);
  assert.doesNotMatch(got.stdout, /columnTypes|Another type/);
});

trial('a table of this version is ready, with nothing to migrate', () => {
  const got = compare(['--from', file('rules.json', ruleBased())]);
  exits(got, 0);
  assert.match(got.stdout, /already based on data collection rules/);
  assert.match(got.stdout, new RegExp(`${schema.columns.length} of them exist with the same name and type`));
  assert.match(got.stdout, /^Ready: there is nothing to migrate/m);
  assert.doesNotMatch(got.stdout, /param /);
});

trial('a rule-based table with another type has to be decided', () => {
  const columns = schema.columns.map((c) => (c.name === 'service_archived_b' ? { ...c, type: 'string' } : c));
  const got = compare(['--from', file('other-type.json', ruleBased(columns))]);
  exits(got, 1);
  assert.match(got.stdout, /source \| extend service_archived_b = tostring\(service_archived_b\)/);
});

for (const [name, column, title, note] of /** @type {any[][]} */ ([
  [
    'other case',
    { name: 'resource_resourcetype_s', type: 'string' },
    'Differ in case only',
    'resource_resourceType_s in this version',
  ],
  [
    'more than 45 characters',
    { name: 'service_action_networkConnectionAction_blocked_b', type: 'boolean' },
    'Names that a deployment cannot carry',
    '48 characters',
  ],
  [
    'a leading underscore',
    { name: '_timestamp_t', type: 'datetime' },
    'Names that a deployment cannot carry',
    'not a letter, then letters, digits and _',
  ],
])) {
  trial(`a column with ${name} has to be decided`, () => {
    const got = compare(['--from', file('column.json', settled(column))]);
    exits(got, 1);
    assert.deepEqual(section(got.stdout, title), { [column.name]: note });
    assert.match(got.stdout, /^To decide: 1 /m);
    if (title.startsWith('Names')) assert.doesNotMatch(got.stdout, new RegExp(`\\{ name: '${column.name}'`));
  });
}

for (const [name, type, note] of [
  ['severity_s', 'string', 'the value is in Severity'],
  ['accountid_d', 'real', 'the value is in accountId_s'],
  ['resource_instanceDetails_tags_0_key_s', 'string', 'the value is in ResourceDetails.instanceDetails.tags[0].key'],
  ['Environment', 'string', 'no longer written; a field of the finding with that name is in AdditionalFields'],
]) {
  trial(`${name} of the old table stays, and its value is found`, () => {
    const got = compare(['--from', file('kept.json', settled({ name, type }))]);
    exits(got, 0);
    assert.equal(section(got.stdout, 'Only in the existing table, no longer filled')[name], note);
    assert.ok(got.stdout.includes(`{ name: '${name}', type: '${type}' }`));
  });
}

trial('more columns than a table can have is to be decided', () => {
  const many = Array.from({ length: 400 }, (_, i) => ({ name: `extra${i}_s`, type: 'string' }));
  const got = compare(['--from', file('many.json', settled(...many))]);
  exits(got, 1);
  assert.match(got.stdout, /columns in total\. A table must have fewer than 500/);
});

trial('a table of unknown kind is to be decided', () => {
  const table = ruleBased();
  table.properties.schema.tableSubType = 'Any';
  const got = compare(['--from', file('any.json', table)]);
  exits(got, 1);
  assert.match(got.stdout, /unknown kind \(tableSubType Any\)/);
  delete table.properties.schema.tableSubType;
  exits(compare(['--from', file('none.json', table)]), 1);
});

for (const [name, args, want] of /** @type {any[][]} */ ([
  ['no arguments', [], /give a resource group/],
  ['half a workspace', ['-g', 'rg'], /give a resource group/],
  ['an unknown argument', ['--form', 'x'], /unknown argument --form/],
  ['an option without its value', ['-g'], /-g needs a value/],
  ['an option with an empty value', ['--from', ''], /--from needs a value/],
  ['a file and a workspace', ['--from', 'x', '-g', 'rg'], /not both/],
  ['a missing file', ['--from', 'missing.json'], /there is no file missing\.json/],
  ['an unrelated JSON', ['--from', file('unrelated.json', { value: [1] })], /unrelated\.json is not a table/],
  ['a JSON list', ['--from', file('list.json', '[]')], /list\.json is not/],
  ['no JSON', ['--from', file('text.json', 'ERROR: (ResourceNotFound)')], /text\.json is not JSON/],
  ['an empty file', ['--from', file('empty.json', '')], /empty\.json is (empty|not JSON)/],
  [
    'another table',
    [
      '--from',
      file('heartbeat.json', {
        name: 'Heartbeat',
        schema: { name: 'Heartbeat', columns: [{ name: 'a', type: 'string' }] },
      }),
    ],
    /describes the table Heartbeat/,
  ],
])) {
  trial(`${name} is refused`, () => {
    const got = compare(args);
    exits(got, 2);
    assert.match(got.stderr, want);
  });
}

trial('--help says how', () => {
  const got = compare(['--help']);
  exits(got, 0);
  assert.match(got.stdout, /^usage: compare-table\.sh/);
});
