// The content under sentinel/ as the tests use it: parsers as stored functions of the KQL engine.
import { readdirSync, readFileSync } from 'node:fs';
import { createEngine } from '../kql/engine.mjs';
import { parseJson } from '../kql/json.mjs';
import { parserOf } from './parser.mjs';
import { parseYaml } from './yaml.mjs';

const TABLE = 'AWSGuardDuty_CL';
const ROOT = new URL('../../../', import.meta.url);

export const readText = (name) => readFileSync(new URL(name, ROOT), 'utf8');

/**
 * The YAML files of a folder and of those in it, in the order of their names: {file, yaml}, the file without the
 * folder and the ending.
 */
export const readYaml = (folder) =>
  readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => ({ file: name.replace(/\.yaml$/, ''), yaml: parseYaml(readText(`${folder}/${name}`)) }));

/** Every parser: {file, yaml, name, params, query}. */
export const readParsers = () =>
  readYaml('sentinel/Parsers')
    .map(({ file, yaml }) => ({ file: `sentinel/Parsers/${file}.yaml`, ...parserOf(yaml) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));

const COLUMN_TYPES = {
  boolean: 'bool',
  bool: 'bool',
  datetime: 'datetime',
  real: 'real',
  int: 'int',
  long: 'long',
  string: 'string',
  dynamic: 'dynamic',
  guid: 'guid',
};

/** The table's columns, name to type, as the engine writes types. */
export function tableSchema() {
  const { columns } = JSON.parse(readText('infra/schema/guardduty.columns.json'));
  return Object.fromEntries(columns.map((c) => [c.name, COLUMN_TYPES[c.type.toLowerCase()]]));
}

/** Lines of JSON, read so that 9.0 stays a real number. */
export const readRows = (name) => readText(name).split('\n').filter(Boolean).map(parseJson);

const engines = new Map();

/**
 * An engine with the table and all parsers. `more` are columns beyond the schema, or other types of its columns;
 * `tables` the schemas of other tables, which have no rows. What is bound for one set of these is bound for all of
 * its engines.
 */
export function engineOver(rows, { more = {}, ingestionTime = '', tables = {} } = {}) {
  const key = JSON.stringify([more, ingestionTime, tables]);
  let engine = engines.get(key);
  if (!engine) {
    engine = createEngine(ingestionTime ? { ingestionTime } : {});
    engine.addTable(TABLE, { ...tableSchema(), ...more });
    for (const [name, schema] of Object.entries(tables)) engine.addTable(name, schema);
    for (const p of readParsers()) engine.addFunction(p.name, `(${p.params})`, p.query);
    engines.set(key, engine);
  }
  const copy = engine.copy();
  copy.setRows(TABLE, rows);
  return copy;
}
