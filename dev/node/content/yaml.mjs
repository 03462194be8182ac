// Reads the content files with the `yaml` package, and refuses what is easily read in two ways, so that no tool reads a
// file differently: anchors and aliases, text that is folded from several lines, comments after a value, maps and lists
// of the form {a: b}, other than a list of scalars in one line.
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';

/** The document as objects, arrays, strings, numbers and booleans. */
export function parseYaml(text) {
  const lines = new LineCounter();
  const doc = parseDocument(text, { lineCounter: lines, prettyErrors: false, strict: true, uniqueKeys: true });
  const fault = (offset, message) => new Error(`YAML line ${lines.linePos(offset).line}: ${message}`);
  const [problem] = [...doc.errors, ...doc.warnings];
  if (problem) throw fault(problem.pos[0], problem.message);
  if (!isMap(doc.contents)) throw fault(0, '"key: value" expected');
  visit(doc, {
    Node(key, node) {
      const why = refused(node, text, key);
      if (why) throw fault(node.range?.[0] ?? 0, why);
    },
  });
  return doc.toJS();
}

/** Why a node is refused, or ''. */
function refused(node, text, key) {
  if (isAlias(node)) return 'an alias is not allowed';
  if (node.anchor) return 'an anchor is not allowed';
  if (isMap(node) && node.flow) return 'a map in braces is not allowed';
  if (isSeq(node) && node.flow && !node.items.every(isScalar)) return 'a list in brackets may hold scalars only';
  if (!isScalar(node)) return '';
  const written = text.slice(node.range[0], node.range[1]);
  if (node.type === 'BLOCK_FOLDED') return 'folded text is not allowed (use | instead of >)';
  if (node.type !== 'BLOCK_LITERAL' && written.includes('\n')) return 'text of several lines needs |';
  if (node.type === 'PLAIN' && node.comment && key !== 'key') return 'a comment after a plain value is not allowed';
  return '';
}
