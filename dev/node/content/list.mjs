// Writes the list of all content into docs/content.md, between two marks:
//
//     node dev/node/content/list.mjs
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { readParsers, readText } from './content.mjs';
import { readHuntingQueries } from './hunting.mjs';
import { readRules } from './rules.mjs';

const DOC = 'docs/content.md';
const BEGIN = '<!-- made by make docs: begin -->\n';
const END = '<!-- made by make docs: end -->\n';

/** The first sentence of a description, on one line. */
export const summary = (description) =>
  /^.*?[.](?=\s|$)/.exec(description.replaceAll(/\s+/g, ' ').trim())[0].replace(/^(Hypothesis:|Identifies) /, '');

const table = (head, rows) =>
  [`| ${head.join(' | ')} |`, `|${' --- |'.repeat(head.length)}`, ...rows.map((row) => `| ${row.join(' | ')} |`)].join(
    '\n',
  );

/** Titles of the panels of a group of the workbook and of the groups in it. */
const panels = (items) =>
  items.flatMap(({ type, content }) => (type === 3 ? [content.title] : panels(content.items ?? [])));

function workbookRows() {
  const { items } = JSON.parse(readText('sentinel/Workbooks/AmazonGuardDuty.json'));
  return items
    .filter((item) => item.conditionalVisibility?.parameterName === 'Tab')
    .flatMap((item) => panels(item.content.items).map((title) => [item.conditionalVisibility.value, title]));
}

/** The text between the marks. */
export function list() {
  const rules = readRules().map((r) => r.yaml);
  const hunts = readHuntingQueries().map((h) => h.yaml);
  return `${BEGIN}
### Analytics rules (${rules.length})

${table(
  ['rule', 'severity', 'every', 'identifies'],
  rules.map((r) => [r.name, r.severity, r.queryFrequency, summary(r.description)]),
)}

### Hunting queries (${hunts.length})

${table(
  ['query', 'hypothesis'],
  hunts.map((h) => [h.name, summary(h.description)]),
)}

### Workbook "Amazon GuardDuty"

${table(['tab', 'panel'], workbookRows())}

### Functions

${table(
  ['function', 'title'],
  readParsers().map((p) => [`\`${p.name}\``, (p.yaml.Function ?? p.yaml.Parser).Title]),
)}

${END}`;
}

/** docs/content.md with the list put in. */
export function withList(text) {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${DOC} has lost the marks of its list`);
  return text.slice(0, begin) + list() + text.slice(end + END.length);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(new URL(`../../../${DOC}`, import.meta.url), withList(readText(DOC)));
