// Reads a CloudFormation template: YAML as CloudFormation takes it, with the
// short forms of its functions made long.
import { readFileSync } from 'node:fs';
import { isAlias, parseDocument, visit } from 'yaml';

const FUNCTIONS = ['Sub', 'If', 'Equals', 'Not', 'And', 'Or', 'Join', 'GetAtt'];

const longName = (name) => (name === 'Ref' || name === 'Condition' ? name : `Fn::${name}`);

/**
 * The YAML tags of one function: its argument is a text or a list.
 * @returns {import('yaml').Tags}
 */
function tags(name) {
  const make = (value) => ({
    [longName(name)]: name === 'GetAtt' && typeof value === 'string' ? splitOnce(value) : value,
  });
  return [
    { tag: `!${name}`, resolve: (text) => make(text) },
    { tag: `!${name}`, collection: 'seq', resolve: (node) => holder(node, make) },
  ];
}

function splitOnce(text) {
  const dot = text.indexOf('.');
  return [text.slice(0, dot), text.slice(dot + 1)];
}

/** A node that turns into the function's long form when the document becomes a value. */
function holder(node, make) {
  const toJSON = node.toJSON.bind(node);
  node.toJSON = (arg, ctx) => make(toJSON(arg, ctx));
  return node;
}

/** parse reads a template's text. What CloudFormation would refuse to read is an error. */
export function parse(text) {
  const doc = parseDocument(text, {
    version: '1.1',
    customTags: (base) => [...base, ...['Ref', 'Condition', ...FUNCTIONS].flatMap(tags)],
  });
  const [problem] = [...doc.errors, ...doc.warnings];
  if (problem) throw problem;
  visit(doc, {
    Node(_, node) {
      if (isAlias(node) || node.anchor) throw new Error('CloudFormation reads no aliases');
    },
  });
  return doc.toJS();
}

/** read parses a file. */
export const read = (file) => parse(readFileSync(file, 'utf8'));

/** functions yields every function of a value, as [name, argument]. */
export function* functions(value) {
  if (Array.isArray(value)) for (const v of value) yield* functions(v);
  else if (value && typeof value === 'object') {
    for (const [name, argument] of Object.entries(value)) {
      if (name === 'Ref' || name.startsWith('Fn::')) yield [name, argument];
      yield* functions(argument);
    }
  }
}
