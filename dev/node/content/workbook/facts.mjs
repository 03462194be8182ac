// What the estate's findings say, worked out from their JSON: one fact sheet for each update, and one for each finding.
import { expected, instant, severityLabel } from '../expected.mjs';
import { readFindingTypes } from '../finding_types.mjs';

const types = readFindingTypes();

/** A sheet for each update: the columns, and `finding` itself. */
export const historyOf = (updates) =>
  updates.map(({ finding, arrived }) => {
    const columns = expected(finding, types);
    return { ...columns, IngestionTime: instant(arrived), finding };
  });

/** A sheet for each finding: its newest update. */
export function findingsOf(history) {
  const byId = grouped(history, (h) => h.FindingId);
  return [...byId.values()].map((all) => {
    const newest = all.reduce((a, b) => (b.UpdatedAt > a.UpdatedAt ? b : a));
    const highest = Math.max(...all.map((h) => h.Severity));
    return { ...newest, Updates: all.length, HighestSeverity: highest, HighestLabel: severityLabel(highest) };
  });
}

/** {group: members}, in order of first appearance. */
export function grouped(list, keyOf) {
  const groups = new Map();
  for (const item of list) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
