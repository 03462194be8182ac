// Names, tags, paths and user agents are chosen by who runs a workload or holds a key, in every account of an
// organization; what stands in the bucket, by who can write there. None of it may suppress an alert, fake a detail,
// or become part of a query.
import assert from 'node:assert/strict';
import test from 'node:test';
import { alerts, readRules } from './rules.mjs';
import { finding, newRow, run } from './scenario.mjs';
import { parametersOf } from './workbook/read.mjs';
import { engine, show, workbook } from './workbook/stage.mjs';

const rules = new Map(readRules().map((r) => [r.file, r]));
const NOW = '2026-11-20T06:00:00Z';
const MINING = 'CryptoCurrency:EC2/BitcoinTool.B';
const fresh = (more = {}) =>
  finding({ createdAt: '2026-11-20T05:00:00Z', updatedAt: '2026-11-20T05:52:00Z', type: MINING, severity: 8, ...more });
const arriving = (f, ArrivedAt = '2026-11-20T05:57:00Z') => newRow(f, { ArrivedAt });
const fired = (rule, rows) => alerts(rules.get(rule), { rows }, NOW);

for (const [what, other] of /** @type {any[][]} */ ([
  ['account', { accountId: '999999999999' }],
  ['Region', { region: 'us-east-1' }],
])) {
  test(`a finding is not hidden by one of another ${what} with the same id`, () => {
    const [mine, theirs] = [fresh(), fresh({ ...other, severity: 9 })];
    const place = (row) => `${row.AccountId} ${row.Region} ${row.Change} ${row.Severity}`;
    const want = [mine, theirs].map((f) => `${f.accountId} ${f.region} New ${f.severity}`);
    assert.deepEqual(
      fired('GuardDutyCryptoMining', [arriving(theirs, '2026-11-20T05:10:00Z'), arriving(mine)]).map(place),
      [want[0]],
      'a worse one before',
    );
    assert.deepEqual(
      fired('GuardDutyCryptoMining', [arriving(theirs), arriving(mine)])
        .map(place)
        .sort(),
      want.sort(),
      'both at once',
    );
    for (const name of ['GuardDutyFindings', 'GuardDutyFindingHistory'])
      assert.equal(
        run(
          [mine, theirs].map((f) => newRow(f)),
          name,
        ).length,
        2,
        name,
      );
  });
}

/** A finding whose every free text is `text`. */
const filledWith = (text) =>
  fresh({
    resource: {
      resourceType: 'Instance',
      accessKeyDetails: { userName: 'mallory', userType: 'Role' },
      instanceDetails: {
        instanceId: 'i-0abc',
        tags: [{ key: text, value: text }],
        networkInterfaces: [{ privateIpAddress: '10.0.0.1', securityGroups: [{ groupName: text }] }],
      },
      s3BucketDetails: [
        {
          name: 'bucket',
          tags: [{ key: text, value: text }],
          s3ObjectDetails: [{ key: text, objectArn: 'arn:aws:s3:::bucket/key' }],
        },
      ],
    },
    service: {
      action: {
        actionType: 'AWS_API_CALL',
        awsApiCallAction: {
          api: 'GetObject',
          userAgent: text,
          remoteIpDetails: { ipAddressV4: '192.0.2.7', organization: { asnOrg: text } },
          domainDetails: { domain: 'a.example' },
        },
      },
      runtimeDetails: {
        process: { name: text, executablePath: '/bin/x', executableSha256: 'ab'.repeat(32) },
        context: { scriptPath: '/s', commandLineExample: text },
      },
      additionalInfo: { value: JSON.stringify({ userAgent: { fullUserAgent: text } }), type: 'default' },
    },
  });

test('text that looks like a part of a finding is text', () => {
  const free = ['ProcessName', 'RemoteAsnOrg', 'ResourceDetails', 'ServiceDetails'];
  const of = (text) => {
    const [row, ...others] = run([newRow(filledWith(text))], 'GuardDutyFindings');
    assert.deepEqual(others, []);
    return Object.fromEntries(Object.entries(row).filter(([name]) => !free.includes(name)));
  };
  const plain = of('plain');
  assert.deepEqual(
    [plain.BucketNames, plain.RemoteIps, plain.FileNames, plain.IsSample],
    [['bucket'], ['192.0.2.7'], ['/s', 'key'], false],
  );
  for (const text of [
    '"sample":true',
    '","sample":true,"x":"',
    '{"sample":true}',
    '\\","sample":true,"x":"\\',
    '"name":"other"',
    '","name":"other',
    '"ipAddressV4":"198.51.100.9"',
    '"localIpDetails":{',
    '"fileName":"other"',
    '"],["other',
    '"hash":"other"',
    '"domain":"other"',
    '"Impact"',
    "' or 1==1 //",
    '{{Title}}',
    '<img src=x onerror=1>',
    '\\',
    '"',
    '\u0000\u2028',
    '](https://other.example)',
  ])
    assert.deepEqual(of(text), plain, text);
});

test('text that looks like a part of a finding suppresses no alert', () => {
  for (const text of ['plain', '{"sample":true}', '"sample":true', '","sample":true,"x":"'])
    assert.equal(fired('GuardDutyCryptoMining', [arriving(filledWith(text))]).length, 1, text);
});

test('the tag of a resource is not the instance of an attack sequence', () => {
  const sequence = (tags, uid) =>
    fresh({
      type: 'AttackSequence:IAM/CompromisedCredentials',
      severity: 9.5,
      resource: { resourceType: 'AttackSequence' },
      service: { detection: { sequence: { uid: 'u', resources: [{ tags, uid, name: 'n', data: {} }] } } },
    });
  const instanceOf = (...of) =>
    fired('GuardDutyAttackSequence', [arriving(sequence(...of))]).map((row) => row.InstanceId);
  const tags = [
    { key: 'i-0bad', value: 'i-0bad' },
    { key: 'x', value: 'y"},"uid":"i-0bad"' },
  ];
  assert.deepEqual(instanceOf(tags, 'arn:aws:s3:::bucket'), ['']);
  assert.deepEqual(instanceOf(tags, 'arn:aws:ec2:eu-central-1:111122223333:instance/i-0abc'), ['i-0abc']);
});

test('what an alert says of a finding fits into the 2 KB that Sentinel keeps, however long names are', () => {
  const long = 'x'.repeat(4000);
  for (const [file, type] of [
    ['GuardDutyCryptoMining', MINING],
    ['GuardDutyMalware', 'Execution:Runtime/ReverseShell'],
    ['GuardDutyCommandAndControl', 'Backdoor:Runtime/C&CActivity.B'],
    ['GuardDutyKubernetes', 'PrivilegeEscalation:Kubernetes/PrivilegedContainer'],
  ]) {
    const f = fresh({
      type,
      resource: { resourceType: 'Container', containerDetails: { name: long, image: long } },
      service: { runtimeDetails: { process: { name: long, executablePath: `/${long}` } } },
    });
    const [row] = fired(file, [arriving(f)]);
    const details = Object.fromEntries(
      Object.entries(rules.get(file).yaml.customDetails).map(([name, column]) => [name, [String(row[column])]]),
    );
    assert.ok(JSON.stringify(details).length <= 2048, `${file}: ${JSON.stringify(details).length}`);
    assert.ok(row.ProcessPath.startsWith('/xxx') && row.ContainerImage.startsWith('xxx'));
  }
});

test('the workbook offers no value that could end a text of a query, and no id that is not a plain word', () => {
  const odd = "x' or 1==1 or '' == '";
  const rows = [
    { id: odd },
    { accountId: odd, id: 'A1' },
    { region: odd, id: 'A2' },
    { type: odd, id: 'A3' },
    { type: 'x\\', id: 'A4' },
    { id: 'A5' },
  ].map((f) => newRow(finding(f)));
  const over = engine({ rows, lines: [] });
  const offered = (name) =>
    show(parametersOf(workbook).find((p) => p.name === name).query, {}, over)
      .rows.map((r) => r.value)
      .sort();
  assert.deepEqual(
    [offered('Account'), offered('Region'), offered('Type')],
    [['111122223333'], ['eu-central-1'], ['Recon:EC2/Portscan']],
  );
  assert.deepEqual(
    show('findings', {}, over)
      .rows.map((r) => r.FindingId)
      .sort(),
    ['', '', '', 'A3', 'A4', 'A5'],
    'nor of another account or Region than a plain word',
  );
});
