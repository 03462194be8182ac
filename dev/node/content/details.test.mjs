// Single findings with something out of the ordinary: samples, unknown types, odd details, ids and partitions.
import assert from 'node:assert/strict';
import test from 'node:test';
import { classicRow, columnsBeyond } from './classic.mjs';
import { tableSchema } from './content.mjs';
import { comparable, expected } from './expected.mjs';
import { readFindingTypes } from './finding_types.mjs';
import { finding, ID, newRow, oldRow, run } from './scenario.mjs';

const types = readFindingTypes();
const schema = tableSchema();
const one = (rows, query = 'GuardDutyFindings', options = {}) => {
  const out = run(rows, query, options);
  assert.equal(out.length, 1);
  return out[0];
};

test('samples are flagged, also where only the text says so', () => {
  assert.equal(one([newRow(finding())]).IsSample, false);
  for (const additionalInfo of [{ sample: true }, { value: '{"sample":true}', type: 'default' }]) {
    assert.equal(one([newRow(finding({ service: { additionalInfo } }))]).IsSample, true);
    assert.equal(one([oldRow(finding({ service: { additionalInfo } }))]).IsSample, true);
  }
  assert.equal(one([newRow(finding({ service: { additionalInfo: { value: 'no JSON' } } }))]).IsSample, false);
});

test('a finding type that is not known stays visible, with the tactics of its purpose', () => {
  const row = one([newRow(finding({ type: 'Backdoor:Quantum/NewThing.C!DNS' }))]);
  assert.deepEqual(
    [
      row.IsKnownType,
      row.Tactics,
      row.ThreatPurpose,
      row.ResourceAffected,
      row.ThreatFamily,
      row.DetectionMechanism,
      row.Artifact,
    ],
    [false, ['CommandAndControl'], 'Backdoor', 'Quantum', 'NewThing', 'C', 'DNS'],
  );
  const other = one([newRow(finding({ type: 'Sorcery:EC2/Hex' }))]);
  assert.deepEqual(
    [other.IsKnownType, other.Tactics, other.Techniques, other.ThreatPurpose],
    [false, [], [], 'Sorcery'],
  );
  assert.deepEqual(one([newRow(finding({ type: 'no type at all' }))]).ThreatPurpose, '');
});

test('a row with next to nothing in it is a row', () => {
  const row = one([{ TimeGenerated: '2026-11-02T00:00:00Z', id_s: 'odd-ID' }]);
  assert.deepEqual(
    [
      row.FindingId,
      row.Severity,
      row.SeverityLabel,
      row.Count,
      row.ConsoleLink,
      row.RemoteIps,
      row.FileNames,
      row.IsSample,
      row.TimeGenerated,
    ],
    ['odd-ID', null, '', null, '', [], [], false, '2026-11-02T00:00:00.0000000Z'],
  );
  const bare = one([
    {
      TimeGenerated: '2026-11-02T00:00:00Z',
      arn_s: `arn:aws:guardduty:eu-west-1:1:detector/d/finding/${ID}`,
      ResourceDetails: {},
      ServiceDetails: {},
    },
  ]);
  assert.equal(bare.FindingId, ID);
});

test('details that are null inside do not count as values', () => {
  const f = finding({
    resource: {
      instanceDetails: { instanceId: 'i-1', networkInterfaces: null, platform: null },
      kubernetesDetails: { kubernetesUserDetails: null, kubernetesWorkloadDetails: null },
    },
    service: { action: { networkConnectionAction: { remoteIpDetails: null } }, evidence: null, runtimeDetails: null },
  });
  const row = one([newRow(f)]);
  assert.deepEqual(
    [row.RemoteIp, row.RemoteIps, row.LocalIps, row.KubernetesUser, row.InstanceId],
    ['', [], [], '', 'i-1'],
  );
});

test('entities of a finding with IPv6, several remote addresses, escapes and text that looks like keys', () => {
  const probe = (remote, local) => ({
    localPortDetails: { port: 22 },
    localIpDetails: { ipAddressV4: local, ipAddressV6: 'fd00::9' },
    remoteIpDetails: { country: { countryName: 'A {b} "c"' }, ipAddressV4: remote, ipAddressV6: '2001:db8::7' },
  });
  const f = finding({
    type: 'Execution:S3/MaliciousFile!RecoveryPoint',
    resource: {
      instanceDetails: {
        instanceId: 'i-1',
        networkInterfaces: [
          {
            ipv6Addresses: ['2001:db8::1', 'fe80::1'],
            privateIpAddress: '10.0.0.5',
            privateIpAddresses: [{ privateIpAddress: '10.0.0.6' }],
            publicIp: '203.0.113.9',
            vpcId: 'vpc-1',
          },
        ],
      },
      s3BucketDetails: [
        {
          name: 'one',
          arn: 'arn:aws:s3:::one',
          tags: [{ key: 'name', value: 'x" "name": "trap' }],
          s3ObjectDetails: [
            { objectArn: 'arn:aws:s3:::one/dir/a "b"\\c é.txt', key: 'dir/a "b"\\c é.txt', hash: 'h1' },
          ],
        },
        { name: 'two' },
      ],
    },
    service: {
      action: {
        actionType: 'PORT_PROBE',
        portProbeAction: {
          blocked: false,
          portProbeDetails: [probe('192.0.2.1', '10.0.0.7'), probe('192.0.2.2', '10.0.0.7')],
        },
      },
      malwareScanDetails: {
        scanId: 's',
        threats: [
          {
            hash: 'h2',
            itemPaths: [{ nestedItemPath: 'C:\\x\\y', hash: 'h2' }],
            itemDetails: [{ itemPath: 'q"r', hash: 'h3' }],
          },
        ],
      },
    },
  });
  const want = expected(f, types);
  assert.deepEqual(want.RemoteIps, ['192.0.2.1', '192.0.2.2', '2001:db8::7']);
  assert.equal(want.LocalIps.length, 7);
  assert.deepEqual(want.FileNames, ['C:\\x\\y', 'dir/a "b"\\c é.txt', 'q"r']);
  assert.deepEqual(comparable(one([newRow(f)]), want), want);
});

test('addresses that a Kubernetes API call came through are remote ones', () => {
  const kubernetesApiCallAction = {
    sourceIPs: ['192.0.2.8', '2001:db8::8'],
    remoteIpDetails: { ipAddressV4: '192.0.2.9' },
    namespace: 'n',
  };
  const f = finding({ service: { action: { actionType: 'KUBERNETES_API_CALL', kubernetesApiCallAction } } });
  const row = one([newRow(f)]);
  assert.deepEqual(
    [[...row.RemoteIps].sort(), row.RemoteIp, row.KubernetesNamespace],
    [['192.0.2.8', '192.0.2.9', '2001:db8::8'], '192.0.2.9', 'n'],
  );
});

test('a Kubernetes workload of another kind is not named as a pod', () => {
  const workload = (type) =>
    finding({
      resource: {
        kubernetesDetails: {
          kubernetesWorkloadDetails: { type, name: 'w', namespace: 'n', containers: [{ name: 'c', image: 'i' }] },
        },
      },
    });
  const of = (type) => one([newRow(workload(type))]);
  assert.deepEqual(
    [of('deployments').PodName, of('deployments').KubernetesWorkload, of('pods').PodName, of('pod').PodName],
    ['', 'w', 'w', 'w'],
  );
  assert.deepEqual(
    [of('pods').ContainerName, of('pods').ContainerImage, of('pods').KubernetesNamespace],
    ['c', 'i', 'n'],
  );
});

test('tactics of an attack sequence: all names that Sentinel knows', () => {
  const values = ['Command and Control', 'Resource Development', 'Lateral Movement', 'Made Up', 'Exfiltration'];
  const sequence = {
    uid: 'u',
    sequenceIndicators: [
      { key: 'ATTACK_TACTIC', values },
      { key: 'ATTACK_TECHNIQUE', values: ['T1562.008 - Impair Defenses', 'T1078 - Valid Accounts'] },
    ],
  };
  const row = one([
    newRow(finding({ type: 'AttackSequence:S3/CompromisedData', service: { detection: { sequence } } })),
  ]);
  assert.deepEqual([...row.Tactics].sort(), [
    'CommandAndControl',
    'Exfiltration',
    'LateralMovement',
    'ResourceDevelopment',
  ]);
  assert.deepEqual([...row.Techniques].sort(), ['T1078', 'T1562.008']);
});

for (const [partition, host] of [
  ['aws', 'console.aws.amazon.com'],
  ['aws-cn', 'console.amazonaws.cn'],
  ['aws-us-gov', 'console.amazonaws-us-gov.com'],
]) {
  test(`console link of partition ${partition}`, () => {
    assert.equal(
      one([newRow(finding({ partition, region: 'xx-north-1' }))]).ConsoleLink,
      `https://${host}/guardduty/home?region=xx-north-1#/findings?search=id%3D${ID}`,
    );
  });
}

test('there is no link for a partition whose console is not known', () => {
  assert.equal(one([newRow(finding({ partition: 'aws-moon' }))]).ConsoleLink, '');
});

test('ids: a GUID with dashes is one without, another id is kept', () => {
  assert.equal(one([newRow(finding())]).FindingId, ID);
  const odd = finding({ id: 'Not-A-Guid', service: { detectorId: 'Odd-Detector' } });
  for (const row of [one([newRow(odd)]), one([oldRow(odd)])])
    assert.deepEqual([row.FindingId, row.DetectorId], ['Not-A-Guid', 'Odd-Detector']);
});

test('a finding that was unarchived is not archived, one that says so is', () => {
  assert.equal(one([newRow(finding({ service: { archived: true } }))]).IsArchived, true);
  assert.equal(one([newRow(finding())]).IsArchived, false);
});

test('columns that only old tables have are read', () => {
  const f = finding({ service: { runtimeDetails: { process: { name: 'bash' } } } });
  const rows = [classicRow(f, '2026-11-20T10:00:00Z')];
  assert.equal(one(rows, 'GuardDutyFindings', { more: columnsBeyond(schema, rows) }).ProcessName, 'bash');
});

test('details too long for a field: what the flat columns have', () => {
  const f = finding({
    resource: { instanceDetails: { instanceId: 'i-7', imageId: 'ami-7' } },
    service: {
      additionalInfo: { sample: true },
      action: { actionType: 'DNS_REQUEST', dnsRequestAction: { domain: 'a.example' } },
    },
  });
  const note = { truncated_bytes: 70000 };
  const row = one([
    newRow(f, {
      ResourceDetails: note,
      ServiceDetails: note,
      Truncated_b: true,
      TruncatedColumns_s: 'ResourceDetails,ServiceDetails',
    }),
  ]);
  assert.deepEqual(
    [row.IsTruncated, row.InstanceId, row.InstanceImageId, row.Domains, row.IsSample],
    [true, 'i-7', 'ami-7', ['a.example'], true],
  );
  const part = one([newRow(f, { ServiceDetails: { ...f.service, additionalInfo: note }, Truncated_b: true })]);
  assert.deepEqual([part.IsSample, part.Domains], [true, ['a.example']]);
  assert.equal(one([newRow(f)]).IsTruncated, false);
});
