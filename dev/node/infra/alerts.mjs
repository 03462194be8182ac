// The alert rules of infra/modules/alerts.bicep over log lines as the handler writes them.
import assert from 'node:assert/strict';
import { createEngine } from '../kql/engine.mjs';
import { deployed, keyPair, text } from './templates.mjs';

/** The rules of a deployment by the names of their query files. */
export const rulesOf = (params = {}) =>
  Object.fromEntries(
    deployed(params)
      .resources.filter((r) => r.type === 'Microsoft.Insights/scheduledQueryRules')
      .map((r) => [r.name.slice('guardduty-'.length), r.body.properties]),
  );
export const rules = rulesOf();
export const { componentId, ruleId } = keyPair.outputs;

const now = new Date('2026-11-22T12:00:00Z');
export const ago = (minutes) => new Date(now.getTime() - minutes * 60_000).toISOString();

/** The fields of the line `run ended` in docs/operations.md. */
export const documented = [
  ...text('docs/operations.md')
    .split('### The line `run ended`')[1]
    .split('```')[0]
    .matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm),
].flatMap((m) => [...m[1].matchAll(/`(\w+)`/g)].map((name) => name[1]));

/** A console line of the handler in AppTraces; Application Insights writes resource ids in lower case. */
export function line(
  minutes,
  fields,
  { category = 'Host.Function.Console', component = componentId, message = undefined } = {},
) {
  const body = { time: ago(minutes), level: 'INFO', ...fields, invocation_id: `id-${minutes}` };
  return {
    TimeGenerated: ago(minutes),
    _ResourceId: component.toLowerCase(),
    Properties: { Category: category },
    Message: message ?? JSON.stringify(body),
  };
}

const counted = { objects: 1, findings: 2, batches: 1, bytes: 3000, dropped: 0, repeated: 0, quarantined: 0, left: 0 };
const numbers = {
  ...counted,
  ...{ pending: 0, list_calls: 4, read_calls: 1, pairs: 2, lag_seconds: 3.5, duration_seconds: 1.2 },
  ...{ held: 0, held_seconds: 0, unlisted: 0, waiting: 0, waiting_seconds: 0, archived: 0, late: 0, no_folders: 0 },
  ...{ foreign: 0, foreign_in: [], capped: 0 },
};
/** Fields that lines of an older version do not have. */
export const before = Object.fromEntries(['foreign', 'foreign_in', 'capped'].map((name) => [name, undefined]));
export const run = (minutes, fields = {}, options) =>
  line(minutes, { msg: 'run ended', outcome: 'ok', ...numbers, watermark: ago(minutes), ...fields }, options);
export const failed = (minutes, fields = {}, options) =>
  run(minutes, { outcome: 'failed', code: 'GD1203', findings: 0, lag_seconds: 0, ...fields }, options);
/** One line every so many minutes, until so many minutes ago. */
export const every = (step, until, make) =>
  Array.from({ length: Math.floor(until / step) }, (_, i) => make((i + 1) * step - 1));
export const minutesOf = (span) => {
  const [, days = 0, hours = 0, minutes = 0] = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(span);
  return (Number(days) * 24 + Number(hours)) * 60 + Number(minutes);
};

/** What the query of a rule gives over the rows of its window: {columns, rows}. */
export function resultOf(rule, { traces = [], errors = undefined } = {}) {
  const {
    windowSize,
    criteria: {
      allOf: [{ query }],
    },
  } = rule;
  const within = (rows) => rows.filter((row) => row.TimeGenerated > ago(minutesOf(windowSize)));
  const engine = createEngine();
  engine.addTable(
    'AppTraces',
    { TimeGenerated: 'datetime', _ResourceId: 'string', Properties: 'dynamic', Message: 'string' },
    within(traces),
  );
  if (errors) {
    engine.addTable(
      'DCRLogErrors',
      {
        TimeGenerated: 'datetime',
        _ResourceId: 'string',
        OperationName: 'string',
        InputStreamId: 'string',
        Message: 'string',
      },
      within(errors),
    );
  }
  assert.deepEqual(
    engine.check(query).filter((d) => d.severity === 'Error' && !(!errors && /DCRLogErrors/.test(d.message))),
    [],
  );
  return engine.run(query, { now });
}

/**
 * The values of the dimension for which a rule fires over the rows of its window, as Azure Monitor would compare them;
 * of a rule without a dimension [''] or [].
 */
export function alertsOf(rule, tables) {
  const [condition] = rule.criteria.allOf;
  const { columns, rows } = resultOf(rule, tables);
  const typeOf = (column) => columns.find((c) => c.name === column)?.type;
  if (condition.metricMeasureColumn) assert.ok(['long', 'real'].includes(typeOf(condition.metricMeasureColumn)));
  const [dimension, ...others] = condition.dimensions;
  assert.deepEqual(others, []);
  if (!dimension) return exceeds(condition, rows) ? [''] : [];
  assert.deepEqual([typeOf(dimension.name), dimension.operator, dimension.values], ['string', 'Include', ['*']]);
  return [...new Set(rows.map((row) => row[dimension.name]))].filter((value) =>
    exceeds(
      condition,
      rows.filter((row) => row[dimension.name] === value),
    ),
  );
}

/** Whether a rule fires for any value. */
export const fires = (rule, tables) => alertsOf(rule, tables).length > 0;

function exceeds(condition, rows) {
  const values = rows.map((row) => row[condition.metricMeasureColumn]);
  const value = {
    Count: rows.length,
    Total: values.reduce((a, b) => a + b, 0),
    Minimum: values.length ? Math.min(...values) : NaN,
  }[condition.timeAggregation];
  return {
    GreaterThan: value > condition.threshold,
    GreaterThanOrEqual: value >= condition.threshold,
    LessThan: value < condition.threshold,
  }[condition.operator];
}
