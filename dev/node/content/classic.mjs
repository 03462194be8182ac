// Rows as the HTTP Data Collector API made them of findings: what Logstash wrote into AWSGuardDuty_CL.
const LONGEST_NAME = 45;
const LONGEST_VALUE = 32 * 1024;
const GUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Name and value of every column of a finding but those of the service, names of any length. */
export function* classicColumns(value, path = []) {
  if (value === null || value === undefined) return;
  if (path.length === 1 && path[0] === 'severity') {
    yield ['Severity', value];
  } else if (Array.isArray(value)) {
    yield named(path, 's', JSON.stringify(value));
  } else if (typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) yield* classicColumns(inner, [...path, key]);
  } else if (typeof value === 'boolean') {
    yield named(path, 'b', value);
  } else if (typeof value === 'number') {
    yield named(path, 'd', value);
  } else if (GUID.test(value)) {
    yield named(
      path,
      'g',
      value
        .replaceAll('-', '')
        .toLowerCase()
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    );
  } else {
    yield INSTANT.test(value) ? named(path, 't', value) : named(path, 's', value);
  }
}

const named = (path, suffix, value) => [
  `${path.map((key) => key.replace(/\W/g, '_')).join('_')}_${suffix}`,
  typeof value === 'string' ? value.slice(0, LONGEST_VALUE) : value,
];

/** The row: Severity an integer, TimeGenerated the time of arrival, no names that are too long. */
export function classicRow(finding, arrived) {
  /** @type {Record<string, any>} */
  const row = { TimeGenerated: arrived };
  for (const [name, value] of classicColumns(finding)) if (name.length <= LONGEST_NAME) row[name] = value;
  if ('Severity' in row) row.Severity = Math.trunc(row.Severity);
  return row;
}

const TYPES = { s: 'string', b: 'bool', d: 'real', t: 'datetime', g: 'guid' };

/** The columns of rows that a schema lacks: {name: type}. */
export function columnsBeyond(schema, rows) {
  const names = new Set(rows.flatMap(Object.keys).filter((name) => !(name in schema)));
  return Object.fromEntries([...names].map((name) => [name, TYPES[name.at(-1)]]));
}

/** The finding without what has no column in a row of old. */
export function whatClassicKeeps(value, path = []) {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    const [[name] = ['']] = [...classicColumns(value, path)];
    return name.length <= LONGEST_NAME ? value : undefined;
  }
  const kept = Object.entries(value).map(([key, inner]) => [key, whatClassicKeeps(inner, [...path, key])]);
  return Object.fromEntries(kept.filter(([, inner]) => inner !== undefined));
}
