// For each hunting query: findings that it must find, and findings that differ in one thing and that it must not.
import { finding } from './scenario.mjs';

export const NOW = new Date('2026-11-22T12:00:00Z');

const hours = (n) => new Date(NOW.getTime() - n * 3_600_000).toISOString();
const DAY = 24;

let made = 0;

/**
 * A finding whose first and last event, creation and update lie so many hours back.
 * @param {number} first
 * @param {number} last
 * @param {Record<string, any>} [changes]
 */
function seen(first, last, { service = {}, ...more } = {}) {
  const id = (++made).toString(16).padStart(32, '0');
  return finding({
    id,
    createdAt: hours(first),
    updatedAt: hours(last),
    ...more,
    service: { eventFirstSeen: hours(first), eventLastSeen: hours(last), ...service },
  });
}

const remote = ({ ip = '203.0.113.9', country = 'Norway', asn = '64500' } = {}) => ({
  ipAddressV4: ip,
  country: { countryName: country },
  organization: { asn, asnOrg: `org ${asn}` },
});
const apiCall = (where, api = 'ListBuckets') => ({
  action: {
    actionType: 'AWS_API_CALL',
    awsApiCallAction: { api, serviceName: 's3.amazonaws.com', remoteIpDetails: remote(where) },
  },
});
const connection = (where) => ({
  action: { actionType: 'NETWORK_CONNECTION', networkConnectionAction: { remoteIpDetails: remote(where) } },
});
const portProbe = (where) => ({
  action: { actionType: 'PORT_PROBE', portProbeAction: { portProbeDetails: [{ remoteIpDetails: remote(where) }] } },
});
const dns = (domain) => ({ action: { actionType: 'DNS_REQUEST', dnsRequestAction: { domain } } });
const key = (userName, { accessKeyId = 'ASIAEXAMPLE', userType = 'AssumedRole' } = {}) => ({
  resourceType: 'AccessKey',
  accessKeyDetails: { userName, accessKeyId, userType, principalId: `AIDA:${userName}` },
});
const instance = (instanceId, imageId = 'ami-1') => ({
  resourceType: 'Instance',
  instanceDetails: { instanceId, imageId },
});
const bucket = (name, userName) => ({
  resourceType: 'S3Bucket',
  s3BucketDetails: [{ name, arn: `arn:aws:s3:::${name}` }],
  ...(userName ? { accessKeyDetails: { userName } } : {}),
});
const cluster = (name, workload) => ({
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
const container = (instanceId, name, image) => ({
  resourceType: 'Container',
  instanceDetails: { instanceId, imageId: '' },
  containerDetails: { name, image },
});
const malware = (hash, file) => ({
  malwareScanDetails: { scanId: 's', threats: [{ name: 'EICAR', hash, itemDetails: [{ itemPath: file }] }] },
});

const A = '111111111111';
const B = '222222222222';
const old = (accountId, service) =>
  seen(20 * DAY, 19 * DAY, { accountId, type: 'Recon:EC2/PortProbeUnprotectedPort', service });

/**
 * {query: {hits: findings, want: columns of the one row, also: {what: findings of one row}, misses: {why:
 * findings}}}.
 */
export const SCENARIOS = {
  GuardDutyNewTypeForAccount: {
    hits: [
      old(A),
      seen(5, 4, {
        accountId: A,
        type: 'Backdoor:EC2/C&CActivity.B',
        severity: 8,
        service: connection(),
        resource: instance('i-1'),
      }),
    ],
    want: {
      AccountId: A,
      Type: 'Backdoor:EC2/C&CActivity.B',
      Findings: 1,
      HighestSeverity: 8,
      InstanceId: 'i-1',
      RemoteIp: '203.0.113.9',
    },
    misses: {
      'a type that the account had before': [
        old(A),
        seen(5, 4, { accountId: A, type: 'Recon:EC2/PortProbeUnprotectedPort' }),
      ],
      'an account that is itself new': [old(B), seen(5, 4, { accountId: A, type: 'Backdoor:EC2/C&CActivity.B' })],
      'an old finding with a new update': [
        old(A),
        seen(20 * DAY, 4, { accountId: A, type: 'Backdoor:EC2/C&CActivity.B' }),
      ],
    },
  },
  GuardDutyRemoteAddressAcrossAccounts: {
    hits: [
      seen(30, 29, { accountId: A, service: connection() }),
      seen(9, 8, { accountId: B, severity: 8, resource: key('alice'), service: apiCall() }),
    ],
    want: {
      RemoteAddress: '203.0.113.9',
      Accounts: 2,
      AccountIds: [A, B],
      Findings: 2,
      HighestSeverity: 8,
      UserNames: ['alice'],
      RemoteCountry: 'Norway',
    },
    misses: {
      'one account': [
        seen(30, 29, { accountId: A, service: connection() }),
        seen(9, 8, { accountId: A, service: apiCall() }),
      ],
      'two addresses': [
        seen(30, 29, { accountId: A, service: connection() }),
        seen(9, 8, { accountId: B, service: apiCall({ ip: '203.0.113.10' }) }),
      ],
      'probes of ports': [
        seen(30, 29, { accountId: A, service: portProbe() }),
        seen(9, 8, { accountId: B, service: portProbe() }),
      ],
      'an address of a private network': [
        seen(30, 29, { accountId: A, service: connection({ ip: '10.0.0.1' }) }),
        seen(9, 8, { accountId: B, service: connection({ ip: '10.0.0.1' }) }),
      ],
    },
  },
  GuardDutyNewOriginForAccount: {
    hits: [
      old(A, apiCall()),
      seen(5, 4, { accountId: A, resource: key('alice'), service: apiCall({ ip: '198.51.100.7', country: 'Peru' }) }),
    ],
    also: {
      'a network that is new in a country that is not': [
        old(A, apiCall()),
        seen(5, 4, { accountId: A, service: apiCall({ asn: '64999' }) }),
      ],
    },
    want: { AccountId: A, Origin: 'country Peru', Findings: 1, UserName: 'alice', RemoteIp: '198.51.100.7' },
    misses: {
      'a country that the account was called from before': [
        old(A, apiCall({ country: 'Peru' })),
        seen(5, 4, { accountId: A, service: apiCall({ country: 'Peru' }) }),
      ],
      'an account without earlier calls': [
        old(B, apiCall()),
        seen(5, 4, { accountId: A, service: apiCall({ country: 'Peru' }) }),
      ],
      'a connection that is not a call': [
        old(A, apiCall()),
        seen(5, 4, { accountId: A, service: connection({ country: 'Peru' }) }),
      ],
    },
  },
  GuardDutyPrincipalFromSeveralCountries: {
    hits: [
      seen(30, 29, { accountId: A, resource: key('alice'), service: apiCall() }),
      seen(27, 26, { accountId: A, resource: key('alice'), service: apiCall({ ip: '198.51.100.7', country: 'Peru' }) }),
    ],
    want: {
      AccountId: A,
      Principal: 'alice',
      Routes: ['Norway > Peru'],
      RemoteIp: '203.0.113.9',
      OtherIp: '198.51.100.7',
      ShortestGap: '03:00:00',
      Changes: 1,
    },
    misses: {
      'seven hours between': [
        seen(30, 29, { accountId: A, resource: key('alice'), service: apiCall() }),
        seen(23, 22, { accountId: A, resource: key('alice'), service: apiCall({ country: 'Peru' }) }),
      ],
      'one country': [
        seen(30, 29, { accountId: A, resource: key('alice'), service: apiCall() }),
        seen(27, 26, { accountId: A, resource: key('alice'), service: apiCall({ ip: '198.51.100.7' }) }),
      ],
      'two principals': [
        seen(30, 29, { accountId: A, resource: key('alice'), service: apiCall() }),
        seen(27, 26, { accountId: A, resource: key('bob'), service: apiCall({ country: 'Peru' }) }),
      ],
      'the same name in two accounts': [
        seen(30, 29, { accountId: A, resource: key('alice'), service: apiCall() }),
        seen(27, 26, { accountId: B, resource: key('alice'), service: apiCall({ country: 'Peru' }) }),
      ],
    },
  },
  GuardDutyLowSeverityChain: {
    hits: [
      seen(40, 39, {
        accountId: A,
        type: 'Impact:IAMUser/AnomalousBehavior',
        severity: 5,
        resource: key('alice'),
        service: apiCall(),
      }),
      seen(60, 59, {
        accountId: A,
        type: 'Discovery:IAMUser/AnomalousBehavior',
        severity: 2,
        resource: key('alice'),
        service: apiCall(),
      }),
      seen(50, 49, {
        accountId: A,
        type: 'Persistence:IAMUser/AnomalousBehavior',
        severity: 5,
        resource: key('alice'),
        service: apiCall(),
      }),
    ],
    want: {
      AccountId: A,
      Resource: 'alice',
      TacticCount: 3,
      TacticsInOrder: 'Persistence > Discovery > Impact',
      Findings: 3,
      HighestSeverity: 5,
      UserName: 'alice',
    },
    misses: {
      'two tactics': ['Impact', 'Discovery', 'Discovery'].map((p, i) =>
        seen(40 + i, 39, { accountId: A, type: `${p}:IAMUser/AnomalousBehavior`, severity: 5, resource: key('alice') }),
      ),
      'three resources': ['Impact', 'Discovery', 'Persistence'].map((p, i) =>
        seen(40 + i, 39, {
          accountId: A,
          type: `${p}:IAMUser/AnomalousBehavior`,
          severity: 5,
          resource: key(`user-${i}`),
        }),
      ),
      'one of them High': ['Impact', 'Discovery', 'Persistence'].map((p, i) =>
        seen(40 + i, 39, {
          accountId: A,
          type: `${p}:IAMUser/AnomalousBehavior`,
          severity: i ? 5 : 8,
          resource: key('alice'),
        }),
      ),
    },
  },
  GuardDutyPrincipalInSeveralRegions: {
    hits: ['eu-central-1', 'ap-south-1'].map((region) =>
      seen(40, 39, { accountId: A, region, resource: key('alice'), service: apiCall() }),
    ),
    want: {
      AccountId: A,
      Principal: 'alice',
      Regions: 2,
      RegionNames: ['eu-central-1', 'ap-south-1'],
      Findings: 2,
      AccessKeyIds: ['ASIAEXAMPLE'],
    },
    misses: {
      'one Region': [40, 30].map((h) => seen(h, h - 1, { accountId: A, resource: key('alice'), service: apiCall() })),
      'two principals': ['eu-central-1', 'ap-south-1'].map((region) =>
        seen(40, 39, { accountId: A, region, resource: key(region), service: apiCall() }),
      ),
      'findings without a principal': ['eu-central-1', 'ap-south-1'].map((region) =>
        seen(40, 39, { accountId: A, region, resource: instance('i-1') }),
      ),
    },
  },
  GuardDutyLongLivedFindings: {
    hits: updatesOf(seen(12 * DAY, 12 * DAY, { accountId: A, resource: instance('i-1') }), [
      [10 * DAY, 3],
      [5, 40],
    ]),
    want: { AccountId: A, Resource: 'i-1', Updates: 2, FirstCount: 3, LastCount: 40, DaysOpen: 11.8 },
    misses: {
      'a finding of six days': updatesOf(seen(6 * DAY, 6 * DAY, { accountId: A }), [
        [5 * DAY, 3],
        [5, 40],
      ]),
      'no update today': updatesOf(seen(12 * DAY, 12 * DAY, { accountId: A }), [
        [10 * DAY, 3],
        [30, 40],
      ]),
      'a count that stays': updatesOf(seen(12 * DAY, 12 * DAY, { accountId: A }), [
        [10 * DAY, 3],
        [5, 3],
      ]),
    },
  },
  GuardDutyReconThenLaterStage: {
    hits: [
      seen(60, 59, {
        accountId: A,
        type: 'Recon:EC2/PortProbeUnprotectedPort',
        severity: 2,
        resource: instance('i-1'),
        service: portProbe(),
      }),
      seen(50, 49, {
        accountId: A,
        type: 'Backdoor:EC2/C&CActivity.B',
        severity: 8,
        resource: instance('i-1'),
        service: connection(),
      }),
    ],
    want: {
      AccountId: A,
      Resource: 'i-1',
      EarlyTypes: ['Recon:EC2/PortProbeUnprotectedPort'],
      LateTypes: ['Backdoor:EC2/C&CActivity.B'],
      SameRemoteIp: true,
      HighestSeverity: 8,
    },
    misses: {
      'the other order': [
        seen(40, 39, { accountId: A, type: 'Recon:EC2/PortProbeUnprotectedPort', resource: instance('i-1') }),
        seen(50, 49, { accountId: A, type: 'Backdoor:EC2/C&CActivity.B', resource: instance('i-1') }),
      ],
      'eight days between': [
        seen(10 * DAY, 10 * DAY, {
          accountId: A,
          type: 'Recon:EC2/PortProbeUnprotectedPort',
          resource: instance('i-1'),
        }),
        seen(2 * DAY, 2 * DAY, { accountId: A, type: 'Backdoor:EC2/C&CActivity.B', resource: instance('i-1') }),
      ],
      'two resources': [
        seen(60, 59, { accountId: A, type: 'Recon:EC2/PortProbeUnprotectedPort', resource: instance('i-1') }),
        seen(50, 49, { accountId: A, type: 'Backdoor:EC2/C&CActivity.B', resource: instance('i-2') }),
      ],
      'only reconnaissance': [60, 50].map((h) =>
        seen(h, h - 1, { accountId: A, type: 'Recon:EC2/PortProbeUnprotectedPort', resource: instance('i-1') }),
      ),
    },
  },
  GuardDutySharedImage: {
    hits: [
      seen(40, 39, { accountId: A, resource: instance('i-1', 'ami-9') }),
      seen(30, 29, { accountId: B, severity: 8, resource: instance('i-2', 'ami-9') }),
    ],
    want: {
      Image: 'AMI ami-9',
      Resources: 2,
      ResourceNames: ['i-1', 'i-2'],
      AccountIds: [A, B],
      Findings: 2,
      HighestSeverity: 8,
    },
    also: {
      'containers of one image': ['web', 'api'].map((name) =>
        seen(40, 39, { accountId: A, resource: container('i-1', name, 'repo/app:1') }),
      ),
      'workloads of one image': ['web', 'api'].map((name) =>
        seen(40, 39, { accountId: A, resource: cluster('prod', name) }),
      ),
    },
    misses: {
      'one instance': [40, 30].map((h) => seen(h, h - 1, { accountId: A, resource: instance('i-1', 'ami-9') })),
      'two images': [1, 2].map((n) => seen(40, 39, { accountId: A, resource: instance(`i-${n}`, `ami-${n}`) })),
      'one container of an image': [40, 30].map((h) =>
        seen(h, h - 1, { accountId: A, resource: container('i-1', 'web', 'repo/web:1') }),
      ),
    },
  },
  GuardDutyDomainAcrossAccounts: {
    hits: [
      seen(40, 39, { accountId: A, service: dns('evil.example') }),
      seen(30, 29, { accountId: B, resource: instance('i-2'), service: dns('EVIL.example') }),
    ],
    want: { Domain: 'evil.example', Accounts: 2, AccountIds: [A, B], Findings: 2, InstanceId: 'i-2' },
    misses: {
      'one account': [40, 30].map((h) => seen(h, h - 1, { accountId: A, service: dns('evil.example') })),
      'two domains': [A, B].map((accountId) => seen(40, 39, { accountId, service: dns(`${accountId}.example`) })),
    },
  },
  GuardDutyBucketPolicyThenAccess: {
    hits: [
      seen(40, 39, {
        accountId: A,
        type: 'Policy:S3/BucketPublicAccessGranted',
        resource: bucket('data', 'alice'),
        service: apiCall({}, 'PutBucketPolicy'),
      }),
      seen(30, 29, {
        accountId: A,
        type: 'Exfiltration:S3/AnomalousBehavior',
        severity: 8,
        resource: bucket('data', 'alice'),
        service: apiCall({}, 'GetObject'),
      }),
    ],
    want: {
      AccountId: A,
      BucketName: 'data',
      OpenedTypes: ['Policy:S3/BucketPublicAccessGranted'],
      AccessTypes: ['Exfiltration:S3/AnomalousBehavior'],
      OpenedByNames: ['alice'],
      SameUser: true,
      HighestSeverity: 8,
    },
    also: {
      'a bucket whose log was switched off': [
        seen(40, 39, { accountId: A, type: 'Stealth:S3/ServerAccessLoggingDisabled', resource: bucket('data') }),
        seen(30, 29, { accountId: B, type: 'Impact:S3/AnomalousBehavior.Delete', resource: bucket('data') }),
      ],
    },
    misses: {
      'access before': [
        seen(20, 19, { accountId: A, type: 'Policy:S3/BucketPublicAccessGranted', resource: bucket('data') }),
        seen(30, 29, { accountId: A, type: 'Exfiltration:S3/AnomalousBehavior', resource: bucket('data') }),
      ],
      'two buckets': [
        seen(40, 39, { accountId: A, type: 'Policy:S3/BucketPublicAccessGranted', resource: bucket('data') }),
        seen(30, 29, { accountId: A, type: 'Exfiltration:S3/AnomalousBehavior', resource: bucket('other') }),
      ],
      'two changes of policy': ['Policy:S3/BucketPublicAccessGranted', 'Stealth:S3/ServerAccessLoggingDisabled'].map(
        (type, i) => seen(40 - i, 30, { accountId: A, type, resource: bucket('data') }),
      ),
    },
  },
  GuardDutyKubernetesAnonymousThenWorkload: {
    hits: [
      seen(40, 39, {
        accountId: A,
        type: 'Discovery:Kubernetes/SuccessfulAnonymousAccess',
        resource: cluster('prod'),
        service: {
          action: { actionType: 'KUBERNETES_API_CALL', kubernetesApiCallAction: { remoteIpDetails: remote() } },
        },
      }),
      seen(30, 29, {
        accountId: A,
        type: 'Execution:Kubernetes/ExecInKubeSystemPod',
        severity: 8,
        resource: cluster('prod', 'miner'),
      }),
    ],
    want: {
      AccountId: A,
      ClusterName: 'prod',
      KubernetesWorkload: 'miner',
      AnonymousIp: '203.0.113.9',
      WorkloadTypes: ['Execution:Kubernetes/ExecInKubeSystemPod'],
      HighestSeverity: 8,
    },
    also: {
      'a runtime finding on the cluster': [
        seen(40, 39, { accountId: A, type: 'Policy:Kubernetes/AnonymousAccessGranted', resource: cluster('prod') }),
        seen(30, 29, { accountId: A, type: 'CryptoCurrency:Runtime/BitcoinTool.B', resource: cluster('prod') }),
      ],
    },
    misses: {
      'anonymous access after the workload': [
        seen(20, 19, {
          accountId: A,
          type: 'Discovery:Kubernetes/SuccessfulAnonymousAccess',
          resource: cluster('prod'),
        }),
        seen(30, 29, {
          accountId: A,
          type: 'Execution:Kubernetes/ExecInKubeSystemPod',
          resource: cluster('prod', 'miner'),
        }),
      ],
      'two clusters': [
        seen(40, 39, {
          accountId: A,
          type: 'Discovery:Kubernetes/SuccessfulAnonymousAccess',
          resource: cluster('prod'),
        }),
        seen(30, 29, {
          accountId: A,
          type: 'Execution:Kubernetes/ExecInKubeSystemPod',
          resource: cluster('test', 'miner'),
        }),
      ],
      'only anonymous access': [40, 30].map((h) =>
        seen(h, h - 1, {
          accountId: A,
          type: 'Discovery:Kubernetes/SuccessfulAnonymousAccess',
          resource: cluster('prod', 'api'),
        }),
      ),
    },
  },
  GuardDutyUnknownFindingTypes: {
    hits: [seen(40, 39, { accountId: A, type: 'Sorcery:EC2/Hex', severity: 8, resource: instance('i-1') })],
    want: {
      Type: 'Sorcery:EC2/Hex',
      ThreatPurpose: 'Sorcery',
      IsNewPurpose: true,
      Findings: 1,
      AccountIds: [A],
      HighestSeverity: 8,
      InstanceId: 'i-1',
    },
    also: { 'a new type of a purpose that is known': [seen(40, 39, { accountId: A, type: 'Backdoor:EC2/Hex' })] },
    misses: { 'a type that is known': [seen(40, 39, { accountId: A, type: 'Recon:EC2/Portscan' })] },
  },
  GuardDutyRootOrLongTermKeys: {
    hits: [
      seen(40, 39, {
        accountId: A,
        severity: 8,
        resource: key('alice', { accessKeyId: 'AKIAEXAMPLE', userType: 'IAMUser' }),
        service: apiCall({}, 'GetObject'),
      }),
    ],
    want: {
      AccountId: A,
      Credentials: 'long-term key',
      UserName: 'alice',
      AccessKeyId: 'AKIAEXAMPLE',
      Apis: ['GetObject'],
      Countries: ['Norway'],
      HighestSeverity: 8,
    },
    also: {
      'the root user without a key': [
        seen(40, 39, { accountId: A, resource: key('Root', { accessKeyId: '', userType: 'Root' }) }),
      ],
    },
    misses: {
      'the session of a role': [seen(40, 39, { accountId: A, resource: key('alice'), service: apiCall() })],
      'no key': [seen(40, 39, { accountId: A, resource: instance('i-1') })],
    },
  },
  GuardDutySharedFileHash: {
    hits: [1, 2].map((n) =>
      seen(50 - n, 40, {
        accountId: A,
        type: 'Execution:EC2/MaliciousFile',
        severity: 8,
        resource: instance(`i-${n}`),
        service: malware('a'.repeat(64), '/tmp/x'),
      }),
    ),
    want: {
      Hash: 'a'.repeat(64),
      HashAlgorithm: 'SHA256',
      FileName: '/tmp/x',
      Resources: 2,
      FirstResource: 'i-1',
      Findings: 2,
      HighestSeverity: 8,
    },
    misses: {
      'one resource': [1, 2].map((n) =>
        seen(50 - n, 40, { accountId: A, resource: instance('i-1'), service: malware('a'.repeat(64), '/tmp/x') }),
      ),
      'two files': [1, 2].map((n) =>
        seen(50 - n, 40, { accountId: A, resource: instance(`i-${n}`), service: malware(`${n}`.repeat(64), '/tmp/x') }),
      ),
    },
  },
};

/** Updates of one finding: [hours back, count]. */
function updatesOf(f, updates) {
  return updates.map(([back, count]) => ({
    ...f,
    updatedAt: hours(back),
    service: { ...f.service, count, eventLastSeen: hours(back) },
  }));
}
