// What the panels of one finding and of the connector's runs have to show, as in panels.mjs.
import { count, dayOf, groups, instant, mean, minutes, ordered, percentile, pick, round } from './panel_tools.mjs';

const json = (value) => (typeof value === 'object' ? JSON.parse(JSON.stringify(value)) : String(value));
const parts = (details) =>
  ordered(
    Object.entries(details)
      .filter(([, v]) => v !== null && v !== undefined && v !== '')
      .map(([Part, v]) => ({ Part, Content: json(v) })),
    'Part',
  );

/** @type {Record<string, (given: any) => any[]>} */
export const chosenPanels = {
  'finding-history': ({ updates }) =>
    ordered(updates, '-UpdatedAt').map((h) => ({
      UpdatedAt: h.UpdatedAt,
      Severity: h.SeverityLabel,
      SeverityNumber: h.Severity,
      ...pick(h, 'Count', 'LastSeen', 'RemoteIp'),
      Delay: minutes(h),
      FolderAccount: '',
      ForeignFolder: false,
      SourceObject: '',
    })),
  'finding-link': ({ chosen }) => [pick(chosen, 'Title', 'AccountId', 'Region', 'ConsoleLink')],
  'finding-resource': ({ chosen }) => parts(chosen.finding.resource),
  'finding-service': ({ chosen }) => parts(chosen.finding.service),
  'finding-alerts': () => [
    {
      AlertName: 'Rule 1',
      AlertSeverity: 'High',
      Status: 'Resolved',
      Tactics: 'Impact',
      AlertLink: 'https://portal.azure.com/alert-1',
    },
    {
      AlertName: 'Rule 2',
      AlertSeverity: 'High',
      Status: 'New',
      Tactics: 'Impact',
      AlertLink: 'https://portal.azure.com/alert-2',
    },
  ],
  'finding-incidents': () => [
    {
      IncidentNumber: 41,
      Title: 'Incident 41',
      Severity: 'High',
      Status: 'Closed',
      Classification: 'TruePositive',
      Owner: 'Ann',
      IncidentUrl: 'https://portal.azure.com/incident-41',
    },
  ],
};

const numbers = (r) => ({
  Findings: r.findings,
  Objects: r.objects,
  Pending: r.pending,
  Quarantined: r.quarantined,
  Left: r.left,
  Held: r.held,
  Waiting: r.waiting,
  LagMinutes: round(r.lag / 60),
  Seconds: r.seconds,
  Watermark: instant(r.watermark),
  Code: r.code ?? '',
});
const worked = (runs) => runs.filter((r) => r.outcome !== 'busy');
const total = (list, of) => list.reduce((sum, r) => sum + of(r), 0);
const state = (bad) => (bad ? 'look' : 'fine');
const byDay = (runs, make, more = (/** @type {any} */ _run) => '') =>
  ordered(
    groups(
      runs,
      (r) => dayOf(r.time) + more(r),
      (g) => ({ TimeGenerated: dayOf(g[0].time), ...make(g) }),
    ),
    'TimeGenerated',
  );

export const runPanels = {
  'run-tiles': ({ runs, now }) => {
    const all = worked(runs);
    const ago = Math.round((now - Math.max(...all.map((r) => Date.parse(r.time)))) / 60_000);
    const failed = count(all, (r) => r.outcome === 'failed');
    const [pending, quarantined] = [total(all, (r) => r.pending), total(all, (r) => r.quarantined)];
    return [
      ['Minutes since the last run', ago, state(ago > 60)],
      ['Runs', all.length, 'fine'],
      ['Failed runs', failed, state(failed > 0)],
      ['Findings delivered', total(all, (r) => r.findings), 'fine'],
      ['Objects read', total(all, (r) => r.objects), 'fine'],
      ['Objects to try again', pending, state(pending > 0)],
      ['Quarantined', quarantined, state(quarantined > 0)],
    ].map(([Name, Value, State], i) => ({ Rank: i + 1, Name, Value, State }));
  },
  'last-runs': ({ runs, now }) =>
    ordered(
      groups(
        worked(runs),
        (r) => r.app,
        (g) => {
          const last = ordered(g, '-time')[0];
          return {
            App: last.app,
            Outcome: last.outcome,
            TimeGenerated: instant(last.time),
            MinutesAgo: Math.round((now - Date.parse(last.time)) / 60_000),
            ...numbers(last),
          };
        },
      ),
      'App',
    ),
  watermark: ({ runs }) =>
    ordered(
      byDay(
        runs.filter((r) => ['ok', 'partial'].includes(r.outcome) || (r.outcome === 'failed' && r.lag > 0)),
        (g) => ({ App: g[0].app, Minutes: Math.max(...g.map((r) => r.lag / 60)) }),
        (r) => r.app,
      ),
      'TimeGenerated',
      'App',
    ),
  outcomes: ({ runs }) =>
    ordered(
      byDay(
        runs,
        (g) => ({ Outcome: g[0].outcome, Runs: g.length }),
        (r) => r.outcome,
      ),
      'TimeGenerated',
      'Outcome',
    ),
  'per-run': ({ runs }) =>
    byDay(worked(runs), (g) => ({ Findings: mean(g.map((r) => r.findings)), Objects: mean(g.map((r) => r.objects)) })),
  duration: ({ runs }) =>
    byDay(worked(runs), (g) => {
      const all = g.map((r) => r.seconds);
      return { Mean: mean(all), P95: percentile(all, 95), Longest: Math.max(...all) };
    }),
  'failed-codes': ({ runs }) =>
    ordered(
      groups(
        runs.filter((r) => r.outcome === 'failed'),
        (r) => r.app + r.code,
        (g) => {
          const [last, first] = [ordered(g, '-time')[0], ordered(g, 'time')[0]];
          return {
            App: last.app,
            Code: last.code,
            Runs: g.length,
            First: instant(first.time),
            Last: instant(last.time),
            Reason: `${last.code} reason of ${last.invocation}`,
          };
        },
      ),
      '-Last',
      'App',
    ),
  'runs-to-look-at': ({ runs }) =>
    ordered(
      runs.filter((r) => r.pending || r.quarantined || r.left || r.held),
      '-time',
    )
      .slice(0, 50)
      .map((r) => ({
        TimeGenerated: instant(r.time),
        App: r.app,
        Outcome: r.outcome,
        ...pick(numbers(r), 'Pending', 'Quarantined', 'Left', 'Held', 'Waiting', 'Code'),
        InvocationId: r.invocation,
      })),
};
