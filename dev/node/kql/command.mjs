// The command line of the engine, as functions: cli.mjs is the plain command, other programs add what they read.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createEngine, DiagnosticsError } from './engine.mjs';
import { NotInstalled } from './errors.mjs';
import { parseJson, toJsonText } from './json.mjs';
import { isOrdered } from './language.mjs';
import { asTable } from './present.mjs';
import { withSuggestions } from './suggest.mjs';
import { typeName } from './values.mjs';

const OPTIONS = `  --table NAME=rows.ndjson   rows of a table, one JSON object per line (repeatable)
  --schema schema.json       {"Table": {"Column": "datetime|real|long|int|bool|string|dynamic|timespan|guid"}}
  --columns columns.json     a column list, {"table": "T", "columns": [{"name": "C", "type": "boolean"}]} (repeatable)
  --functions PATH           stored functions: a NAME.kql file or a folder of them (repeatable)
  --now TIME                 what now() and ago() count from (ISO 8601)
  --ingestion-time COLUMN    what ingestion_time() returns (default TimeGenerated)
  --format ndjson|table      output: lines of JSON (default), or for a person to read
  --width N                  of the table (default: the terminal's, else 160)
  --newest-first COLUMN      sorts a table for a person by this datetime when the query has no order of its own
  --check                    only parse and bind; print line:column code message
exit status: 0 ok, 1 the query is wrong or not supported, 2 wrong usage or input`;

class UsageError extends Error {}
class InputError extends Error {}

/** @typedef {(text: string) => {name: string, params: string, query: string}} Reader */
/** @typedef {{out: (text: string) => void, err: (text: string) => void, width?: number}} Io */

/** The terminal, or what output is sent to. @returns {Io} */
export function terminal() {
  process.stdout.on('error', (e) => {
    // a reader that has seen enough (head) closes the pipe
    if (/** @type {NodeJS.ErrnoException} */ (e).code !== 'EPIPE') throw e;
  });
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    width: process.stdout.columns,
  };
}

/**
 * Runs a command and gives its exit status. `program` is how its usage names it; `readers` says by ending what else a
 * file of stored functions may be: {'.yaml': text => ({name, params, query})}.
 * @param {string[]} argv
 * @param {{program: string, readers?: Record<string, Reader>, io?: Io}} how
 */
export function command(argv, { program, readers = {}, io = terminal() }) {
  try {
    return main(argv, program, readers, io);
  } catch (e) {
    if (e instanceof UsageError) io.err(`kql: ${e.message}\n${usage(program)}\n`);
    else if (e instanceof InputError || e instanceof NotInstalled) io.err(`kql: ${e.message}\n`);
    else if (e.name === 'Unsupported') io.err(`${e.message} (by this engine; Log Analytics may have it)\n`);
    else if (['DiagnosticsError', 'QueryError'].includes(e.name)) io.err(`${e.message}\n`);
    else io.err(`internal error: ${e.stack}\n`);
    return e instanceof UsageError || e instanceof InputError || e instanceof NotInstalled ? 2 : 1;
  }
}

const usage = (program) => `usage: ${program} [options] 'QUERY'
       ${program} [options] --file query.kql
${OPTIONS}`;

function main(argv, program, readers, io) {
  const options = readOptions(argv);
  if (options.help) {
    io.out(`${usage(program)}\n`);
    return 0;
  }
  const query = readQuery(options);
  const engine = createEngine({ ingestionTime: options['ingestion-time'] });
  loadTables(engine, options.table ?? [], readSchemas(options));
  for (const location of options.functions ?? []) loadFunctions(engine, location, readers);
  return options.check ? check(engine, query, io) : run(engine, query, options, io);
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
        'newest-first': { type: 'string' },
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
    throw new InputError(e.code === 'ENOENT' ? `there is no file ${file}` : `${file}: ${e.message}`);
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

function loadFunctions(engine, location, readers) {
  const endings = ['.kql', ...Object.keys(readers)];
  const files = inputOf(location, () =>
    statSync(location).isDirectory()
      ? readdirSync(location)
          .filter((f) => endings.includes(path.extname(f)))
          .sort()
          .map((f) => path.join(location, f))
      : [location],
  );
  for (const file of files) {
    const read = readers[path.extname(file)] ?? ((text) => plainFunction(path.basename(file, '.kql'), text));
    const { name, params, query } = inputOf(file, () => read(readText(file)));
    engine.addFunction(name, params, query);
  }
}

/** A .kql file: its first line may declare parameters. */
function plainFunction(name, text) {
  return { name, params: /^\s*\/\/\s*params:(.*)/.exec(text)?.[1] ?? '', query: text };
}

function check(engine, query, io) {
  const diagnostics = engine.check(query);
  for (const d of diagnostics) io.out(`${d.line}:${d.column} ${d.code} ${d.message}\n`);
  return diagnostics.some((d) => d.severity === 'Error') ? 1 : 0;
}

function run(engine, query, { now, format, width, 'newest-first': newest }, io) {
  let table;
  try {
    table = engine.runTable(query, now ? { now } : {});
  } catch (e) {
    if (e instanceof DiagnosticsError) e.message = withSuggestions(e.diagnostics, query, engine);
    throw e;
  }
  if (format === 'table') {
    if (newest && !isOrdered(engine.analyze(query).code)) table = newestFirst(table, newest);
    io.out(asTable(table, Number(width ?? io.width ?? 160)));
  } else io.out(asLines(table));
  return 0;
}

/** Rows by a datetime column, the newest first; the table as it is when it has no such column. */
function newestFirst({ columns, rows }, name) {
  const at = columns.findIndex((c) => c.name === name && c.type === 'datetime');
  const ticks = (row) => row[at]?.ticks ?? -1n;
  const order = (a, b) => (ticks(a) < ticks(b) ? 1 : ticks(a) > ticks(b) ? -1 : 0);
  return at < 0 ? { columns, rows } : { columns, rows: [...rows].sort(order) };
}

function asLines({ columns, rows }) {
  const names = columns.map((c) => JSON.stringify(c.name));
  return rows.map((row) => `{${row.map((v, i) => `${names[i]}:${toJsonText(v)}`).join(',')}}\n`).join('');
}
