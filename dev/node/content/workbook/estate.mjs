// A month of an organization with four accounts, made of the test data: findings with updates, samples among them,
// lines of two connectors, alerts and incidents.
import { readText } from '../content.mjs';
import { newRow } from '../scenario.mjs';

export const NOW = Date.parse('2026-11-22T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
export const SINCE = new Date(NOW - 30 * DAY);

const ACCOUNTS = ['111122223333', '222233334444', '333344445555', '444455556666'];
const REGIONS = ['eu-west-1', 'us-east-1', 'ap-south-1'];
// of one the country is not known
const PLACES = [
  ['Norway', '64500', '198.51.100.7'],
  ['Peru', '64501', '198.51.100.8'],
  ['', '64502', '198.51.100.9'],
];
const WEIGHTS = [0, 0, 0, 1, 1, 2, 3];
const REGION_WEIGHTS = [0, 0, 0, 1, 2];
const FRACTIONS = [0, 0.5, 0.9, 1.9];

const instant = (ms) => new Date(ms).toISOString();

/**
 * The findings of the test data, spread over accounts, Regions, places, severities and the month. Every ninth stays a
 * sample.
 */
function findings() {
  const lines = readText('dev/testdata/findings.jsonl').split('\n').filter(Boolean);
  return lines.map((line, i) => {
    const [country, asn, ip] = PLACES[WEIGHTS[i % 7] % 3];
    const f = JSON.parse(
      line
        .replaceAll('GeneratedFindingCountryName', country)
        .replaceAll('"asn":"-1"', `"asn":"${asn}"`)
        .replaceAll('198.51.100.0', ip),
    );
    const updated = NOW - (i * 3 + 1) * HOUR;
    return {
      ...f,
      accountId: ACCOUNTS[WEIGHTS[i % 7]],
      region: REGIONS[REGION_WEIGHTS[i % 5]],
      // the second half has types of the first again, some oftener than others; the first five are attack sequences
      type: i < 112 ? f.type : JSON.parse(lines[5 + (i % 40)]).type,
      severity: Math.min(10, f.severity + FRACTIONS[i % 4]),
      createdAt: instant(updated - 5 * HOUR),
      updatedAt: instant(updated),
      service: { ...f.service, count: 10 + i, additionalInfo: i % 9 === 0 ? f.service.additionalInfo : undefined },
    };
  });
}

/** An earlier update: fewer events, and severer where it says so. */
const earlier = (f, ms, severer = 2) => ({
  ...f,
  updatedAt: instant(Date.parse(f.updatedAt) - ms),
  severity: Math.min(10, f.severity + severer),
  service: { ...f.service, count: f.service.count - 5 },
});

/** Every update with the time of its arrival. Some lie before the time range. */
export function updates() {
  const all = findings().flatMap((f, i) => [
    f,
    ...(i % 5 === 0 ? [earlier(f, 2 * DAY)] : []),
    ...(i % 7 === 3 ? [earlier(f, HOUR, 0)] : []),
    ...(i % 11 === 0 ? [earlier(f, 31 * DAY)] : []),
  ]);
  return all.map((f, i) => ({ finding: f, arrived: instant(Date.parse(f.updatedAt) + ((i * 7) % 100) * 60_000) }));
}

export const rowsOf = (list) => list.map(({ finding, arrived }) => newRow(finding, { Arrived: arrived }));

const COMPONENT = '/subscriptions/0/resourcegroups/rg/providers/microsoft.insights/components/';

/**
 * Runs of three connectors: of two one an hour, of the last five days, and of one that always failed. What `run
 * ended` says.
 */
export function runs() {
  const broken = [3, 30].map((hours) => ({
    app: 'func-three',
    time: instant(NOW - hours * HOUR),
    invocation: `func-three-${hours}`,
    outcome: 'failed',
    objects: 0,
    findings: 0,
    pending: 0,
    quarantined: 0,
    left: 0,
    held: 0,
    waiting: 0,
    lag: 0,
    seconds: 0.5,
    code: 'GD1203',
    watermark: instant(NOW - 60 * HOUR),
  }));
  return ['func-one', 'func-two']
    .flatMap((app, a) =>
      Array.from({ length: 120 }, (_, i) => {
        const n = i + a * 7;
        const outcome = n % 17 === 0 ? 'failed' : n % 13 === 0 ? 'busy' : n % 11 === 0 ? 'partial' : 'ok';
        const good = outcome === 'ok' || outcome === 'partial';
        return {
          app,
          time: instant(NOW - (i * 60 + 9 + a) * 60_000),
          invocation: `${app}-${i}`,
          outcome,
          objects: good ? n % 6 : 0,
          findings: good ? (n % 6) * 3 : 0,
          pending: n % 19 === 1 ? 2 : 0,
          quarantined: n % 23 === 2 ? 1 : 0,
          left: outcome === 'partial' ? 40 : 0,
          held: n % 34 === 0 && outcome === 'failed' ? 1 : 0,
          waiting: n % 19 < 4 ? n % 19 : 0,
          lag: n % 34 === 0 ? 0 : 60 * (n % 9),
          seconds: 1 + (n % 10) / 2,
          code: outcome === 'failed' ? (n % 2 ? 'GD1301' : 'GD1303') : undefined,
          watermark: instant(NOW - (i * 60 + 20) * 60_000),
        };
      }),
    )
    .concat(broken);
}

const trace = (run, fields, { category = 'Host.Function.Console', message = undefined } = {}) => ({
  TimeGenerated: run.time,
  _ResourceId: `${COMPONENT}${run.app}`,
  Properties: { Category: category },
  Message: message ?? JSON.stringify({ time: run.time, level: 'INFO', ...fields, invocation_id: run.invocation }),
});

/** The lines of the runs in AppTraces, and others that are none of theirs. */
export function traces(list) {
  const lines = list.flatMap((r) => [
    ...(r.outcome === 'failed'
      ? [trace(r, { msg: 'run failed', code: r.code, error: `${r.code} reason of ${r.invocation}` })]
      : []),
    trace(r, {
      msg: 'run ended',
      outcome: r.outcome,
      objects: r.objects,
      findings: r.findings,
      batches: 1,
      bytes: 10,
      dropped: 0,
      repeated: 0,
      pending: r.pending,
      quarantined: r.quarantined,
      left: r.left,
      list_calls: 1,
      read_calls: 1,
      pairs: 1,
      held: r.held,
      held_seconds: r.held * 900,
      unlisted: r.held,
      waiting: r.waiting,
      waiting_seconds: r.waiting * 600,
      archived: 0,
      late: 0,
      no_folders: 0,
      lag_seconds: r.lag,
      duration_seconds: r.seconds,
      watermark: r.watermark,
      ...(r.code && { code: r.code }),
    }),
  ]);
  const [first] = list;
  return [
    ...lines,
    trace(first, { msg: 'run ended', outcome: 'failed' }, { category: 'Function.GuardDutyTimer.User' }),
    trace(first, { msg: 'quoted', outcome: 'failed', error: 'run ended' }),
    trace(first, {}, { message: 'run ended, in prose' }),
  ];
}

const SecurityAlert = {
  TimeGenerated: 'datetime',
  SystemAlertId: 'string',
  AlertName: 'string',
  AlertSeverity: 'string',
  Description: 'string',
  Status: 'string',
  Tactics: 'string',
  Entities: 'string',
  ExtendedProperties: 'string',
  AlertLink: 'string',
};
const SecurityIncident = {
  TimeGenerated: 'datetime',
  IncidentNumber: 'int',
  Title: 'string',
  Severity: 'string',
  Status: 'string',
  Classification: 'string',
  Owner: 'dynamic',
  AlertIds: 'dynamic',
  CreatedTime: 'datetime',
  LastModifiedTime: 'datetime',
  IncidentUrl: 'string',
};
const AppTraces = { TimeGenerated: 'datetime', _ResourceId: 'string', Properties: 'dynamic', Message: 'string' };

/**
 * Engine options: rows say themselves when they arrived, and the other tables exist, with the columns that are read.
 */
export const TABLES = {
  more: { Arrived: 'datetime' },
  ingestionTime: 'Arrived',
  tables: { AppTraces, SecurityAlert, SecurityIncident },
};

/** Alerts about two findings, and the incident of one: an alert has a row for each change of its, an incident too. */
export function alertsAbout({ FindingId: id, AccountId, Region }, otherId) {
  const alert = (n, at, fields) => ({
    TimeGenerated: instant(NOW - at * HOUR),
    SystemAlertId: `alert-${n}`,
    AlertName: `Rule ${n}`,
    AlertSeverity: 'High',
    Description: '',
    Status: 'New',
    Tactics: 'Impact',
    Entities: '[]',
    ExtendedProperties: '{}',
    AlertLink: `https://portal.azure.com/alert-${n}`,
    ...fields,
  });
  const incident = (n, at, fields) => ({
    TimeGenerated: instant(NOW - at * HOUR),
    IncidentNumber: n,
    Title: `Incident ${n}`,
    Severity: 'High',
    Status: 'New',
    Classification: '',
    Owner: { assignedTo: 'Ann' },
    AlertIds: [],
    CreatedTime: instant(NOW - 9 * HOUR),
    LastModifiedTime: instant(NOW - at * HOUR),
    IncidentUrl: `https://portal.azure.com/incident-${n}`,
    ...fields,
  });
  const named = (finding, account = AccountId) =>
    JSON.stringify({
      'Custom Details': JSON.stringify({ FindingId: [finding], AccountId: [account], Region: [Region] }),
    });
  return {
    alerts: [
      alert(1, 8, { ExtendedProperties: named(id) }),
      alert(1, 6, { ExtendedProperties: named(id), Status: 'Resolved' }),
      alert(2, 7, { Description: `Finding ${id} has grown.` }),
      alert(3, 5, { ExtendedProperties: named(otherId) }),
      // a finding of the same id in another account
      alert(4, 5, { ExtendedProperties: named(id, '999999999999') }),
    ],
    incidents: [
      incident(41, 8, { AlertIds: ['alert-1'] }),
      incident(41, 3, { AlertIds: ['alert-1', 'alert-2'], Status: 'Closed', Classification: 'TruePositive' }),
      incident(42, 4, { AlertIds: ['alert-3'] }),
    ],
  };
}
