// The workbook over the estate: its queries run as the portal would run them, and what passes its filters by the fact
// sheets.
import assert from 'node:assert/strict';
import { engineOver } from '../content.mjs';
import {
  alertsAbout,
  runs as makeRuns,
  updates as makeUpdates,
  NOW,
  rowsOf,
  SINCE,
  TABLES,
  traces,
} from './estate.mjs';
import { findingsOf, historyOf } from './facts.mjs';
import { fill, panelsOf, readWorkbook } from './read.mjs';

export const workbook = readWorkbook();
export const panels = panelsOf(workbook);
export const byName = Object.fromEntries(panels.map((p) => [p.name, p]));

const updates = makeUpdates();
const inRange = ({ finding }) => new Date(finding.updatedAt) >= SINCE;
export const runs = makeRuns();
export const history = historyOf(updates.filter(inRange));
export const chosen = findingsOf(history).find(
  (f) => f.Updates > 1 && f.finding.resource.instanceDetails && !f.IsSample,
);
const { alerts, incidents } = alertsAbout(chosen, history.at(-1).FindingId);

/** The engine over the rows of the time range, as the time context of an item restricts the tables. */
export function engine({ rows = rowsOf(updates.filter(inRange)), lines = traces(runs) } = {}) {
  const made = engineOver(rows, TABLES);
  made.setRows('AppTraces', lines);
  made.setRows('SecurityAlert', alerts);
  made.setRows('SecurityIncident', incidents);
  return made;
}

export const over = engine();
const exported = {
  FindingId: chosen.FindingId,
  FindingAccount: chosen.AccountId,
  FindingRegion: chosen.Region,
};

/** The result of a panel, by its name, or of a query of its own. */
export function show(name, choices = {}, on = over) {
  const text = fill(byName[name]?.content.query ?? name, workbook, { choices, exported });
  assert.deepEqual(on.check(text), [], name);
  return on.run(text, { now: new Date(NOW) });
}

/** What the filters let through. */
export function passing({ Account = null, Region = null, Severity = null, Type = null, Samples = 'Hide' } = {}) {
  const test = (f) =>
    (!Account || Account.includes(f.AccountId))
    && (!Region || Region.includes(f.Region))
    && (!Severity || Severity.includes(f.SeverityLabel))
    && (!Type || Type.includes(f.Type))
    && (Samples === 'Show' || !f.IsSample);
  return { findings: findingsOf(history).filter(test), history: history.filter(test), now: NOW };
}

/** Lists that a panel joins into a text compare as lists. */
const comparable = (rows, like) =>
  rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        const list = Array.isArray(like?.[name]);
        if (list) return [name, (typeof value === 'string' ? value.split(', ').filter(Boolean) : [...value]).sort()];
        return [name, typeof value === 'number' ? Math.round(value * 1e6) / 1e6 : value];
      }),
    ),
  );
export const same = (got, want, what) => assert.deepEqual(comparable(got, want[0]), comparable(want, want[0]), what);
