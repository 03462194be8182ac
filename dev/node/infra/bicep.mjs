// Reads Bicep files into their declarations, with tree-sitter-bicep. It does not
// compile: types are not checked.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Language, Parser } from 'web-tree-sitter';

await Parser.init();
const parser = new Parser();
parser.setLanguage(
  await Language.load(createRequire(import.meta.url).resolve('tree-sitter-bicep/tree-sitter-bicep.wasm')),
);

/** Named children other than comments. */
export const kids = (node) =>
  node.namedChildren.filter((child) => child.type !== 'comment' && child.type !== 'diagnostic_comment');

/**
 * The declarations of a .bicep or .bicepparam file. A parameter, variable or
 * output is {name, decorators, type, typeNode, value}; a resource or module is {name,
 * decorators, reference, existing, value, nested}; values are nodes. types and
 * funcs are by name: a type's node, a function's {params, value}; optional has the
 * ends of the types of optional properties.
 */
export function read(file) {
  const text = readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
  const root = parser.parse(known(text)).rootNode;
  const fault = root.descendantsOfType('ERROR')[0] ?? firstMissing(root);
  if (fault) throw new Error(`${file}:${fault.startPosition.row + 1}: syntax`);
  const found = {
    file,
    using: /^using '([^']+)'$/m.exec(text)?.[1],
    root,
    params: [],
    vars: [],
    outputs: [],
    resources: [],
    modules: [],
    imports: [],
    types: {},
    funcs: {},
  };
  let decorators = {};
  for (const node of kids(root)) {
    if (node.type === 'decorators') {
      decorators = decoratorsOf(node);
      continue;
    }
    LISTS[node.type]?.(found, node, decorators);
    decorators = {};
  }
  const typeOf = Object.fromEntries(
    [...text.matchAll(TYPED_VAR)].map(([, start, type]) => [start.slice('var '.length), type.trim()]),
  );
  for (const variable of found.vars) variable.type = typeOf[variable.name];
  found.optional = new Set([...text.matchAll(OPTIONAL)].map((m) => m.index));
  return found;
}

const TYPED_VAR = /^(var \w+)( [\w[\]]+)(?= =)/gm;
const OPTIONAL = /\?$/gm;

/**
 * The text with what the grammar does not know left out: types of variables, the
 * words of a .bicepparam file, and the mark of an optional property at the end of
 * a line, which it takes for the beginning of `a ? b : c`.
 */
function known(text) {
  const spaces = (s) => ' '.repeat(s.length);
  return text
    .replace(OPTIONAL, spaces)
    .replace(TYPED_VAR, (_, start, type) => start + spaces(type))
    .replace(/^using '[^']+'$/gm, spaces)
    .replace(/^param(?= \w+ =)/gm, 'var  ');
}

function firstMissing(node) {
  if (node.isMissing) return node;
  return node.hasError ? node.children.map(firstMissing).find(Boolean) : undefined;
}

/** {name: nodes of its arguments}. */
function decoratorsOf(node) {
  return Object.fromEntries(
    kids(node).map((decorator) => {
      const call = kids(decorator)[0];
      return [kids(call)[0].text, kids(kids(call)[1])];
    }),
  );
}

const LISTS = {
  parameter_declaration: (found, node, decorators) => found.params.push(typed(node, decorators)),
  variable_declaration: (found, node, decorators) =>
    found.vars.push({ name: kids(node)[0].text, decorators, value: kids(node)[1] }),
  output_declaration: (found, node, decorators) => found.outputs.push(typed(node, decorators)),
  resource_declaration: (found, node, decorators) => found.resources.push(resourceOf(node, decorators)),
  module_declaration: (found, node, decorators) => found.modules.push(resourceOf(node, decorators)),
  type_declaration: (found, node) => {
    found.types[kids(node)[0].text] = kids(node)[1];
  },
  user_defined_function: (found, node) => {
    const [name, params] = kids(node);
    found.funcs[name.text] = { params: kids(params).map((param) => kids(param)[0].text), value: kids(node).at(-1) };
  },
  import_functionality: (found, node) =>
    found.imports.push({
      names: kids(node)
        .filter((n) => n.type === 'identifier')
        .map((n) => n.text),
      from: literal(kids(node).at(-1)),
    }),
};

function typed(node, decorators) {
  const [name, type, value] = kids(node);
  return { name: name.text, decorators, type: type.text, typeNode: type, value };
}

function resourceOf(node, decorators) {
  const [name, reference, value] = kids(node);
  const nested = node.type === 'resource_declaration' ? nestedIn(value) : [];
  return {
    name: name.text,
    decorators,
    reference: literal(reference),
    existing: node.children.some((c) => c.type === 'existing'),
    value,
    nested,
  };
}

function nestedIn(value) {
  if (value.type !== 'object') return [];
  return kids(value)
    .map((property) => kids(property)[0])
    .filter((n) => n?.type === 'resource_declaration')
    .map((n) => resourceOf(n, {}));
}

/** The text of a string without interpolation; null for any other node. */
export function literal(node) {
  if (node?.type !== 'string' || kids(node).some((part) => part.type === 'interpolation')) return null;
  return kids(node).map(stringPart).join('');
}

/** What a piece of a string stands for. */
export function stringPart(node) {
  if (node.type === 'string_content') return node.text;
  return { n: '\n', r: '\r', t: '\t' }[node.text[1]] ?? node.text.slice(1);
}

/** The description of a declaration; null when it has none. */
export const description = (declaration) => literal(declaration.decorators.description?.[0]);
