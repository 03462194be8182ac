// Holds every file that a person reads to the project's words and to its line
// widths: prose is wrapped at 100 columns, code at 120.
//
//   node dev/node/prose/prose.mjs           all files that git tracks or would
//   node dev/node/prose/prose.mjs FILE…     these
//
// It prints file:line:column and what is wrong, and exits 1 when there is any.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WORDS } from './words.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PROSE_WIDTH = 100;
const CODE_WIDTH = 120;
const TAB = '    ';

// What others wrote, what machines write, and the list of words.
const LEFT_OUT = [
  /(^|\/)testdata\//,
  /(^|\/)(go\.sum|package-lock\.json|LICENSE)$/,
  /^sentinel\/(finding_types\.json|Parsers\/GuardDutyFindingTypes\.yaml)$/, // AWS's own descriptions
  /^dev\/node\/prose\//,
  /\.(svg|png|gz)$/,
];

/** Whether a file of the repository is held to the rules. */
export const isChecked = (file) => !LEFT_OUT.some((pattern) => pattern.test(file));

/** The faults of a file's text: {line, column, message}. */
export function faultsOf(file, text) {
  const tooWide = widthRule(file);
  const lines = text.split('\n');
  return lines.flatMap((line, i) => {
    const at = (column, message) => ({ line: i + 1, column, message });
    const joined = join(line, lines[i + 1] ?? '');
    const faults = WORDS.flatMap(({ pattern, better }) =>
      [...joined.matchAll(pattern)]
        .filter((m) => m.index < line.length)
        .map((m) => at(m.index + 1, `"${m[0].trim()}": write ${better}`)),
    );
    const limit = tooWide(line);
    if (limit) faults.push(at(limit + 1, `longer than ${limit} columns`));
    return faults;
  });
}

/**
 * A line with the next behind it, whose mark of a comment or a list is left out: a wrap may divide what is looked
 * for, and so may the end of a text that another one continues, the line end in a text and the marks of emphasis.
 */
function join(line, next) {
  const blank = (s) => ' '.repeat(s.length);
  const first = line
    .replace(/["'`] ?\+\s*$/, blank)
    .replace(/\\[nrt]/g, blank)
    .replaceAll('*', ' ');
  const more = first === line ? next : next.replace(/^\s*["'`]/, '');
  return `${first} ${more.replace(/^\s*(\/\/+|#+|\*+|>)?\s*/, '')}`;
}

/** A function that returns the width that a line exceeds, or 0. It sees the lines of a file in order. */
function widthRule(file) {
  if (file.endsWith('.md')) return markdownRule();
  if (!/(\.(go|mjs|kql|sh|bicep|ya?ml)|(^|\/)Makefile|^\.ci\/\w+)$/.test(file)) return () => 0;
  return (line) => (width(line) > CODE_WIDTH && !cannotBreak(file, line) ? CODE_WIDTH : 0);
}

function markdownRule() {
  let fenced = ''; // the mark that opened the block
  return (line) => {
    const [mark] = line.trimStart().match(/^(`{3,}|~{3,})/) ?? [];
    if (!fenced) fenced = mark ?? '';
    else if (mark?.startsWith(fenced)) fenced = '';
    const table = /^\s*\|/.test(line);
    return width(line) > PROSE_WIDTH && !fenced && !table && hasSpace(line) ? PROSE_WIDTH : 0;
  };
}

// Without the mark of a list or a heading: a link or a path has nowhere to break.
const hasSpace = (line) =>
  line
    .trim()
    .replace(/^([-*>#]+|\d+\.) /, '')
    .includes(' ');

const width = (line) => [...line.replaceAll('\t', TAB)].length;

/** Lines of which one text is nearly all: a value of YAML, a text of Bicep or the shell, a text without a space. */
function cannotBreak(file, line) {
  if (/\.ya?ml$/.test(file) && /^\s*(- )?[\w-]+: \S/.test(line)) return true;
  const texts = line.match(/'[^']*'|"[^"]*"|`[^`]*`/g) ?? [];
  const long = texts.filter((text) => text.length > CODE_WIDTH - 40);
  return long.some((text) => /\.(bicep|sh)$/.test(file) || !text.includes(' '));
}

function main(files) {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '-z'];
  const all = () => execFileSync('git', list, { cwd: ROOT, encoding: 'utf8' }).split('\0').filter(Boolean);
  let count = 0;
  for (const file of (files.length ? files : all()).filter(isChecked)) {
    for (const { line, column, message } of faultsOf(file, textOf(file))) {
      console.log(`${file}:${line}:${column}: ${message}`);
      count++;
    }
  }
  if (count) console.log(`${count} to rewrite; the words are in dev/node/prose/words.mjs`);
  return count ? 1 : 0;
}

/** A file that was deleted and is still in the index is empty. */
function textOf(file) {
  try {
    return readFileSync(path.join(ROOT, file), 'utf8');
  } catch (e) {
    if (e.code === 'ENOENT') return '';
    throw e;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));
