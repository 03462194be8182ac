// Which analytics rules would have raised alerts over rows of the table:
//
//     node dev/node/content/fired.mjs --rows .local/cloud/rows.ndjson [--now TIME] [--samples]
//
// The rules raise no alert of sample findings: these are left out, or with --samples taken as real. A row is taken to
// arrive at its TimeGenerated. Each rule runs on its own schedule, over its own period, at the first times after an
// arrival; between arrivals it would find nothing new.
import { existsSync, readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { asTable } from '../kql/present.mjs';
import { alerts, readRules, seconds } from './rules.mjs';

const USAGE = 'usage: node dev/node/content/fired.mjs --rows ROWS.ndjson [--now TIME] [--samples]';
const HOUR = 3600;

const isSample = (row) =>
  row.service_additionalInfo_sample_b === true || row.ServiceDetails?.additionalInfo?.sample === true;

/** A sample's row as a finding's that is not one. */
const asReal = (row) => ({
  ...row,
  service_additionalInfo_sample_b: false,
  ServiceDetails: { ...row.ServiceDetails, additionalInfo: { ...row.ServiceDetails?.additionalInfo, sample: false } },
});

/** The rows up to `now` with a time of arrival; without samples, or with them as real findings. */
export function arriving(rows, now, { samples = false } = {}) {
  return rows
    .filter((row) => Date.parse(row.TimeGenerated) <= now && (samples || !isSample(row)))
    .map((row) => ({ ...(isSample(row) ? asReal(row) : row), ArrivedAt: row.TimeGenerated }));
}

/** The times at which a rule runs after something arrived, as milliseconds. */
export function runTimes({ yaml }, rows) {
  const step = seconds(yaml.queryFrequency) * 1000;
  const first = rows.map((row) => Math.ceil(Date.parse(row.ArrivedAt) / step));
  // an hourly rule may leave the newest minutes to its next run
  const next = seconds(yaml.queryFrequency) >= HOUR ? first.map((n) => n + 1) : [];
  return [...new Set([...first, ...next])].sort((a, b) => a - b).map((n) => n * step);
}

/** What the alerts of a rule are, a row each. */
export function fired(rule, rows) {
  const { triggerThreshold, eventGroupingSettings } = rule.yaml;
  return runTimes(rule, rows).flatMap((time) => {
    const found = alerts(rule, { rows }, new Date(time).toISOString());
    if (found.length <= triggerThreshold) return [];
    return eventGroupingSettings.aggregationKind === 'AlertPerResult' ? found : found.slice(0, 1);
  });
}

/** The first entity of an alert, as "Host i-0abc". */
export function entity({ yaml }, row) {
  for (const { entityType, fieldMappings } of yaml.entityMappings) {
    const value = fieldMappings.map((m) => row[m.columnName]).find((v) => v !== null && v !== undefined && v !== '');
    if (value !== undefined && entityType !== 'CloudApplication') return `${entityType} ${value}`;
  }
  return '';
}

const needsLogs = ({ yaml }) => /\b(AppTraces|AZKVAuditLogs)\b/.test(yaml.query);

/** The report as a text. */
export function report(rules, given, { now, samples, width }) {
  const rows = arriving(given, now, { samples });
  const results = rules.filter((r) => !needsLogs(r)).map((rule) => ({ rule, found: fired(rule, rows) }));
  const name = ({ yaml }) => yaml.name.replace(/^GuardDuty - /, '');
  const some = results.filter((r) => r.found.length).sort((a, b) => b.found.length - a.found.length);
  const columns = [
    { name: 'rule', type: 'string' },
    { name: 'severity', type: 'string' },
    { name: 'alerts', type: 'long' },
    { name: 'example entity', type: 'string' },
  ];
  const cells = some.map(({ rule, found }) => [
    name(rule),
    rule.yaml.severity,
    BigInt(found.length),
    found.map((row) => entity(rule, row)).find(Boolean) ?? '',
  ]);
  const total = results.reduce((sum, r) => sum + r.found.length, 0);
  const sampled = given.filter(isSample).length;
  const treated = samples ? 'taken as real' : 'left out, since the rules raise no alert of them';
  const quiet = results.filter((r) => !r.found.length).map((r) => r.rule);
  const list = (of) => of.map(name).join('; ');
  return [
    `${count(total, 'alert')} of ${count(some.length, 'rule')} over ${count(rows.length, 'row')}, each taken to arrive`
      + ' at its TimeGenerated; every rule ran on its own schedule.',
    ...(sampled ? [`${count(sampled, 'row')} of sample findings ${treated}.`] : []),
    ...(cells.length ? ['', asTable({ columns, rows: cells }, width).replace(/\n\(\d+ rows?\)\n$/, '')] : []),
    '',
    ...(quiet.length ? [`No alert: ${list(quiet)}.`] : []),
    `Not run, since they read the logs of the function app or its vault: ${list(rules.filter(needsLogs))}.`,
    '',
  ].join('\n');
}

const count = (n, what) => `${n} ${what}${n === 1 ? '' : 's'}`;

function main(argv) {
  const {
    rows: file,
    now = '',
    samples,
  } = parseArgs({
    args: argv,
    options: { rows: { type: 'string' }, now: { type: 'string' }, samples: { type: 'boolean' } },
  }).values;
  if (!file || !existsSync(file)) throw new Error(file ? `there is no file ${file}` : USAGE);
  const until = now ? Date.parse(now) : Infinity;
  if (Number.isNaN(until)) throw new Error(`--now ${now}: a time such as 2026-11-22T06:00:00Z expected`);
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  process.stdout.write(report(readRules(), rows, { now: until, samples, width: process.stdout.columns ?? 160 }));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    main(process.argv.slice(2));
  } catch (e) {
    console.error(`fired: ${e.message}`);
    process.exitCode = 2;
  }
}
