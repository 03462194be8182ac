// Scenarios of the hunting queries about accounts, principals and addresses.
import { A, apiCall, B, connection, DAY, instance, key, old, portProbe, seen, updatesOf } from './hunting_findings.mjs';

/**
 * {query: {hits: findings, want: columns of the one row, also: {what: findings of one row}, misses: {why:
 * findings}}}.
 */
export const ACCOUNTS = {
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
};
