// One finding in the folders of several accounts: rows as the connector makes them of each.
import { finding, newRow } from './scenario.mjs';

export const OWN = '222222222222';
export const OTHER = '111111111111';
const REGION = 'eu-central-1';

/** A finding of the account OWN that was made and updated an hour before the tests' time. */
export const genuine = (more = {}) =>
  finding({
    accountId: OWN,
    region: REGION,
    type: 'CryptoCurrency:EC2/BitcoinTool.B',
    severity: 8,
    createdAt: '2026-11-20T05:00:00Z',
    updatedAt: '2026-11-20T05:01:00Z',
    ...more,
    resource: { instanceDetails: { instanceId: 'i-0abc' }, ...more.resource },
  });

const object = (account, region) =>
  `s3://bucket/AWSLogs/${account}/GuardDuty/${region}/2026/11/20/6ebf27df-0ab4-4342-a645-3f6da5d81b03.jsonl.gz`;

/**
 * The row of a finding in the folder of `account`. The service replaces a TimeGenerated that is more than two days
 * old, or more than a day ahead.
 */
export function rowIn(account, f, arrived = '2026-11-20T05:57:00Z', { region = REGION, ...cells } = {}) {
  const ahead = Date.parse(f.updatedAt) - Date.parse(arrived);
  return newRow(f, {
    ArrivedAt: arrived,
    TimeGenerated: ahead < -48 * 3600e3 || ahead > 24 * 3600e3 ? arrived : f.updatedAt,
    SourceObject_s: object(account, region),
    ...cells,
  });
}

/** In its own account's folder. */
export const own = (f, arrived, cells) => rowIn(OWN, f, arrived, cells);

/**
 * In another account's folder, which the connector marks as foreign. So it marks that of an administrator that is not
 * named, where the finding's account has a folder of its own.
 */
export const foreign = (f, arrived, cells) => rowIn(OTHER, f, arrived, { ForeignFolder_b: true, ...cells });

/**
 * In the folder of an administrator that is named, which the connector does not mark. Nor does it mark any other where
 * no administrator is named and the account has no folder of its own.
 */
export const administrators = (f, arrived, cells) => rowIn(OTHER, f, arrived, cells);

/** A row of the HTTP Data Collector API, as far as it matters here: no folder, no details. */
export const folderless = (f, arrived, cells) =>
  rowIn(OWN, f, arrived, { SourceObject_s: null, ResourceDetails: null, ServiceDetails: null, ...cells });

/** Rows in every order that may matter. */
export const bothWays = (rows) => [rows, [...rows].reverse()];
