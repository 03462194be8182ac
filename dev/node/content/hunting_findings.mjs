// Findings from which the scenarios of the hunting queries are made.
import { finding } from './scenario.mjs';

export const NOW = new Date('2026-11-22T12:00:00Z');

const hours = (n) => new Date(NOW.getTime() - n * 3_600_000).toISOString();
export const DAY = 24;

let made = 0;

/**
 * A finding whose first and last event, creation and update lie so many hours back.
 * @param {number} first
 * @param {number} last
 * @param {Record<string, any>} [changes]
 */
export function seen(first, last, { service = {}, ...more } = {}) {
  const id = (++made).toString(16).padStart(32, '0');
  return finding({
    id,
    createdAt: hours(first),
    updatedAt: hours(last),
    ...more,
    service: { eventFirstSeen: hours(first), eventLastSeen: hours(last), ...service },
  });
}

export const remote = ({ ip = '203.0.113.9', country = 'Norway', asn = '64500' } = {}) => ({
  ipAddressV4: ip,
  country: { countryName: country },
  organization: { asn, asnOrg: `org ${asn}` },
});
export const apiCall = (where, api = 'ListBuckets') => ({
  action: {
    actionType: 'AWS_API_CALL',
    awsApiCallAction: { api, serviceName: 's3.amazonaws.com', remoteIpDetails: remote(where) },
  },
});
export const connection = (where) => ({
  action: { actionType: 'NETWORK_CONNECTION', networkConnectionAction: { remoteIpDetails: remote(where) } },
});
export const portProbe = (where) => ({
  action: { actionType: 'PORT_PROBE', portProbeAction: { portProbeDetails: [{ remoteIpDetails: remote(where) }] } },
});
export const dns = (domain) => ({ action: { actionType: 'DNS_REQUEST', dnsRequestAction: { domain } } });
export const key = (userName, { accessKeyId = 'ASIAEXAMPLE', userType = 'AssumedRole' } = {}) => ({
  resourceType: 'AccessKey',
  accessKeyDetails: { userName, accessKeyId, userType, principalId: `AIDA:${userName}` },
});
export const instance = (instanceId, imageId = 'ami-1') => ({
  resourceType: 'Instance',
  instanceDetails: { instanceId, imageId },
});
export const bucket = (name, userName) => ({
  resourceType: 'S3Bucket',
  s3BucketDetails: [{ name, arn: `arn:aws:s3:::${name}` }],
  ...(userName ? { accessKeyDetails: { userName } } : {}),
});
export const cluster = (name, workload) => ({
  resourceType: 'EKSCluster',
  eksClusterDetails: { name, arn: `arn:aws:eks:eu-central-1:1:cluster/${name}` },
  kubernetesDetails: {
    kubernetesUserDetails: { username: 'system:anonymous' },
    ...(workload
      ? {
          kubernetesWorkloadDetails: {
            name: workload,
            type: 'pods',
            namespace: 'default',
            containers: [{ name: 'c', image: 'i' }],
          },
        }
      : {}),
  },
});
export const container = (instanceId, name, image) => ({
  resourceType: 'Container',
  instanceDetails: { instanceId, imageId: '' },
  containerDetails: { name, image },
});
export const malware = (hash, file) => ({
  malwareScanDetails: { scanId: 's', threats: [{ name: 'EICAR', hash, itemDetails: [{ itemPath: file }] }] },
});

export const A = '111111111111';
export const B = '222222222222';
export const old = (accountId, service) =>
  seen(20 * DAY, 19 * DAY, { accountId, type: 'Recon:EC2/PortProbeUnprotectedPort', service });

/** Updates of one finding: [hours back, count]. */
export function updatesOf(f, updates) {
  return updates.map(([back, count]) => ({
    ...f,
    updatedAt: hours(back),
    service: { ...f.service, count, eventLastSeen: hours(back) },
  }));
}
