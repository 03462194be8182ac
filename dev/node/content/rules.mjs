// The analytics rules, and what Sentinel does with them: a query over the rows of a period, at a time.
import { engineOver, readYaml } from './content.mjs';
import { ARRIVING } from './scenario.mjs';

const DELAY = 5 * 60 * 1000;
const UNITS = { m: 60, h: 3600, d: 86400 };

/** Every rule: {file, yaml}. */
export const readRules = () => readYaml('sentinel/Analytic Rules');

/** Seconds of a span such as 5m, 47h or 14d. */
export function seconds(span) {
  const [, n, unit] = /^(\d+)([mhd])$/.exec(span) ?? [];
  if (!n) throw new Error(`not a span: ${span}`);
  return Number(n) * UNITS[unit];
}

const TABLES = {
  AppTraces: {
    TimeGenerated: 'datetime',
    ArrivedAt: 'datetime',
    _ResourceId: 'string',
    Message: 'string',
    Properties: 'dynamic',
  },
  AZKVAuditLogs: {
    TimeGenerated: 'datetime',
    ArrivedAt: 'datetime',
    _ResourceId: 'string',
    OperationName: 'string',
    HttpStatusCode: 'int',
    Id: 'string',
    RequestUri: 'string',
    Identity: 'dynamic',
    CallerIpAddress: 'string',
    ClientInfo: 'string',
  },
  AzureDiagnostics: {
    TimeGenerated: 'datetime',
    ArrivedAt: 'datetime',
    _ResourceId: 'string',
    ResourceProvider: 'string',
    OperationName: 'string',
    httpStatusCode_d: 'real',
    id_s: 'string',
    requestUri_s: 'string',
    CallerIPAddress: 'string',
    clientInfo_s: 'string',
    identity_claim_oid_g: 'string',
    identity_claim_appid_g: 'string',
    identity_claim_upn_s: 'string',
    identity_claim_scp_s: 'string',
    identity_claim_xms_mirid_s: 'string',
    identity_claim_http_schemas_microsoft_com_identity_claims_objectidentifier_g: 'string',
  },
};

/**
 * An engine with the rows that a run of the rule at `now` has: those with a TimeGenerated in the period. Sentinel
 * runs a query five minutes after the end of its period, and now() is that end: rows that arrived in between are
 * there too.
 */
function engineAt({ yaml }, { rows = [], traces = [], audits = [], diagnostics = [] }, now) {
  const from = Date.parse(now) - seconds(yaml.queryPeriod) * 1000;
  const seen = (row) =>
    Date.parse(row.ArrivedAt) <= Date.parse(now) + DELAY
    && Date.parse(row.TimeGenerated) >= from
    && Date.parse(row.TimeGenerated) <= Date.parse(now);
  const engine = engineOver(rows.filter(seen), { ...ARRIVING, tables: TABLES });
  engine.setRows('AppTraces', traces.filter(seen));
  engine.setRows('AZKVAuditLogs', audits.filter(seen));
  engine.setRows('AzureDiagnostics', diagnostics.filter(seen));
  return engine;
}

const EMPTY = [{}, '2026-11-22T00:00:00Z'];
export const check = (rule) => engineAt(rule, ...EMPTY).check(rule.yaml.query);
export const columns = (rule) =>
  Object.fromEntries(
    engineAt(rule, ...EMPTY)
      .run(rule.yaml.query)
      .columns.map((c) => [c.name, c.type]),
  );

/** The alerts of one run, a row each. Rows say in `ArrivedAt` when they arrived. */
export const alerts = (rule, tables, now) => engineAt(rule, tables, now).run(rule.yaml.query, { now }).rows;
