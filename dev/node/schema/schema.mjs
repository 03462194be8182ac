// Writes docs/schema.md from infra/schema/guardduty.columns.json, and says
// which of the file's entries Azure Monitor or the naming rules would refuse.
//
//   node dev/node/schema/schema.mjs           prints the page
//   node dev/node/schema/schema.mjs --write   writes docs/schema.md
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SCHEMA = new URL('../../../infra/schema/guardduty.columns.json', import.meta.url);
const PAGE = new URL('../../../docs/schema.md', import.meta.url);

/** Names that a workspace keeps for itself; compared without regard to case. */
export const RESERVED = [
  'id',
  'Type',
  'Title',
  'TenantId',
  'UniqueId',
  '_ResourceId',
  '_SubscriptionId',
  'BilledSize',
  'IsBillable',
  'InvalidTimeGenerated',
  '_ItemId',
  '_ResourceGroup',
  '_TimeReceived',
];

export const MAX_NAME = 45;
export const MAX_COLUMNS = 500;

/** The types that a stream of a data collection rule can declare. */
export const TYPES = ['string', 'int', 'long', 'real', 'boolean', 'datetime', 'dynamic'];

const SUFFIX_TYPES = { s: 'string', g: 'string', d: 'real', b: 'boolean', t: 'datetime' };
const FIELDS = ['name', 'type', 'source', 'since', 'description'];

/** Columns that the connector fills, with no path of the finding. */
const MADE = ['AdditionalFields', 'SourceObject_s', 'ForeignFolder_b', 'Truncated_b', 'TruncatedColumns_s'];

/** Columns with a path whose names do not follow from it. */
const OWN_NAMES = ['TimeGenerated', 'Severity', 'ResourceDetails', 'ServiceDetails'];

export const readSchema = () => JSON.parse(readFileSync(SCHEMA, 'utf8'));
export const readPage = () => readFileSync(PAGE, 'utf8');

/** What is wrong with a schema, one line a fault. */
export function faults({ table, stream, columns }) {
  const found = [];
  if (!/^[A-Za-z][A-Za-z0-9_]*_CL$/.test(table)) found.push(`table ${table}: a custom table's name ends in _CL`);
  if (stream !== `Custom-${table}`) found.push(`stream ${stream}: Custom-${table} expected`);
  if (columns.length >= MAX_COLUMNS) found.push(`${columns.length} columns: fewer than ${MAX_COLUMNS} expected`);
  if (!columns.some((c) => c.name === 'TimeGenerated' && c.type === 'datetime'))
    found.push('there is no TimeGenerated of type datetime');
  const names = new Map();
  for (const column of columns) {
    found.push(...columnFaults(column).map((fault) => `${column.name}: ${fault}`));
    const folded = String(column.name).toLowerCase();
    if (names.has(folded)) found.push(`${column.name}: differs from ${names.get(folded)} in case only, or not at all`);
    names.set(folded, column.name);
  }
  return found;
}

function columnFaults(column) {
  const found = FIELDS.filter((f) => typeof column[f] !== 'string').map((f) => `has no ${f}`);
  found.push(
    ...Object.keys(column)
      .filter((f) => !FIELDS.includes(f))
      .map((f) => `has an unknown field ${f}`),
  );
  if (found.length) return found;
  const { name, type, source, since, description } = column;
  if (!/^[A-Za-z][A-Za-z0-9_]+$/.test(name)) found.push('a name is a letter, then letters, digits and underscores');
  if (name.length > MAX_NAME) found.push(`${name.length} characters, more than ${MAX_NAME}`);
  if (RESERVED.some((r) => r.toLowerCase() === name.toLowerCase())) found.push('is reserved');
  if (!TYPES.includes(type)) found.push(`unknown type ${type}`);
  if (!/^\d+\.\d+\.\d+$/.test(since)) found.push(`since ${since} is not a version`);
  if (!/^[^|\n]+\.$/.test(description)) found.push('a description is one sentence or more on one line, without |');
  if ((source === '') !== MADE.includes(name))
    found.push(source ? 'is filled by the connector, and names a source' : 'has no source');
  const suffix = /_([a-z])$/.exec(name)?.[1];
  if (suffix && SUFFIX_TYPES[suffix] !== type) found.push(`suffix _${suffix} with type ${type}`);
  if (source && !OWN_NAMES.includes(name) && name !== `${source.replaceAll('.', '_')}_${suffix}`)
    found.push(`does not follow from ${source}`);
  return found;
}

/** The part of the page that a column belongs to. */
function sectionOf({ name, source }) {
  if (['ResourceDetails', 'ServiceDetails', 'AdditionalFields'].includes(name)) return 'whole';
  if (source === '') return 'made';
  return /^(resource|service)\./.exec(source)?.[1] ?? 'record';
}

/** The members of resource and service that have several columns get a table each. */
function partOf({ source }) {
  const path = source.split('.');
  return path.length > 2 ? path.slice(0, 2).join('.') : path[0];
}

const HEAD = '| column | type | source | since | description |\n| --- | --- | --- | --- | --- |\n';

function tableOf(columns) {
  const rows = columns.map((c) => {
    const source = c.source ? `\`${c.source}\`` : 'the connector';
    return `| \`${c.name}\` | ${c.type} | ${source} | ${c.since} | ${c.description} |\n`;
  });
  return HEAD + rows.join('');
}

function partsOf(columns) {
  const parts = new Map();
  for (const c of columns) parts.set(partOf(c), [...(parts.get(partOf(c)) ?? []), c]);
  return [...parts].map(([part, list]) => `### \`${part}\`\n\n${tableOf(list)}`).join('\n');
}

/** The whole page. */
export function pageOf(schema) {
  const of = (section) => schema.columns.filter((c) => sectionOf(c) === section);
  return `${introduction(schema)}
## Record columns

The members at the top of the finding, under their classic names.

${tableOf(of('record'))}
## Classic columns: resource

${partsOf(of('resource'))}
## Classic columns: service

${partsOf(of('service'))}
## Whole documents

${tableOf(of('whole'))}
## Bookkeeping

${tableOf(of('made'))}`;
}

/** A list of words as lines of a Markdown list item, at most 100 columns wide. */
function wrapped(words) {
  const lines = [' '];
  for (const [i, word] of words.entries()) {
    const next = i < words.length - 1 ? `${word},` : `${word}.`;
    if (lines.at(-1).length + next.length >= 100) lines.push(' ');
    lines[lines.length - 1] += ` ${next}`;
  }
  return lines.join('\n');
}

const introduction = ({ table, stream, columns }) => `# The table ${table}

This page is made from \`infra/schema/guardduty.columns.json\` by \`make docs\`; a test fails when the
two differ. The table, the stream \`${stream}\` of the data collection rule and the rows
that the connector sends all have the columns of that file: ${columns.length}.

One row is one update of a finding. GuardDuty exports a finding again whenever it changes; its rows
share the id and differ in \`updatedAt_t\` and \`service_count_d\`. An id identifies a finding only
together with its account and Region. The same update may be there several times: once from the
folder of the finding's own account, and once from each other folder that holds it. The function
\`GuardDutyFindings\` chooses among them (\`docs/content.md\`, "Folders"). Without it, the newest row
of each finding that is in a folder which has business with its account:

\`\`\`kusto
${table}
| where not(coalesce(ForeignFolder_b, false)) and updatedAt_t <= ingestion_time() + 1h
| extend FindingId = replace_string(tolower(coalesce(tostring(id_g), id_s)), "-", "")
| summarize arg_max(updatedAt_t, *) by accountId_s, region_s, FindingId
\`\`\`

## Names

Names are those that the HTTP Data Collector API gave to a finding, so that queries written for such
a table keep working: the path of the member, joined by underscores, and a suffix for the type.

| suffix | type | written for |
| --- | --- | --- |
| \`_s\` | string | text as it is; an array or object as JSON text; another value as its text |
| \`_d\` | real | a number, its text as GuardDuty wrote it |
| \`_b\` | boolean | true or false |
| \`_t\` | datetime | a string that is an RFC 3339 time; times that GuardDuty writes as seconds since 1970 are \`_d\` |
| \`_g\` | string | an id of 32 hexadecimal digits, lower case with dashes: \`a0fae3b0-02c1-628d-6001-1830ee384844\` |

- The finding's id is in \`id_g\`; an id of another form is in \`id_s\`. The same holds for
  \`service_detectorId_g\` and \`service_detectorId_s\`. A query over findings takes whichever is
  filled, and drops the dashes to get the id as GuardDuty writes it.
- \`Severity\` has no suffix, as in the classic table. \`TimeGenerated\` is \`updatedAt\`, else
  \`createdAt\`, else the time the export object was written.
- A name has at most ${MAX_NAME} characters, letters, digits and underscores, and starts with a letter.
  Members whose classic name would be longer have no column of their own: they are read from
  \`ResourceDetails\` and \`ServiceDetails\`, for example
  \`tostring(ServiceDetails.action.networkConnectionAction.remoteIpDetails.ipAddressV4)\`.
- Reserved, and never a column:
${wrapped(RESERVED.map((r) => `\`${r}\``))}
- A table has at most ${MAX_COLUMNS} columns. No two names differ in case only.
- A column is never renamed, removed or given another type: Azure Monitor refuses a known name with
  a new type. New ones are added, with their version in "since".

## Values

- A column is sent only when the finding has a value for it. An explicit null counts as no value.
- A value that does not fit the type of its column leaves that column out. Inside \`resource\` and
  \`service\` it is still in \`ResourceDetails\` or \`ServiceDetails\`; at the top of the finding it goes
  to \`AdditionalFields\`.
- \`ResourceDetails\` and \`ServiceDetails\` hold the whole of \`resource\` and \`service\`;
  \`AdditionalFields\` holds members of the finding that no other column takes.
- A value has at most 65,536 bytes. A longer text is cut at the end of a character. In a longer
  document, the largest array loses the later half of its items, repeatedly, and ends with
  \`{"truncated_items":N}\`; where no array can lose more, long strings are halved, then objects lose
  members. What still does not fit becomes \`{"truncated_bytes":N}\`. The document stays valid JSON.
- A row in which anything was cut has \`Truncated_b\` true and the columns' names in
  \`TruncatedColumns_s\`. The object that \`SourceObject_s\` names holds the whole finding.
- A row has at most 999,936 bytes. A finding whose row is larger is quarantined
  (\`docs/operations.md\`).

Columns of your own and changes before storage: \`docs/transform.md\`. An older table of this name:
\`docs/migrate.md\`. The limits and the reserved names are those that Microsoft documents for custom
tables; the table has not been created in a real workspace.
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = pageOf(readSchema());
  if (process.argv[2] === '--write') writeFileSync(PAGE, page);
  else process.stdout.write(page);
}
