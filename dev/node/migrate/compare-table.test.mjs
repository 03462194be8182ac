// infra/compare-table.sh as it is run, over saved tables and over stand-ins for az.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSchema } from '../schema/schema.mjs';
import { faults } from '../transform/transform.mjs';

const at = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
const SCRIPT = at('infra/compare-table.sh');
const CLASSIC = at('dev/node/migrate/testdata/classic-table.json');
const classic = () => JSON.parse(readFileSync(CLASSIC, 'utf8'));
const schema = readSchema();
const dir = mkdtempSync(path.join(tmpdir(), 'compare-'));
after(() => rmSync(dir, { recursive: true }));

function file(name, content) {
  const where = path.join(dir, name);
  writeFileSync(where, typeof content === 'string' ? content : JSON.stringify(content));
  return where;
}

const which = (tool) => spawnSync('bash', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
const TOOLS = ['bash', 'cat', 'dirname', 'jq', 'mktemp', 'rm', 'tr'];

// the script needs jq, which not every machine has; where nothing may be skipped that is an error
const noJq = which('jq') === '' && !process.env.MUST_RUN;
const trial = (name, fn) => test(name, { skip: noJq && 'jq is not installed' }, fn);

/** A folder that is all of PATH: the tools the script may use, without some, and a stand-in for az. */
function pathWith({ without = [], az = '' } = {}) {
  const bin = mkdtempSync(path.join(dir, 'bin-'));
  for (const tool of TOOLS.filter((t) => !without.includes(t))) symlinkSync(which(tool), path.join(bin, tool));
  if (az) {
    writeFileSync(path.join(bin, 'az'), `#!${which('bash')}\n${az}\n`);
    chmodSync(path.join(bin, 'az'), 0o755);
  }
  return bin;
}

function compare(args, env = {}) {
  const { status, stdout, stderr } = spawnSync(which('bash'), [SCRIPT, ...args], {
    encoding: 'utf8',
    cwd: dir,
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

function exits(got, status) {
  assert.equal(got.status, status, got.stdout + got.stderr);
  if (status === 2) {
    assert.equal(got.stdout, '');
    assert.match(got.stderr, /^compare-table: .*\n$/);
  } else {
    assert.equal(got.stderr, '');
  }
}

/** The columns that a section of the report lists, with their notes. */
function section(stdout, title) {
  const body = new RegExp(`^${title}: \\d+ columns?\\n((?:  .*\\n)*)`, 'm').exec(stdout)?.[1] ?? '';
  return Object.fromEntries([...body.matchAll(/^ {2}(\S+)\s+(.*)$/gm)].map((m) => [m[1], m[2]]));
}

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

const LIVE = ['-g', 'rg', '-w', 'law'];

trial('the table is read with az', () => {
  const asked = path.join(dir, 'asked');
  const az = `printf '%s\\n' "$@" >'${asked}'; cat '${CLASSIC}'`;
  const live = compare([...LIVE, '-s', 'my subscription'], { PATH: pathWith({ az }) });
  exits(live, 1);
  assert.equal(live.stdout, compare(['--from', CLASSIC]).stdout);
  assert.deepEqual(readFileSync(asked, 'utf8').trim().split('\n'), [
    'monitor',
    'log-analytics',
    'workspace',
    'table',
    'show',
    '--resource-group',
    'rg',
    '--workspace-name',
    'law',
    '--name',
    schema.table,
    '--subscription',
    'my subscription',
    '--output',
    'json',
  ]);
});

trial('no subscription, no such argument', () => {
  const got = compare(LIVE, { PATH: pathWith({ az: `case "$*" in *subscription*) exit 9;; esac; cat '${CLASSIC}'` }) });
  exits(got, 1);
});

for (const [name, az, want] of /** @type {any[][]} */ ([
  [
    'az is not signed in',
    'echo "ERROR: Please run \'az login\' to setup account." >&2; exit 1',
    /az is not signed in: run az login/,
  ],
  [
    'there is no table',
    'echo "ERROR: (ResourceNotFound) The table was not found." >&2; exit 3',
    /there is no table AWSGuardDuty_CL in workspace law/,
  ],
  [
    'reading is not allowed',
    'echo "ERROR: (AuthorizationFailed) The client does not have authorization." >&2; exit 1',
    /Log Analytics Reader/,
  ],
  ['az fails in two lines', 'printf "ERROR: one\\ntwo\\n" >&2; exit 1', /az could not read the table: ERROR: one two/],
  ['az answers no JSON', 'echo "<html>"', /the answer of az is not JSON/],
  ['az answers nothing', 'exit 0', /the answer of az is (empty|not JSON)/],
])) {
  trial(`${name}: said in one line`, () => {
    const got = compare(LIVE, { PATH: pathWith({ az }) });
    exits(got, 2);
    assert.match(got.stderr, want);
  });
}

trial('a missing tool is named', () => {
  const noAz = compare(LIVE, { PATH: pathWith() });
  exits(noAz, 2);
  assert.match(noAz.stderr, /az \(the Azure CLI\) is not installed/);
  const bare = compare(LIVE, { PATH: pathWith({ without: ['jq'], az: 'exit 0' }) });
  exits(bare, 2);
  assert.match(bare.stderr, /jq is not installed/);
});

trial('the script finds the columns from any folder, and says when they are not there', () => {
  const away = path.join(dir, 'away');
  mkdirSync(away);
  writeFileSync(path.join(away, 'compare-table.sh'), readFileSync(SCRIPT));
  const got = spawnSync(which('bash'), [path.join(away, 'compare-table.sh'), '--from', CLASSIC], { encoding: 'utf8' });
  exits(got, 2);
  assert.match(got.stderr, /schema\/guardduty\.columns\.json/);
});
