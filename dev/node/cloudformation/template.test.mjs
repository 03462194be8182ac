// The templates in infra/aws: what they make of their parameters, held to
// AWS's specification of CloudFormation. Go tests beside this file try the policies.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { render } from './render.mjs';
import { attributes, faults } from './spec.mjs';
import { functions, parse, read } from './template.mjs';

const at = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
const FOLDER = at('infra/aws');
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));
const EXPORT = read(`${FOLDER}/guardduty-export.yaml`);
const DESTINATION = read(`${FOLDER}/guardduty-destination.yaml`);

const TENANT = '11111111-2222-3333-4444-555555555555';
const PRINCIPAL = '99999999-8888-7777-6666-555555555555';
const ID = 'f'.repeat(32);
const ANALYST = 'arn:aws:iam::111122223333:role/security/Analyst';
const keyless = { EntraTenantId: TENANT, EntraPrincipalId: PRINCIPAL };
const external = {
  Reader: 'ExternalRole',
  TrustedPrincipalArn: 'arn:aws:iam::444455556666:root',
  ExternalId: '0123456789abcdef',
};

const CASES = {
  keyless,
  'keyless, provider there': {
    ...keyless,
    ExistingOidcProviderArn: `arn:aws:iam::111122223333:oidc-provider/sts.windows.net/${TENANT}/`,
  },
  'key pair': { Reader: 'KeyPair' },
  'role for another account': external,
  'named, with prefix and detector': {
    Reader: 'KeyPair',
    BucketName: 'findings',
    ExportPrefix: 'security/gd',
    DetectorId: ID,
    ExpireAfterDays: '90',
    RestoreWithinDays: '30',
    WriterPrincipalArn: 'arn:aws:iam::111122223333:role/security/Restore',
  },
  'all regions': {
    ...keyless,
    ExportFrom: 'AllRegions',
    GuardDutyPrincipals: 'guardduty.amazonaws.com, guardduty.me-south-1.amazonaws.com',
  },
  'another account exports': { ...keyless, ExportingAccountId: '444455556666', CreateDestination: 'false' },
  analyst: { Reader: 'KeyPair', AnalystPrincipalArn: ANALYST },
  'analyst with an external id': {
    Reader: 'KeyPair',
    AnalystPrincipalArn: ANALYST,
    AnalystRequiresMFA: 'false',
    AnalystExternalId: '0123456789abcdef',
  },
};

const types = (rendered) =>
  Object.values(rendered.Resources)
    .map((r) => r.Type.replace('AWS::', ''))
    .sort();

for (const [name, given] of Object.entries(CASES)) {
  test(`${name}: every resource fits the specification`, () => {
    assert.deepEqual(faults(render(EXPORT, given).Resources), []);
  });
}

test('a destination fits the specification', () => {
  const given = { DestinationArn: 'arn:aws:s3:::findings/gd', KmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/0-1' };
  assert.deepEqual(faults(render(DESTINATION, given).Resources), []);
  assert.deepEqual(types(render(DESTINATION, { ...given, DetectorId: ID })), ['GuardDuty::PublishingDestination']);
});

test('the specification is one that finds faults', () => {
  const broken = (change) => {
    const { Resources } = render(EXPORT, CASES.analyst);
    change(Resources);
    return faults(Resources);
  };
  assert.deepEqual(
    broken((r) => {
      r.Bucket.Properties.BucketEncription = {};
    }),
    ['Bucket: there is no property BucketEncription'],
  );
  assert.deepEqual(
    broken((r) => {
      r.Bucket.Properties.VersioningConfiguration.Status = 'On';
    }),
    ['Bucket.VersioningConfiguration.Status: want one of Enabled, Suspended'],
  );
  assert.deepEqual(
    broken((r) => {
      r.Bucket.Properties.LifecycleConfiguration.Rules[0].ExpirationInDays = 'never';
    }),
    ['Bucket.LifecycleConfiguration.Rules[0].ExpirationInDays: want a whole number'],
  );
  assert.deepEqual(
    broken((r) => {
      delete r.Destination.Properties.DestinationProperties;
    }),
    ['Destination: DestinationProperties is required'],
  );
  assert.deepEqual(
    broken((r) => {
      r.Destination.Type = 'AWS::GuardDuty::Destination';
    }),
    ['Destination: there is no type AWS::GuardDuty::Destination'],
  );
  assert.deepEqual(
    broken((r) => {
      r.Detector.Properties.Enable = 'true';
    }),
    ['Detector.Enable: want true or false'],
  );
  assert.deepEqual(
    broken((r) => {
      r.ReaderPolicy.Properties.Users = 'me';
    }),
    ['ReaderPolicy.Users: want a list'],
  );
});

test('only one reader is made', () => {
  const identities = (given) =>
    types(render(EXPORT, given)).filter((t) => t.startsWith('IAM::') && t !== 'IAM::ManagedPolicy');
  assert.deepEqual(identities(CASES.keyless), ['IAM::OIDCProvider', 'IAM::Role']);
  assert.deepEqual(identities(CASES['keyless, provider there']), ['IAM::Role']);
  assert.deepEqual(identities(CASES['key pair']), ['IAM::User']);
  assert.deepEqual(identities(CASES['role for another account']), ['IAM::Role']);
});

test('no access key is made, and no secret is an output', () => {
  for (const given of Object.values(CASES)) assert.ok(!types(render(EXPORT, given)).includes('IAM::AccessKey'));
  assert.deepEqual(Object.keys(EXPORT.Outputs), [
    'BucketName',
    'BucketRegion',
    'KeyArn',
    'DestinationArn',
    'ReaderUserName',
    'ReaderRoleArn',
    'ExternalRoleArn',
    'AnalystRoleArn',
    'DetectorId',
  ]);
});

test('what must outlive the stack does', () => {
  const retained = Object.entries(EXPORT.Resources)
    .filter(([, r]) => r.DeletionPolicy === 'Retain' && r.UpdateReplacePolicy === 'Retain')
    .map(([id]) => id);
  assert.deepEqual(retained, ['Key', 'Bucket', 'BucketPolicy', 'Detector']);
});

test('the bucket is versioned, encrypted, closed to the public, and forgets', () => {
  const { Key, Bucket } = render(EXPORT, CASES['named, with prefix and detector']).Resources;
  const p = Bucket.Properties;
  assert.equal(p.VersioningConfiguration.Status, 'Enabled');
  assert.deepEqual(Object.values(p.PublicAccessBlockConfiguration), [true, true, true, true]);
  const [encryption] = p.BucketEncryption.ServerSideEncryptionConfiguration;
  assert.equal(encryption.BucketKeyEnabled, true);
  assert.equal(encryption.ServerSideEncryptionByDefault.SSEAlgorithm, 'aws:kms');
  assert.match(encryption.ServerSideEncryptionByDefault.KMSMasterKeyID, /^arn:aws:kms:eu-west-1:111122223333:key\//);
  const [expire] = p.LifecycleConfiguration.Rules;
  assert.equal(expire.ExpirationInDays, '90');
  assert.equal(expire.NoncurrentVersionExpiration.NoncurrentDays, '30');
  assert.equal(Key.Properties.EnableKeyRotation, true);
});

test('what was deleted can be restored for months, and never for less than two weeks', () => {
  const days = (given) =>
    render(EXPORT, { ...keyless, ...given }).Resources.Bucket.Properties.LifecycleConfiguration.Rules[0]
      .NoncurrentVersionExpiration.NoncurrentDays;
  assert.equal(days({}), '90');
  assert.equal(days({ RestoreWithinDays: '14' }), '14');
  assert.throws(() => days({ RestoreWithinDays: '13' }), { message: 'RestoreWithinDays: "13" is not allowed' });
});

test('the destination is made once it can be written to', () => {
  const { Destination } = render(EXPORT, CASES['named, with prefix and detector']).Resources;
  assert.equal(Destination.DependsOn, 'BucketPolicy');
  assert.deepEqual(Destination.Properties, {
    DetectorId: ID,
    DestinationType: 'S3',
    DestinationProperties: {
      DestinationArn: 'arn:aws:s3:::findings/security/gd',
      KmsKeyArn: 'arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef',
    },
  });
  assert.ok(!render(EXPORT, CASES['another account exports']).Resources.Destination);
});

test('other partitions get their own ARNs and endpoints', () => {
  const china = { 'AWS::Partition': 'aws-cn', 'AWS::URLSuffix': 'amazonaws.com.cn', 'AWS::Region': 'cn-north-1' };
  const text = JSON.stringify(render(EXPORT, { ...keyless, EntraIssuerHost: 'sts.chinacloudapi.cn' }, china));
  assert.ok(!text.includes('arn:aws:'));
  assert.ok(text.includes('s3.cn-north-1.amazonaws.com.cn'));
  assert.ok(
    !JSON.stringify(render(EXPORT, CASES.analyst, { 'AWS::Partition': 'aws-us-gov' }).Resources)
      .replace(ANALYST, '')
      .includes('arn:aws:'),
  );
});

test('what does not go together is refused', () => {
  const refused = (given, message) => assert.throws(() => render(EXPORT, given), { message });
  refused({}, 'Keyless needs EntraTenantId');
  refused({ EntraTenantId: TENANT }, 'Keyless needs EntraPrincipalId');
  refused({ ...external, TrustedPrincipalArn: '' }, 'ExternalRole needs TrustedPrincipalArn');
  refused({ ...external, ExternalId: '' }, 'ExternalRole needs ExternalId');
  const analyst = { ...keyless, AnalystPrincipalArn: ANALYST };
  refused(
    { ...analyst, AnalystRequiresMFA: 'false' },
    'AnalystPrincipalArn needs AnalystRequiresMFA or AnalystExternalId',
  );
  assert.ok(
    render(EXPORT, { ...keyless, AnalystRequiresMFA: 'false' }),
    'without such a role there is nothing to prove',
  );
  refused({ ...keyless, ExportingAccountId: '444455556666' }, /set CreateDestination to false$/);
});

test('values that would widen or break a policy are refused', () => {
  const BAD = {
    BucketName: ['Findings', 'a', 'a.b', 'bucket*', '-a-b'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it stands for a policy variable of AWS
    ExportPrefix: ['*', 'gd/', '/gd', 'gd//x', 'g?', '${aws:username}', '..', 'gd/../x', 'a b'],
    EntraTenantId: ['*', TENANT.toUpperCase().replace('1', 'A'), `${TENANT}"`],
    EntraPrincipalId: ['*', 'me'],
    EntraAudience: ['*', 'a"b', ''],
    ExternalId: ['short', 'with spaces in it 0123', '****************'],
    TrustedPrincipalArn: ['*', 'arn:aws:iam::*:root', 'arn:aws:iam::444455556666:user/*'],
    AnalystPrincipalArn: ['*', '444455556666'],
    AnalystExternalId: ['short', 'with spaces in it 0123', '****************'],
    WriterPrincipalArn: [
      '*',
      'arn:aws:iam::111122223333:root',
      'arn:aws:iam::111122223333:role/*',
      'arn:aws:sts::111122223333:assumed-role/Restore/me',
    ],
    GuardDutyPrincipals: [
      '*',
      'ec2.amazonaws.com',
      'guardduty.amazonaws.com,s3.amazonaws.com',
      'guardduty.amazonaws.com.evil.example',
    ],
    DetectorId: ['*', 'abc', ID.toUpperCase()],
    ExportingAccountId: ['*', '123'],
    ExistingOidcProviderArn: ['*', 'arn:aws:iam::111122223333:oidc-provider/accounts.google.com'],
    ExpireAfterDays: ['0', '-1', 'never'],
  };
  for (const [name, values] of Object.entries(BAD)) {
    for (const value of values)
      assert.throws(
        () => render(EXPORT, { ...keyless, [name]: value }),
        { message: new RegExp(`^${name}: .* is not allowed$`) },
        `${name}=${value}`,
      );
  }
  const texts = Object.entries(EXPORT.Parameters)
    .filter(([, p]) => !p.AllowedValues && p.Type !== 'Number')
    .map(([name]) => name);
  assert.deepEqual(
    texts.filter((name) => !BAD[name]),
    [],
    'every text has a pattern that is tried',
  );
});

for (const name of NAMES) {
  const template = read(`${FOLDER}/${name}`);

  test(`${name}: parameters are described and used, conditions are used`, () => {
    const { Parameters, Conditions = {}, ...rest } = template;
    const used = new Set(
      [...functions([Conditions, rest.Rules, rest.Resources, rest.Outputs])].flatMap(([fn, argument]) => {
        if (fn === 'Ref') return [argument];
        return fn === 'Fn::Sub' ? [...String([argument].flat()[0]).matchAll(/\$\{([^}.]+)/g)].map((m) => m[1]) : [];
      }),
    );
    for (const [p, { Description }] of Object.entries(Parameters)) {
      assert.ok(used.has(p), `${p} is used`);
      assert.match(Description.trim(), /^.{20,400}\.$|^The setting |^The output /s, `${p} is described`);
    }
    const text = JSON.stringify(template);
    for (const c of Object.keys(Conditions)) assert.ok(text.split(`"${c}"`).length > 2, `${c} is used`);
    const grouped = template.Metadata?.['AWS::CloudFormation::Interface'].ParameterGroups.flatMap((g) => g.Parameters);
    if (grouped) assert.deepEqual(grouped.sort(), Object.keys(Parameters).sort());
  });

  test(`${name}: it can be uploaded as it is, and asks for attributes that exist`, () => {
    assert.ok(readFileSync(`${FOLDER}/${name}`).length < 51200);
    for (const [fn, argument] of functions(template)) {
      if (fn === 'Fn::GetAtt')
        assert.ok(attributes(template.Resources[argument[0]].Type).includes(argument[1]), argument.join('.'));
    }
  });
}

test('what CloudFormation does not read is refused', () => {
  assert.throws(() => parse('a: &x 1\nb: *x\n'), /no aliases/);
  assert.throws(() => parse('a: 1\na: 2\n'), /unique/);
  assert.throws(() => parse('a: !Cidr [x]\n'), /Unresolved tag/);
});

test('the command prints what it worked out, or one line', () => {
  const run = (...args) =>
    spawnSync(process.execPath, [at('dev/node/cloudformation/cli.mjs'), `${FOLDER}/guardduty-export.yaml`, ...args], {
      encoding: 'utf8',
    });
  const good = run('Reader=KeyPair', 'AWS::Region=us-gov-west-1');
  assert.equal(good.status, 0, good.stderr);
  assert.equal(JSON.parse(good.stdout).Outputs.BucketRegion.Value, 'us-gov-west-1');
  const bad = run('Reader=Other');
  assert.equal(bad.status, 2);
  assert.equal(bad.stderr, 'cloudformation: Reader: "Other" is not allowed\n');
});
