// Checks the transformKql of the data collection rule before it is deployed: it
// parses and binds over the stream's columns, keeps to what a transformation may
// use, and gives columns that the table has, with the table's types.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createEngine, DiagnosticsError } from '../kql/engine.mjs';
import { parseJson } from '../kql/json.mjs';
import { readSchema } from '../schema/schema.mjs';
import { MAX_LENGTH, outside } from './subset.mjs';

const USAGE = `usage: node dev/node/transform/transform.mjs [options] FILE.kql
  --extra NAME=TYPE   a column of extraColumns (repeatable)
  --type NAME=TYPE    a column of columnTypes (repeatable)
  --rows ROWS.ndjson  rows as the connector sends them; says how many the transformation keeps
exit status: 0 ok, 1 the transformation has faults, 2 wrong usage or input`;

const TABLE_TYPES = ['string', 'int', 'long', 'real', 'boolean', 'datetime', 'guid', 'dynamic'];
const schema = readSchema();

/** An engine whose table "source" holds the rows, with the stream's columns. */
export function engineOver(rows = []) {
  const engine = createEngine();
  engine.addTable('source', Object.fromEntries(schema.columns.map((c) => [c.name, c.type])), rows);
  return engine;
}

/** What is wrong with a transformation, one line a fault. extra and types: {column: type}. */
export function faults(kql, { extra = {}, types = {} } = {}) {
  const engine = engineOver();
  const found = kql.length > MAX_LENGTH ? [`${kql.length} characters, more than ${MAX_LENGTH}`] : [];
  const { code, diagnostics } = engine.analyze(kql);
  const errors = diagnostics.filter((d) => d.severity === 'Error').map((d) => `${d.line}:${d.column} ${d.message}`);
  found.push(...outside(code.Syntax).map((what) => `${what} is not among what a transformation may use`));
  if (errors.length || found.length) return [...errors, ...found];
  const table = { ...Object.fromEntries(schema.columns.map((c) => [c.name, c.type])), ...types, ...extra };
  return columnFaults(engine.runTable(kql).columns, table);
}

function columnFaults(columns, table) {
  const found = [];
  for (const { name, type } of columns) {
    const want = table[name]?.toLowerCase();
    const got = type === 'bool' ? 'boolean' : type;
    if (!want)
      found.push(`${name}: the table has no such column (add it to extraColumns, or drop it with project-away)`);
    else if (got !== want) found.push(`${name}: type ${got}, and the table's column is ${want}`);
  }
  if (!columns.some((c) => c.name === 'TimeGenerated')) found.push('TimeGenerated is missing');
  return found;
}

class UsageError extends Error {}

function main(argv) {
  const { values, positionals } = options(argv);
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  if (positionals.length !== 1) throw new UsageError('give one file');
  const kql = read(positionals[0]);
  const found = faults(kql, { extra: typed(values.extra), types: typed(values.type) });
  for (const fault of found) console.log(fault);
  if (found.length) return 1;
  console.log(values.rows ? kept(kql, values.rows) : 'ok');
  return 0;
}

function options(argv) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        extra: { type: 'string', multiple: true, default: [] },
        type: { type: 'string', multiple: true, default: [] },
        rows: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (e) {
    throw new UsageError(e.message);
  }
}

function typed(specs) {
  return Object.fromEntries(
    specs.map((spec) => {
      const [name, type = ''] = spec.split('=');
      if (!name || !TABLE_TYPES.includes(type.toLowerCase()))
        throw new UsageError(`${spec}: NAME=TYPE expected, with a type of ${TABLE_TYPES.join(', ')}`);
      return [name, type];
    }),
  );
}

function read(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (e) {
    throw new UsageError(`${file}: ${e.message}`);
  }
}

function kept(kql, file) {
  const rows = read(file)
    .split('\n')
    .filter((line) => line.trim())
    .map((line, i) => {
      try {
        return parseJson(line);
      } catch (e) {
        throw new UsageError(`${file}:${i + 1}: ${e.message}`);
      }
    });
  return `ok: ${engineOver(rows).runTable(kql).rows.length} of ${rows.length} rows kept`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = main(process.argv.slice(2));
  } catch (e) {
    if (!(e instanceof UsageError || e instanceof DiagnosticsError) && e.constructor.name !== 'NotInstalled') throw e;
    console.error(e instanceof UsageError ? `${e.message}\n${USAGE}` : e.message);
    process.exitCode = 2;
  }
}
