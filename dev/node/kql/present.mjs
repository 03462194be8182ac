// Results for a person to read.
import { text } from './values.mjs';

const GAP = '  ';
const NARROWEST = 8; // columns are not cut below this
const JSON_WIDTH = 24; // what a dynamic column keeps while others lack room
const NUMBERS = new Set(['long', 'int', 'real', 'decimal']);

/**
 * Columns side by side under their names, long values cut so that a line fits the width. When there are too many
 * columns for that, each row is a block of "name  value" lines, without the columns that are empty in it.
 */
export function asTable({ columns, rows }, width = 160) {
  const cells = rows.map((row) =>
    row.map((value, i) => (columns[i].type === 'datetime' ? shortTime(shown(value)) : shown(value))),
  );
  const names = columns.map((c) => shown(c.name));
  const least = names.length * NARROWEST + (names.length - 1) * GAP.length;
  const body = least <= width ? sideBySide(columns, names, cells, width) : blocks(names, cells, width);
  return `${[...body, `(${rows.length} ${rows.length === 1 ? 'row' : 'rows'})`].join('\n')}\n`;
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

function sideBySide(columns, names, cells, width) {
  const natural = names.map((name, i) =>
    cells.reduce((most, row) => Math.max(most, length(row[i])), Math.max(length(name), 1)),
  );
  const widths = fit(
    natural,
    columns.map((c) => c.type === 'dynamic'),
    width - (names.length - 1) * GAP.length,
  );
  const line = (values) =>
    values
      .map((value, i) => {
        const short = cut(value, widths[i]);
        const fill = ' '.repeat(widths[i] - length(short));
        return NUMBERS.has(columns[i].type) ? fill + short : short + fill;
      })
      .join(GAP)
      .trimEnd();
  const head = names.length ? [line(names), widths.map((w) => '-'.repeat(w)).join(GAP)] : [];
  return [...head, ...cells.map((row) => line(row))];
}

/** Widths that add up to no more than the room: JSON gives way first, then the widest columns. */
function fit(natural, isJson, room) {
  const least = natural.map((w, i) => (isJson[i] ? Math.min(w, JSON_WIDTH) : w));
  const sum = (limit) => least.reduce((total, w) => total + Math.min(w, limit), 0);
  let limit = Math.max(...least, NARROWEST);
  while (limit > NARROWEST && sum(limit) > room) limit--;
  const widths = least.map((w) => Math.min(w, limit));
  // what is left over goes to the columns that were cut, text before JSON, from the left
  let spare = Math.max(room - sum(limit), 0);
  for (const json of [false, true]) {
    widths.forEach((w, i) => {
      if (isJson[i] !== json) return;
      const more = Math.min(natural[i] - w, spare);
      widths[i] += more;
      spare -= more;
    });
  }
  return widths;
}

function blocks(names, cells, width) {
  const label = Math.min(Math.max(...names.map(length)), Math.max(Math.floor(width / 2), NARROWEST));
  const room = Math.max(width - label - GAP.length, NARROWEST);
  return cells.flatMap((row, n) => [
    `-- row ${n + 1} `.padEnd(Math.min(width, 60), '-'),
    ...row.flatMap((value, i) => (value === '' ? [] : [cut(names[i], label).padEnd(label) + GAP + cut(value, room)])),
  ]);
}
