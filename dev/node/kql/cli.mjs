import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { readParser } from '../content/parser.mjs';
import { createEngine, DiagnosticsError } from './engine.mjs';
import { NotInstalled } from './errors.mjs';
import { parseJson, toJsonText } from './json.mjs';
import { asTable } from './present.mjs';
import { typeName } from './values.mjs';

const USAGE = `usage: node dev/node/kql/cli.mjs [options] 'QUERY'
       node dev/node/kql/cli.mjs [options] --file query.kql
  --table NAME=rows.ndjson   rows of a table, one JSON object per line (repeatable)
  --schema schema.json       {"Table": {"Column": "datetime|real|long|int|bool|string|dynamic|timespan|guid"}}
  --columns columns.json     {"table": "Table", "columns": [{"name": "Column", "type": "boolean|datetime|real|..."}]} (repeatable)
  --functions PATH           stored functions: a NAME.kql file, a parser's .yaml file, or a folder of them (repeatable)
  --now TIME                 what now() and ago() count from (ISO 8601)
  --ingestion-time COLUMN    what ingestion_time() returns (default TimeGenerated)
  --format ndjson|table      output: lines of JSON (default), or for a person to read
  --width N                  of the table (default: the terminal's, else 160)
  --check                    only parse and bind; print line:column code message
exit status: 0 ok, 1 the query is wrong or not supported, 2 wrong usage or input`;

class UsageError extends Error {}
class InputError extends Error {}

function main(argv) {
  const options = readOptions(argv);
  if (options.help) {
    console.log(USAGE);
    return 0;
  }
  const query = readQuery(options);
  const engine = createEngine({ ingestionTime: options['ingestion-time'] });
  loadTables(engine, options.table ?? [], readSchemas(options));
  for (const location of options.functions ?? []) loadFunctions(engine, location);
  return options.check ? check(engine, query) : run(engine, query, options);
}

function readOptions(argv) {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        table: { type: 'string', multiple: true },
        schema: { type: 'string' },
        functions: { type: 'string', multiple: true },
        columns: { type: 'string', multiple: true },
        now: { type: 'string' },
        'ingestion-time': { type: 'string' },
        format: { type: 'string', default: 'ndjson' },
        width: { type: 'string' },
        file: { type: 'string' },
        check: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return { ...values, positionals };
  } catch (e) {
    throw new UsageError(e.message);
  }
}

function readQuery({ file, positionals, format, width }) {
  if (!['ndjson', 'table'].includes(format)) throw new UsageError(`unknown format ${format}`);
  if (width !== undefined && !/^[1-9]\d{0,4}$/.test(width))
    throw new UsageError(`--width ${width}: a number of characters expected`);
  if (positionals.length > 1) throw new UsageError('more than one query (quote it)');
  if (Boolean(file) === (positionals.length === 1)) throw new UsageError('give a query or --file');
  return file ? readText(file) : positionals[0];
}

function readText(file) {
  try {
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (e) {
    throw new InputError(`${file}: ${e.message}`);
  }
}

/** {table: {schema, from}} of --schema and --columns; a table in two files is an error. */
function readSchemas({ schema, columns = [] }) {
  const lists = columns.map((file) => [file, inputOf(file, () => columnList(JSON.parse(readText(file))))]);
  if (schema) lists.unshift([schema, inputOf(schema, () => JSON.parse(readText(schema)))]);
  const schemas = {};
  for (const [from, tables] of lists) {
    for (const [name, types] of Object.entries(tables)) {
      if (schemas[name]) throw new InputError(`${from}: ${name} is declared in ${schemas[name].from} too`);
      schemas[name] = { schema: types, from };
    }
  }
  return schemas;
}

/** A column list as a schema. Log Analytics writes some types in other words: boolean, dateTime. */
function columnList({ table, columns }) {
  if (typeof table !== 'string' || !Array.isArray(columns)) throw new Error('{"table", "columns"} expected');
  const types = {};
  for (const { name, type } of columns) {
    if (typeof name !== 'string' || typeof type !== 'string') throw new Error('a column lacks its name or type');
    if (name in types) throw new Error(`column ${name} twice`);
    types[name] = type.toLowerCase();
  }
  return { [table]: types };
}

function loadTables(engine, specs, schemas) {
  const files = new Map(
    specs.map((spec) => {
      const at = spec.indexOf('=');
      if (at < 1) throw new UsageError(`--table ${spec}: NAME=FILE expected`);
      return [spec.slice(0, at), spec.slice(at + 1)];
    }),
  );
  for (const name of new Set([...Object.keys(schemas), ...files.keys()])) {
    const file = files.get(name);
    const rows = file ? readRows(file) : [];
    inputOf(file ?? schemas[name].from, () => engine.addTable(name, schemas[name]?.schema ?? guessSchema(rows), rows));
  }
}

function inputOf(file, use) {
  try {
    return use();
  } catch (e) {
    throw new InputError(`${file}: ${e.message}`);
  }
}

function readRows(file) {
  return readText(file)
    .split('\n')
    .flatMap((line, i) => {
      if (!line.trim()) return [];
      const row = inputOf(`${file}:${i + 1}`, () => parseJson(line));
      if (!(row instanceof Map)) throw new InputError(`${file}:${i + 1}: not a JSON object`);
      return [row];
    });
}

/** Types from the values; text stays string, even when it looks like a datetime. */
function guessSchema(rows) {
  const schema = {};
  for (const row of rows) {
    for (const [name, value] of row) {
      if (value === null) continue;
      const type = { long: 'long', double: 'real', bool: 'bool', string: 'string' }[typeName(value)] ?? 'dynamic';
      const before = schema[name] ?? type;
      if (before === type) schema[name] = type;
      else schema[name] = [before, type].every((t) => t === 'long' || t === 'real') ? 'real' : 'dynamic';
    }
  }
  return schema;
}

function loadFunctions(engine, location) {
  const files = inputOf(location, () =>
    statSync(location).isDirectory()
      ? readdirSync(location)
          .filter((f) => /\.(kql|yaml)$/.test(f))
          .sort()
          .map((f) => path.join(location, f))
      : [location],
  );
  for (const file of files) {
    if (file.endsWith('.yaml')) {
      const { name, params, query } = inputOf(file, () => readParser(readText(file)));
      engine.addFunction(name, params, query);
      continue;
    }
    const body = readText(file);
    const params = /^\s*\/\/\s*params:(.*)/.exec(body)?.[1] ?? '';
    engine.addFunction(path.basename(file, '.kql'), params, body);
  }
}

function check(engine, query) {
  const diagnostics = engine.check(query);
  for (const d of diagnostics) console.log(`${d.line}:${d.column} ${d.code} ${d.message}`);
  return diagnostics.some((d) => d.severity === 'Error') ? 1 : 0;
}

function run(engine, query, { now, format, width }) {
  const table = engine.runTable(query, now ? { now } : {});
  process.stdout.write(
    format === 'table' ? asTable(table, Number(width ?? process.stdout.columns ?? 160)) : asLines(table),
  );
  return 0;
}

function asLines({ columns, rows }) {
  const names = columns.map((c) => JSON.stringify(c.name));
  return rows.map((row) => `{${row.map((v, i) => `${names[i]}:${toJsonText(v)}`).join(',')}}\n`).join('');
}

// A reader that has seen enough (head) is no fault.
process.stdout.on('error', (e) => {
  if (e.code !== 'EPIPE') throw e;
});

try {
  process.exitCode = main(process.argv.slice(2));
} catch (e) {
  if (e instanceof UsageError) {
    console.error(`kql: ${e.message}\n${USAGE}`);
    process.exitCode = 2;
  } else if (e instanceof InputError || e instanceof NotInstalled) {
    console.error(`kql: ${e.message}`);
    process.exitCode = 2;
  } else {
    console.error(
      e instanceof DiagnosticsError || ['QueryError', 'Unsupported'].includes(e.name)
        ? e.message
        : `internal error: ${e.stack}`,
    );
    process.exitCode = 1;
  }
}
