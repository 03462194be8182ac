// What the expectations of the panels are worked out with.
import { grouped } from './facts.mjs';

export const KILL_CHAIN = [
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
export const LABELS = ['Critical', 'High', 'Medium', 'Low'];

/** Orders by keys: a number or text each, '-' before the name for the greatest first. */
export const ordered = (rows, ...keys) =>
  [...rows].sort((a, b) => {
    for (const key of keys) {
      const name = key.replace('-', '');
      if (a[name] !== b[name]) return (a[name] < b[name] ? -1 : 1) * (key.startsWith('-') ? -1 : 1);
    }
    return 0;
  });
export const count = (list, test) => list.filter(test).length;
export const distinct = (list, of) => new Set(list.map(of)).size;
export const highest = (list) => list.reduce((a, b) => (b.HighestSeverity > a.HighestSeverity ? b : a)).HighestLabel;
export const latest = (list, column = 'TimeGenerated') =>
  list
    .map((x) => x[column])
    .sort()
    .at(-1);
export const spread = (list, column) => list.flatMap((f) => f[column].map((value) => ({ ...f, value })));
export const bySeverity = (list) => ({
  ...Object.fromEntries(LABELS.map((l) => [l, count(list, (f) => f.SeverityLabel === l)])),
  Findings: list.length,
});
export const groups = (list, keyOf, make) => [...grouped(list, keyOf).values()].map(make);
export const round = (x, digits = 1) => Math.round(x * 10 ** digits) / 10 ** digits;
export const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
export const percentile = (list, p) =>
  [...list].sort((a, b) => a - b)[Math.max(0, Math.ceil((p / 100) * list.length) - 1)];
export const dayOf = (text) => `${text.slice(0, 10)}T00:00:00.0000000Z`;
export const instant = (text) => new Date(text).toISOString().replace('Z', '0000Z');
export const minutes = (h) => (Date.parse(h.IngestionTime) - Date.parse(h.UpdatedAt)) / 60_000;

export const types = (findings) =>
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
export const share = (findings, of) =>
  ordered(
    groups(findings, of, (g) => ({ Name: of(g[0]), Findings: g.length })),
    '-Findings',
    'Name',
  );
export const pick = (row, ...names) => Object.fromEntries(names.map((n) => [n, row[n]]));
