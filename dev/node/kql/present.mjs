// Results for a person to read.
import { text } from './values.mjs';

const GAP = '  ';
const TEXT = 20; // no text is cut below this
const NAME = 12; // no column's name is cut below this
const LONGEST_WORD = 200; // a single word up to this length is never cut: an id, an address, a type, a link
const MOST_LINES = 4; // of a value in a block
const NUMBERS = new Set(['long', 'int', 'real', 'decimal']);

/**
 * Columns side by side under their names. Where they do not fit the width, JSON and texts of several words are cut, and
 * names of columns; never ids, accounts, addresses, types and numbers. Where that does not do, each row is a block of
 * "name: value" lines, without the columns that are empty in it.
 */
export function asTable({ columns, rows }, width = 160) {
  const cells = rows.map((row) =>
    row.map((value, i) => (columns[i].type === 'datetime' ? shortTime(shown(value)) : shown(value))),
  );
  const shapes = columns.map((column, i) => shapeOf(column, shown(column.name), (n) => cells[n][i], cells.length));
  const widths = fit(shapes, width - (shapes.length - 1) * GAP.length);
  const body = widths ? sideBySide(shapes, widths, cells) : blocks(shapes, cells, width);
  return `${[...body, `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`].join('\n')}\n`;
}

/** What a column needs: its name, the width that shows all of it, the least width, and in which order it gives way. */
function shapeOf({ type }, name, cell, count) {
  let most = 1;
  let order = WHOLE;
  for (let n = 0; n < count; n++) {
    const value = cell(n);
    most = Math.max(most, length(value));
    if (type === 'string' || type === 'dynamic') order = Math.max(order, orderOf(value));
  }
  const natural = Math.max(most, length(name));
  const least = order === WHOLE ? Math.max(most, Math.min(length(name), NAME)) : Math.min(natural, TEXT);
  return { name, natural, least, order, right: NUMBERS.has(type) };
}

const [WHOLE, WORDS, JSON_TEXT] = [0, 1, 2];

function orderOf(value) {
  if (/^[[{]/.test(value)) return JSON_TEXT;
  return value.includes(' ') || length(value) > LONGEST_WORD ? WORDS : WHOLE;
}

/** One line, and nothing a terminal would act on: the text comes from outside. */
const shown = (value) =>
  text(value)
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '\uFFFD');

/** Without the zeros that end the fraction of a second. */
const shortTime = (s) => s.replace(/(\.\d*?)0*Z$/, (_, fraction) => `${fraction.length > 1 ? fraction : ''}Z`);

const length = (s) => [...s].length;

/** At most n characters; a cut shows as an ellipsis. */
function cut(s, n) {
  return length(s) <= n ? s : `${[...s].slice(0, Math.max(n - 1, 0)).join('')}…`;
}

function sideBySide(shapes, widths, cells) {
  const line = (values) =>
    values
      .map((value, i) => {
        const short = cut(value, widths[i]);
        const fill = ' '.repeat(widths[i] - length(short));
        return shapes[i].right ? fill + short : short + fill;
      })
      .join(GAP)
      .trimEnd();
  const head = shapes.length ? [line(shapes.map((s) => s.name)), widths.map((w) => '-'.repeat(w)).join(GAP)] : [];
  return [...head, ...cells.map((row) => line(row))];
}

/**
 * Widths that add up to no more than the room, or null. What is left over the least goes to names, texts, then JSON.
 */
function fit(shapes, room) {
  const widths = shapes.map((s) => s.least);
  let spare = room - widths.reduce((sum, w) => sum + w, 0);
  if (spare < 0) return null;
  for (const order of [WHOLE, WORDS, JSON_TEXT]) {
    const open = () => shapes.flatMap((s, i) => (s.order === order && widths[i] < s.natural ? [i] : []));
    for (let wide = open(); wide.length && spare > 0; wide = open()) {
      // the narrowest grows first, so that columns of one kind end up equal
      const i = wide.reduce((a, b) => (widths[b] < widths[a] ? b : a));
      widths[i]++;
      spare--;
    }
  }
  return widths;
}

function blocks(shapes, cells, width) {
  const label = Math.max(...shapes.map((s) => length(s.name))) + 1;
  const room = Math.max(width - label - 1, TEXT);
  return cells.flatMap((row, n) => [
    `-- row ${n + 1} `.padEnd(Math.min(width, 60), '-'),
    ...row.flatMap((value, i) => {
      if (value === '') return [];
      const [first, ...rest] = shapes[i].order === WHOLE ? [value] : wrap(value, room);
      return [`${`${shapes[i].name}:`.padEnd(label)} ${first}`, ...rest.map((s) => ' '.repeat(label + 1) + s)];
    }),
  ]);
}

/** Lines of at most n characters, broken between words where there are any; the last ends in an ellipsis when cut. */
function wrap(text_, n) {
  const lines = [];
  let rest = [...text_];
  while (rest.length > n && lines.length < MOST_LINES - 1) {
    const space = rest.lastIndexOf(' ', n);
    const at = space > n / 2 ? space : n;
    lines.push(rest.slice(0, at).join(''));
    rest = rest.slice(rest[at] === ' ' ? at + 1 : at);
  }
  return [...lines, cut(rest.join(''), n)];
}
