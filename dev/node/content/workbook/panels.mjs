// What each panel has to show, worked out from fact sheets: {panel: (data) => rows}. `data` has the findings and the
// history that pass the filters, the runs, the alerts, the incidents, and the finding that was chosen.
import { grouped } from './facts.mjs';

const KILL_CHAIN = [
  'Reconnaissance',
  'ResourceDevelopment',
  'InitialAccess',
  'Execution',
  'Persistence',
  'PrivilegeEscalation',
  'DefenseEvasion',
  'CredentialAccess',
  'Discovery',
  'LateralMovement',
  'Collection',
  'CommandAndControl',
  'Exfiltration',
  'Impact',
];
const LABELS = ['Critical', 'High', 'Medium', 'Low'];

/** Orders by keys: a number or text each, '-' before the name for the greatest first. */
export const ordered = (rows, ...keys) =>
  [...rows].sort((a, b) => {
    for (const key of keys) {
      const name = key.replace('-', '');
      if (a[name] !== b[name]) return (a[name] < b[name] ? -1 : 1) * (key.startsWith('-') ? -1 : 1);
    }
    return 0;
  });
const count = (list, test) => list.filter(test).length;
const distinct = (list, of) => new Set(list.map(of)).size;
const highest = (list) => list.reduce((a, b) => (b.HighestSeverity > a.HighestSeverity ? b : a)).HighestLabel;
const latest = (list, column = 'TimeGenerated') =>
  list
    .map((x) => x[column])
    .sort()
    .at(-1);
const spread = (list, column) => list.flatMap((f) => f[column].map((value) => ({ ...f, value })));
const bySeverity = (list) => ({
  ...Object.fromEntries(LABELS.map((l) => [l, count(list, (f) => f.SeverityLabel === l)])),
  Findings: list.length,
});
const groups = (list, keyOf, make) => [...grouped(list, keyOf).values()].map(make);
const round = (x, digits = 1) => Math.round(x * 10 ** digits) / 10 ** digits;
const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
const percentile = (list, p) => [...list].sort((a, b) => a - b)[Math.max(0, Math.ceil((p / 100) * list.length) - 1)];
const dayOf = (text) => `${text.slice(0, 10)}T00:00:00.0000000Z`;
const instant = (text) => new Date(text).toISOString().replace('Z', '0000Z');
const minutes = (h) => (Date.parse(h.IngestionTime) - Date.parse(h.UpdatedAt)) / 60_000;

const types = (findings) =>
  groups(
    findings,
    (f) => f.Type,
    (g) => ({
      Severity: highest(g),
      Type: g[0].Type,
      Findings: g.length,
      Accounts: distinct(g, (f) => f.AccountId),
      LastUpdated: latest(g),
    }),
  );
const share = (findings, of) =>
  ordered(
    groups(findings, of, (g) => ({ Name: of(g[0]), Findings: g.length })),
    '-Findings',
    'Name',
  );
const pick = (row, ...names) => Object.fromEntries(names.map((n) => [n, row[n]]));

export const findingPanels = {
  'severity-tiles': ({ findings }) =>
    LABELS.map((Severity) => ({ Severity, Findings: count(findings, (f) => f.SeverityLabel === Severity) })),
  'newest-high': ({ findings }) =>
    ordered(
      findings.filter((f) => ['High', 'Critical'].includes(f.SeverityLabel)),
      '-TimeGenerated',
    )
      .slice(0, 10)
      .map((f) => ({
        Severity: f.SeverityLabel,
        ...pick(f, 'TimeGenerated', 'Title', 'Type', 'AccountId', 'Region', 'Resource', 'Count', 'ConsoleLink'),
      })),
  'over-time': ({ history }) =>
    ordered(
      groups(
        history,
        (h) => dayOf(h.TimeGenerated) + h.SeverityLabel,
        (g) => ({
          TimeGenerated: dayOf(g[0].TimeGenerated),
          Severity: g[0].SeverityLabel,
          Findings: distinct(g, (h) => h.FindingId),
        }),
      ),
      'TimeGenerated',
      'Severity',
    ),
  accounts: ({ findings }) =>
    ordered(
      groups(
        findings,
        (f) => f.AccountId,
        (g) => ({ AccountId: g[0].AccountId, ...bySeverity(g) }),
      ),
      '-Findings',
      'AccountId',
    ).slice(0, 20),
  resources: ({ findings }) =>
    ordered(
      groups(
        findings.filter((f) => f.Resource),
        (f) => `${f.Resource} ${f.ResourceType} ${f.AccountId}`,
        (g) => ({
          ...pick(g[0], 'Resource', 'ResourceType', 'AccountId'),
          ...bySeverity(g),
        }),
      ),
      '-Findings',
      'Resource',
      'ResourceType',
      'AccountId',
    ).slice(0, 20),
  'common-types': ({ findings }) => ordered(types(findings), '-Findings', 'Type').slice(0, 10),
  'rare-types': ({ findings }) => ordered(types(findings), 'Findings', 'Type').slice(0, 10),
  'attack-sequences': ({ findings }) =>
    ordered(
      findings.filter((f) => f.Type.startsWith('AttackSequence:')),
      '-TimeGenerated',
    ).map((f) => ({
      Severity: f.SeverityLabel,
      ...pick(f, 'TimeGenerated', 'Title', 'Type', 'AccountId', 'Region', 'Resource', 'UserName'),
      Signals: f.finding.service.detection.sequence.signals.length,
      Tactics: f.Tactics,
      ...pick(f, 'FirstSeen', 'LastSeen', 'ConsoleLink'),
    })),
  purposes: ({ findings }) => share(findings, (f) => f.Type.split(':')[0]),
  'resource-types': ({ findings }) => share(findings, (f) => f.finding.resource.resourceType),
  directions: ({ findings }) =>
    share(findings, (f) => ({ TARGET: 'Inbound', ACTOR: 'Outbound' })[f.finding.service.resourceRole] ?? 'Unknown'),
  tactics: ({ findings }) => {
    const byTactic = grouped(spread(findings, 'Tactics'), (f) => f.value);
    const techniques = (g) =>
      ordered(
        groups(
          spread(
            g.map(({ value, ...f }) => f),
            'Techniques',
          ),
          (f) => f.value,
          (of) => ({ Technique: of[0].value, Findings: of.length }),
        ),
        '-Findings',
        'Technique',
      )
        .map((t) => `${t.Technique} (${t.Findings})`)
        .join(', ');
    return KILL_CHAIN.filter((t) => byTactic.has(t)).map((Tactic) => ({
      Tactic,
      ...bySeverity(byTactic.get(Tactic)),
      Techniques: techniques(byTactic.get(Tactic)),
    }));
  },
  techniques: ({ findings }) =>
    ordered(
      groups(
        spread(findings, 'Techniques'),
        (f) => f.value,
        (g) => ({
          Severity: highest(g),
          Technique: g[0].value,
          Findings: g.length,
          Types: distinct(g, (f) => f.Type),
          Accounts: distinct(g, (f) => f.AccountId),
        }),
      ),
      '-Findings',
      'Technique',
    ).slice(0, 20),
  countries: ({ findings }) =>
    ordered(
      groups(
        findings.filter((f) => f.RemoteCountry),
        (f) => f.RemoteCountry,
        (g) => ({ RemoteCountry: g[0].RemoteCountry, Findings: g.length }),
      ),
      '-Findings',
      'RemoteCountry',
    ),
  'remote-addresses': ({ findings }) =>
    ordered(
      groups(
        spread(findings, 'RemoteIps'),
        (f) => f.value,
        (g) => ({
          Severity: highest(g),
          RemoteAddress: g[0].value,
          Country: [...new Set(g.filter((f) => f.RemoteIp === f.value && f.RemoteCountry).map((f) => f.RemoteCountry))],
          Findings: g.length,
          Accounts: distinct(g, (f) => f.AccountId),
          Types: distinct(g, (f) => f.Type),
          LastUpdated: latest(g),
        }),
      ),
      '-Findings',
      'RemoteAddress',
    ).slice(0, 20),
  'remote-networks': ({ findings }) =>
    ordered(
      groups(
        findings.filter((f) => f.RemoteAsn),
        (f) => `${f.RemoteAsn} ${f.RemoteAsnOrg}`,
        (g) => ({
          Severity: highest(g),
          ...pick(g[0], 'RemoteAsn', 'RemoteAsnOrg'),
          Findings: g.length,
          Accounts: distinct(g, (f) => f.AccountId),
          RemoteAddresses: distinct(g, (f) => f.RemoteIp),
        }),
      ),
      '-Findings',
      'RemoteAsn',
      'RemoteAsnOrg',
    ).slice(0, 20),
  domains: ({ findings }) =>
    ordered(
      groups(
        spread(findings, 'Domains'),
        (f) => f.value,
        (g) => ({
          Severity: highest(g),
          Domain: g[0].value,
          Findings: g.length,
          Accounts: distinct(g, (f) => f.AccountId),
          LastUpdated: latest(g),
        }),
      ),
      '-Findings',
      'Domain',
    ).slice(0, 20),
  findings: ({ findings }) =>
    ordered(findings, '-TimeGenerated', 'FindingId').map((f) => ({
      Severity: f.SeverityLabel,
      ...pick(
        f,
        'TimeGenerated',
        'Title',
        'Type',
        'AccountId',
        'Region',
        'Resource',
        'ResourceType',
        'RemoteIp',
        'Count',
        'Updates',
        'ConsoleLink',
        'FindingId',
      ),
    })),
  freshness: ({ history, now }) =>
    ordered(
      groups(
        history,
        (h) => h.AccountId + h.Region,
        (g) => ({
          ...pick(g[0], 'AccountId', 'Region'),
          Updates: g.length,
          NewestUpdate: latest(g, 'UpdatedAt'),
          NewestArrival: latest(g, 'IngestionTime'),
          HoursSinceArrival: round((now - Date.parse(latest(g, 'IngestionTime'))) / 3_600_000),
        }),
      ),
      '-NewestArrival',
      'AccountId',
      'Region',
    ),
  delay: ({ history }) =>
    ordered(
      groups(
        history,
        (h) => h.AccountId + h.Region,
        (g) => {
          const all = g.map(minutes);
          return {
            ...pick(g[0], 'AccountId', 'Region'),
            Updates: g.length,
            P50: percentile(all, 50),
            P95: percentile(all, 95),
            P99: percentile(all, 99),
            Longest: Math.max(...all),
          };
        },
      ),
      '-P95',
      'AccountId',
      'Region',
    ),
  'delay-over-time': ({ history }) =>
    ordered(
      groups(
        history,
        (h) => dayOf(h.IngestionTime),
        (g) => {
          const all = g.map(minutes);
          return {
            IngestionTime: dayOf(g[0].IngestionTime),
            P50: percentile(all, 50),
            P95: percentile(all, 95),
            P99: percentile(all, 99),
          };
        },
      ),
      'IngestionTime',
    ),
};

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
  Unlisted: r.unlisted,
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
      runs.filter((r) => r.pending || r.quarantined || r.left || r.unlisted),
      '-time',
    )
      .slice(0, 50)
      .map((r) => ({
        TimeGenerated: instant(r.time),
        App: r.app,
        Outcome: r.outcome,
        ...pick(numbers(r), 'Pending', 'Quarantined', 'Left', 'Unlisted', 'Code'),
        InvocationId: r.invocation,
      })),
};
