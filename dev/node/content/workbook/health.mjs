// The tab Connector health: what the runs of the connector say of themselves, and how late findings arrive.
import {
  bars,
  choices,
  colors,
  date,
  grid,
  heat,
  line,
  outcome,
  parameters,
  plain,
  SIZE,
  state,
  tiles,
} from './items.mjs';
import { ALL_RUNS, FAILURES, HISTORY, RUNS } from './queries.mjs';

const NONE = 'No run ended in this time. The connector stands still, or its log goes to another workspace.';
const NO_ROWS = 'No finding arrived in this time with these filters.';
const NUMBERS = `Objects = tolong(Line.objects),
    Findings = tolong(Line.findings),
    Pending = tolong(Line.pending),
    Quarantined = tolong(Line.quarantined),
    Left = tolong(Line.left),
    Held = tolong(Line.held),
    Waiting = tolong(Line.waiting),
    LagMinutes = round(todouble(Line.lag_seconds) / 60, 1),
    Seconds = todouble(Line.duration_seconds),
    Watermark = todatetime(Line.watermark),
    Code = tostring(Line.code),
    InvocationId = tostring(Line.invocation_id)`;
// rows from folders that have no business with the account say nothing of how fast findings arrive
const TIMED = `${HISTORY}
| where not(ForeignFolder)
| extend Minutes = (IngestionTime - TimeGenerated) / 1m`;
const COLUMNS = 'Findings, Objects, Pending, Quarantined, Left, Held, Waiting, LagMinutes, Seconds, Watermark, Code';
const NAMES = {
  App: 'Connector',
  TimeGenerated: 'Run ended',
  Left: 'Left for later',
  Held: 'Accounts or Regions held',
  Waiting: 'Waiting to be read again',
  LagMinutes: 'Watermark behind, minutes',
  MinutesAgo: 'Minutes ago',
  InvocationId: 'Invocation',
};
const named = (...columns) => Object.fromEntries(columns.map((column) => [column, NAMES[column]]));

export const health = [
  parameters('connector', [
    choices(
      'b6b4f6a1-0d53-4f0e-8a55-6f1c2d3e4a11',
      'App',
      'Connector',
      `${ALL_RUNS}
| distinct App
| order by App asc
| project value = App, label = App`,
    ),
  ]),

  tiles(
    'run-tiles',
    'Runs of the connector',
    `${RUNS}
| where Outcome != 'busy'
| summarize
    Runs = count(),
    Failed = countif(Outcome == 'failed'),
    Findings = sum(tolong(Line.findings)),
    Objects = sum(tolong(Line.objects)),
    Pending = sum(tolong(Line.pending)),
    Quarantined = sum(tolong(Line.quarantined)),
    Last = max(TimeGenerated)
| where Runs > 0
| extend MinutesAgo = round((now() - Last) / 1m, 0)
| extend Tiles = pack_array(
    pack_array(1, 'Minutes since the last run', MinutesAgo, iff(MinutesAgo > 60, 'look', 'fine')),
    pack_array(2, 'Runs', Runs, 'fine'),
    pack_array(3, 'Failed runs', Failed, iff(Failed > 0, 'look', 'fine')),
    pack_array(4, 'Findings delivered', Findings, 'fine'),
    pack_array(5, 'Objects read', Objects, 'fine'),
    pack_array(6, 'Objects to try again', Pending, iff(Pending > 0, 'look', 'fine')),
    pack_array(7, 'Quarantined', Quarantined, iff(Quarantined > 0, 'look', 'fine')))
| mv-expand Tiles
| project Rank = tolong(Tiles[0]), Name = tostring(Tiles[1]), Value = todouble(Tiles[2]), State = tostring(Tiles[3])
| order by Rank asc`,
    { titleContent: plain('Name'), value: 'Value', subtitle: state(), noData: NONE },
  ),

  grid(
    'last-runs',
    'Last run of each connector',
    `${RUNS}
| where Outcome != 'busy'
| extend
    ${NUMBERS}
| summarize arg_max(TimeGenerated, Outcome, ${COLUMNS}) by App
| extend MinutesAgo = round((now() - TimeGenerated) / 1m, 0)
| project App, Outcome, TimeGenerated, MinutesAgo, ${COLUMNS}
| order by App asc`,
    {
      size: SIZE.small,
      formatters: [outcome(), date('TimeGenerated'), date('Watermark')],
      names: named('App', 'TimeGenerated', 'MinutesAgo', 'Left', 'Held', 'Waiting', 'LagMinutes'),
      noData: NONE,
    },
  ),

  grid(
    'freshness',
    'How fresh the findings are',
    `${HISTORY}
| summarize Updates = count(), NewestUpdate = max(TimeGenerated), NewestArrival = max(IngestionTime)
    by AccountId, Region, ForeignFolder
| extend HoursSinceArrival = round((now() - NewestArrival) / 1h, 1)
| project AccountId, Region, ForeignFolder, Updates, NewestUpdate, NewestArrival, HoursSinceArrival
| order by NewestArrival desc, AccountId asc, Region asc, ForeignFolder asc`,
    {
      width: 50,
      formatters: [date('NewestUpdate'), date('NewestArrival')],
      names: {
        AccountId: 'Account',
        ForeignFolder: 'Foreign folder',
        NewestUpdate: 'Newest update',
        NewestArrival: 'Last arrival',
        HoursSinceArrival: 'Hours since',
      },
      noData: NO_ROWS,
    },
  ),

  grid(
    'delay',
    'Minutes from the update to the table',
    `${TIMED}
| summarize
    Updates = count(),
    P50 = round(percentile(Minutes, 50), 1),
    P95 = round(percentile(Minutes, 95), 1),
    P99 = round(percentile(Minutes, 99), 1),
    Longest = round(max(Minutes), 1)
    by AccountId, Region
| order by P95 desc, AccountId asc, Region asc`,
    {
      width: 50,
      formatters: [heat('P95'), heat('P99')],
      names: { AccountId: 'Account', P50: 'Half within', P95: '95 % within', P99: '99 % within' },
      noData: NO_ROWS,
    },
  ),

  line(
    'delay-over-time',
    'Minutes from the update to the table, over time',
    `${TIMED}
| summarize P50 = percentile(Minutes, 50), P95 = percentile(Minutes, 95), P99 = percentile(Minutes, 99)
    by bin(IngestionTime, {TimeRange:grain})
| order by IngestionTime asc`,
    { width: 50, x: 'IngestionTime', y: ['P50', 'P95', 'P99'], noData: NO_ROWS },
  ),

  // a run that failed before it knew the watermark says 0
  line(
    'watermark',
    'How far the watermark is behind, in minutes',
    `${RUNS}
| extend Minutes = todouble(Line.lag_seconds) / 60
| where Outcome in ('ok', 'partial') or (Outcome == 'failed' and Minutes > 0)
| summarize Minutes = max(Minutes) by bin(TimeGenerated, {TimeRange:grain}), App
| order by TimeGenerated asc, App asc`,
    { width: 50, x: 'TimeGenerated', y: ['Minutes'], group: 'App', noData: NONE },
  ),

  bars(
    'outcomes',
    'Outcomes of the runs',
    `${RUNS}
| summarize Runs = count() by bin(TimeGenerated, {TimeRange:grain}), Outcome
| order by TimeGenerated asc, Outcome asc`,
    { width: 33, x: 'TimeGenerated', y: ['Runs'], group: 'Outcome', colors: colors.outcome, noData: NONE },
  ),

  line(
    'per-run',
    'Findings and objects of a run, on average',
    `${RUNS}
| where Outcome != 'busy'
| summarize Findings = avg(tolong(Line.findings)), Objects = avg(tolong(Line.objects))
    by bin(TimeGenerated, {TimeRange:grain})
| order by TimeGenerated asc`,
    { width: 33, x: 'TimeGenerated', y: ['Findings', 'Objects'], noData: NONE },
  ),

  line(
    'duration',
    'Duration of the runs in seconds',
    `${RUNS}
| where Outcome != 'busy'
| extend Seconds = todouble(Line.duration_seconds)
| summarize Mean = avg(Seconds), P95 = percentile(Seconds, 95), Longest = max(Seconds)
    by bin(TimeGenerated, {TimeRange:grain})
| order by TimeGenerated asc`,
    { width: 33, x: 'TimeGenerated', y: ['Mean', 'P95', 'Longest'], noData: NONE },
  ),

  grid(
    'failed-codes',
    'Failed runs by code',
    `${RUNS}
| where Outcome == 'failed'
| extend
    Code = tostring(Line.code),
    InvocationId = tostring(Line.invocation_id)
| join kind=leftouter (
    ${FAILURES.replaceAll('\n', '\n    ')}
    | project InvocationId = tostring(Line.invocation_id), Reason = tostring(Line.error)
    | summarize Reason = take_any(Reason) by InvocationId) on InvocationId
| summarize Runs = count(), First = min(TimeGenerated), arg_max(TimeGenerated, Reason) by App, Code
| project App, Code, Runs, First, Last = TimeGenerated, Reason
| order by Last desc, App asc`,
    {
      width: 50,
      formatters: [date('First'), date('Last')],
      names: { App: 'Connector', Reason: 'Reason of the last' },
      noData: 'No run failed in this time.',
    },
  ),

  grid(
    'runs-to-look-at',
    'Runs that left something: to try again, quarantined, left for later, held',
    `${RUNS}
| extend
    ${NUMBERS}
| where Pending > 0 or Quarantined > 0 or Left > 0 or Held > 0
| top 50 by TimeGenerated desc
| project TimeGenerated, App, Outcome, Pending, Quarantined, Left, Held, Waiting, Code, InvocationId`,
    {
      width: 50,
      formatters: [date('TimeGenerated'), outcome()],
      names: named('TimeGenerated', 'App', 'Left', 'Held', 'Waiting', 'InvocationId'),
      noData: 'No run left anything in this time.',
    },
  ),
];
