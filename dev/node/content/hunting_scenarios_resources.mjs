// Scenarios of the hunting queries about resources, keys and files.
import {
  A,
  apiCall,
  B,
  bucket,
  cluster,
  connection,
  container,
  DAY,
  dns,
  instance,
  key,
  malware,
  portProbe,
  remote,
  seen,
} from './hunting_findings.mjs';

/**
 * {query: {hits: findings, want: columns of the one row, also: {what: findings of one row}, misses: {why:
 * findings}}}.
 */
export const RESOURCES = {
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
