// "Did you mean": for names that the binder does not know, those that are most like them.
import { AGGREGATES } from './aggregates.mjs';
import { FUNCTIONS } from './functions.mjs';
import { columnsInScope } from './language.mjs';

const OPERATORS = [
  ...['where', 'project', 'project-away', 'project-keep', 'project-rename', 'project-reorder', 'extend', 'summarize'],
  ...['distinct', 'count', 'take', 'limit', 'sort', 'order', 'top', 'mv-expand', 'mv-apply', 'parse', 'join', 'lookup'],
  ...['union', 'make-series', 'partition', 'serialize', 'getschema', 'invoke', 'evaluate', 'render', 'as', 'sample'],
];
const WORDS = [
  ...['has', 'contains', 'startswith', 'endswith', 'between', 'has_any', 'has_all', 'matches', 'and', 'or', 'asc'],
  ...['desc', 'by', 'on', 'kind'],
];

/** The messages of diagnostics, a line each, with what an unknown name may have been meant to be. */
export function withSuggestions(diagnostics, query, engine) {
  const lines = query.split('\n');
  return diagnostics
    .map((d) => {
      const rest = lines[d.line - 1]?.slice(d.column - 1) ?? '';
      const offset = lines.slice(0, d.line - 1).join('\n').length + (d.line > 1 ? 1 : 0) + d.column - 1;
      const columns = () => columnsInScope(engine.analyze(query).code, offset);
      const near = nearest(/^[\w-]+/.exec(rest)?.[0] ?? '', candidates(d, engine, columns));
      const more = near ? ` Did you mean ${near}?` : d.code === 'KS204' ? ` ${tablesOf(engine)}` : '';
      return `${d.line}:${d.column} ${d.code} ${d.message}${more}`;
    })
    .join('\n');
}

/** Which tables an engine has: a query may be meant for a workspace that has others. */
const tablesOf = ({ tables }) => `The tables here: ${[...tables.keys()].join(', ') || 'none'}.`;

/** What may stand where a diagnostic is; `columns` gives those of the rows there. */
function candidates({ code, message }, engine, columns) {
  const tables = [...engine.tables.keys()];
  const stored = [...engine.functions.keys()];
  if (/operator expected/i.test(message)) return OPERATORS;
  if (!/does not refer to any known/.test(message)) return [];
  if (code === 'KS204') return [...tables, ...stored];
  if (!/column/.test(message)) return [...stored, ...FUNCTIONS.keys(), ...AGGREGATES.keys()];
  return [...columns(), ...tables, ...stored, ...WORDS];
}

/** The candidates most like a word, at most three, as "a, b or c"; '' when none is near. */
export function nearest(word, names) {
  if (word.length < 2) return '';
  const limit = Math.max(1, Math.floor(word.length / 3));
  const scored = [...new Set(names)]
    .map((name) => ({ name, score: score(word.toLowerCase(), name.toLowerCase()) }))
    .filter((s) => s.score <= limit && s.name !== word)
    .sort((a, b) => a.score - b.score);
  const best = scored.filter((s) => s.score === scored[0].score).map((s) => s.name);
  return best
    .slice(0, 3)
    .join(', ')
    .replace(/, ([^,]*)$/, ' or $1');
}

/** 0 for the same letters, else edits; a name that only adds a suffix such as _s, or a prefix before _, is near. */
function score(word, name) {
  if (word.length > 1 && name.startsWith(`${word}_`)) return name.length - word.length === 2 ? 0.5 : 0.8;
  if (word.length > 3 && (name.endsWith(`_${word}`) || name.includes(`_${word}_`))) return 0.9;
  return distance(word, name);
}

/** Insertions, deletions, changes, and exchanges of neighbours that turn one word into the other. */
function distance(a, b) {
  let [before, previous] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      row[j] = Math.min(row[j - 1] + 1, previous[j] + 1, previous[j - 1] + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(row[j], before[j - 2] + 1);
    }
    [before, previous] = [previous, row];
  }
  return previous[b.length];
}
