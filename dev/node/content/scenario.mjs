// Findings made up for a test, and the rows that become of them.
import { classicRow } from './classic.mjs';
import { engineOver, tableSchema } from './content.mjs';

const schema = tableSchema();
const DETECTOR = '12abc34d567e8fa901bc2d34e56789f0';
export const ID = '6ebf27df0ab49342a6453f6da5d81b03';

/**
 * A finding, with changes put over it.
 * @param {Record<string, any>} [changes]
 */
export function finding({ service = {}, resource = {}, ...top } = {}) {
  return {
    schemaVersion: '2.0',
    accountId: '111122223333',
    region: 'eu-central-1',
    partition: 'aws',
    id: ID,
    arn: `arn:aws:guardduty:eu-central-1:111122223333:detector/${DETECTOR}/finding/${top.id ?? ID}`,
    type: 'Recon:EC2/Portscan',
    severity: 5,
    createdAt: '2026-11-01T00:00:00.000Z',
    updatedAt: '2026-11-02T00:00:00.000Z',
    title: 'T',
    description: 'D',
    ...top,
    resource: { resourceType: 'Instance', ...resource },
    service: {
      serviceName: 'guardduty',
      detectorId: DETECTOR,
      resourceRole: 'ACTOR',
      count: 1,
      archived: false,
      eventFirstSeen: '2026-11-01T00:00:00.000Z',
      eventLastSeen: '2026-11-02T00:00:00.000Z',
      ...service,
    },
  };
}

/**
 * The row of this connector, as far as the parsers look at it: flat columns of the schema and the whole of both
 * details.
 * @param {Record<string, any>} f
 * @param {Record<string, any>} [cells]
 */
export function newRow(f, { TimeGenerated = f.updatedAt, ...more } = {}) {
  const flat = Object.entries(classicRow(f, TimeGenerated)).filter(([name]) => name in schema);
  return {
    ...Object.fromEntries(flat),
    Severity: f.severity,
    ResourceDetails: f.resource,
    ServiceDetails: f.service,
    ...more,
  };
}

/** The row of the HTTP Data Collector API. */
export const oldRow = (f, arrived = '2026-11-20T10:00:00Z') =>
  Object.fromEntries(Object.entries(classicRow(f, arrived)).filter(([name]) => name in schema));

/** Engine options for rows that say themselves when they arrived: `ArrivedAt` is what ingestion_time() returns. */
export const ARRIVING = { more: { ArrivedAt: 'datetime' }, ingestionTime: 'ArrivedAt' };

export const run = (rows, query, options) => engineOver(rows, options).run(query).rows;
