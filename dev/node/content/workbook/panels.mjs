// What each panel has to show, worked out from fact sheets: {panel: (data) => rows}. `data` has the findings and the
// history that pass the filters, the runs, the alerts, the incidents, and the finding that was chosen.

import { grouped } from './facts.mjs';
import {
  bySeverity,
  count,
  dayOf,
  distinct,
  groups,
  highest,
  KILL_CHAIN,
  LABELS,
  latest,
  minutes,
  ordered,
  percentile,
  pick,
  round,
  share,
  spread,
  types,
} from './panel_tools.mjs';

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
          Findings: distinct(g, (h) => h.AccountId + h.Region + h.FindingId),
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
      ),
      ForeignFolder: false,
      ...pick(f, 'ConsoleLink', 'FindingId'),
    })),
  freshness: ({ history, now }) =>
    ordered(
      groups(
        history,
        (h) => h.AccountId + h.Region,
        (g) => ({
          ...pick(g[0], 'AccountId', 'Region'),
          ForeignFolder: false,
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
