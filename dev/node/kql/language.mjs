// The only module that knows how the language service is loaded and what its objects look like.
import { createRequire } from 'node:module';
import { DiagnosticsError, NotInstalled } from './errors.mjs';

const PACKAGE = '@kusto/language-service-next';
let language;

/** Loads the package from the node_modules of the folder above. */
function load() {
  if (language) return language;
  const require = createRequire(import.meta.url);
  let runtime;
  try {
    runtime = require.resolve(`${PACKAGE}/bridge.min.js`);
  } catch {
    throw new NotInstalled(`${PACKAGE} is not installed: run npm ci --ignore-scripts in dev/node`);
  }
  // The runtime must come first: the package itself fails to load without these globals.
  require(runtime);
  require(`${PACKAGE}/Kusto.Language.Bridge.min.js`);
  language = globalThis.Kusto.Language;
  return language;
}

const lists = new WeakMap();

/** Items of the library's lists; separated lists hold the value in Element. The array is kept: do not change it. */
export function items(list) {
  if (!list) return [];
  const known = lists.get(list);
  if (known) return known;
  const out = Array.from({ length: list.Count ?? 0 }, (_, i) => {
    const item = list.getItem(i);
    return item?.Element ?? item;
  });
  lists.set(list, out);
  return out;
}

const kinds = new Map();

/** Node type without its namespace: 'PipeExpression', 'FilterOperator', ... */
export function kind(node) {
  const known = kinds.get(node.constructor);
  if (known) return known;
  const name = globalThis.Bridge.getTypeName(node).replace(/^.*\./, '');
  kinds.set(node.constructor, name);
  return name;
}

/** Source text of a node without the white space and comments around it. */
export const source = (node) => node.toString(1).trim();

/** As source(), of a literal: it is one token, whose text is at hand. */
export const literalText = (node) => node.Token.Text;

function schemaText(columns) {
  return `(${columns.map((c) => `['${c.name.replace(/'/g, "\\'")}']:${c.type}`).join(', ')})`;
}

/**
 * What queries are bound against: tables {name, columns} and functions {name, params, body}. With its cache a
 * function is bound once for all queries, not again in each.
 */
export function globalsOf(tables, functions) {
  const { GlobalState, Symbols } = load();
  const symbols = [
    ...tables.map((t) => new Symbols.TableSymbol.$ctor7(t.name, schemaText(t.columns), null)),
    ...functions.map((f) => new Symbols.FunctionSymbol.$ctor16(f.name, f.params, `{\n${f.body}\n}`, null)),
  ];
  return GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('db', symbols)).WithCache();
}

/** Parses and binds a query. */
export function analyze(query, globals) {
  const code = load().KustoCode.ParseAndAnalyze(query, globals);
  return { code, diagnostics: items(code.GetDiagnostics()).map((d) => diagnostic(d, query)) };
}

function diagnostic(d, query) {
  const before = query.slice(0, d.Start).split('\n');
  return {
    severity: d.Severity,
    code: d.Code,
    message: d.Message,
    line: before.length,
    column: before.at(-1).length + 1,
  };
}

export function throwOnErrors(diagnostics) {
  const errors = diagnostics.filter((d) => d.severity === 'Error');
  if (errors.length) throw new DiagnosticsError(errors);
}

/** {columns:[{name,type}], open} of a tabular node; null for others. Open: more columns may exist at run time. */
export function tableType(node) {
  const type = node.ResultType;
  if (!type?.Columns) return null;
  return { columns: items(type.Columns).map((c) => ({ name: c.Name, type: c.Type.Name })), open: Boolean(type.IsOpen) };
}

export const isTabular = (node) => Boolean(node.ResultType?.Columns);

/** Scalar type the binder gave an expression; 'dynamic' where it does not know. */
export function scalarType(node) {
  const name = node.ResultType?.Name;
  return !name || ['unknown', 'error', 'void'].includes(name) || node.ResultType.Columns ? 'dynamic' : name;
}

/** The name Kusto gives an unnamed expression, or null when it would be Column1, Column2... */
export function resultName(node) {
  return load().Binding.Binder.GetExpressionResultName(node, '', null) || null;
}

const bodies = new WeakMap();

/** The body of a called function, bound for this call; null for built-in functions. */
export function calledBody(node) {
  if (!bodies.has(node)) bodies.set(node, node.GetCalledFunctionBody?.() ?? null);
  return bodies.get(node);
}

/** Names of the columns that an expression at an offset of the query may use. */
export const columnsInScope = (code, offset) =>
  items(code.GetColumnsInScope(offset)?.Columns).map((column) => column.Name);

const ORDERING = new Set(['SortOperator', 'TopOperator', 'TopNestedOperator', 'SerializeOperator', 'RangeOperator']);

/** Whether a query says anywhere in which order its rows come. */
export function isOrdered(code) {
  let found = false;
  const { SyntaxElement } = load().Syntax;
  SyntaxElement.WalkNodes(code.Syntax, (node) => {
    found ||= ORDERING.has(kind(node));
  });
  return found;
}

/** Named operator parameters (kind=..., withsource=...) as {name: node}. */
export function parameters(node) {
  return Object.fromEntries(items(node.Parameters).map((p) => [p.Name.SimpleName, p.Expression]));
}

/** A parameter given as a bare word, a name or a string. */
export function wordOf(node) {
  if (!node) return null;
  return (
    node.SimpleName
    ?? (kind(node) === 'LiteralExpression' && typeof node.LiteralValue === 'string' ? node.LiteralValue : source(node))
  );
}

/** Type named by typeof(long). */
export const typeOfLiteral = (node) => source(items(node.Types)[0]);

/** Type written after a colon in a declaration. */
export const declaredType = (node) => source(node.Type).replace(/^:/, '').trim();
