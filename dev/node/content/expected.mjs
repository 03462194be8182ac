// What the parsers have to say of a finding, worked out from its JSON by walking it.

/** Every leaf: {path, value}, list positions as numbers. */
function* leaves(value, path = []) {
  if (value === null) return;
  if (typeof value !== 'object') yield { path, value };
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* leaves(item, [...path, i]);
  else for (const [key, item] of Object.entries(value)) yield* leaves(item, [...path, key]);
}

const CONSOLE = 'https://console.aws.amazon.com/guardduty/home';

const at = (value, path) => path.split('.').reduce((v, key) => v?.[key] ?? undefined, value) ?? '';
const first = (...values) => values.find((v) => v !== '') ?? '';
const set = (values) => [...new Set(values.filter((v) => v !== ''))].sort();

export const severityLabel = (severity) => {
  if (severity < 4) return 'Low';
  if (severity < 7) return 'Medium';
  return severity < 9 ? 'High' : 'Critical';
};

/** The columns of a finding; `types` is sentinel/finding_types.json. */
export function expected(finding, types) {
  const all = [...leaves(finding)];
  const where = (test) => all.filter(({ path }) => test(path, path.at(-1))).map(({ value }) => value);
  const buckets = where((p, key) => (p.at(-3) === 's3BucketDetails' && key === 'name') || key === 'AWS::S3::Bucket');
  const columns = {
    ...typeOf(finding.type),
    ...attack(finding, types),
    ...general(finding),
    ...principal(finding),
    ...network(finding, where),
    ...kubernetes(finding),
    ...computing(finding),
    ...files(where),
    BucketNames: set(buckets),
  };
  return { ...columns, Resource: resourceOf(finding, columns, buckets[0] ?? '') };
}

/** What every finding has. */
function general(finding) {
  const { resource: r = {}, service: s = {} } = finding;
  return {
    FindingId: finding.id,
    FindingArn: finding.arn,
    DetectorId: at(s, 'detectorId'),
    AccountId: finding.accountId,
    Region: finding.region,
    Partition: finding.partition,
    Title: finding.title,
    Description: finding.description,
    Severity: finding.severity,
    SeverityLabel: severityLabel(finding.severity),
    Count: s.count,
    TimeGenerated: instant(finding.updatedAt),
    CreatedAt: instant(finding.createdAt),
    UpdatedAt: instant(finding.updatedAt),
    FirstSeen: instant(s.eventFirstSeen),
    LastSeen: instant(s.eventLastSeen),
    ResourceType: at(r, 'resourceType'),
    ResourceRole: at(s, 'resourceRole'),
    ActionType: at(s, 'action.actionType'),
    ApiName: at(s, 'action.awsApiCallAction.api'),
    ApiService: at(s, 'action.awsApiCallAction.serviceName'),
    IsSample: s.additionalInfo?.sample === true,
    IsArchived: s.archived === true,
    FeatureName: at(s, 'featureName'),
    AttackSequenceArn: finding.associatedAttackSequenceArn ?? '',
    ConsoleLink: `${CONSOLE}?region=${finding.region}#/findings?search=id%3D${finding.id}`,
    SchemaVersion: finding.schemaVersion,
  };
}

/**
 * Who acted: the access key's owner, or the first actor of an attack sequence.
 * @param {Record<string, any>} finding
 */
function principal({ resource: r = {}, service: s = {} }) {
  const actor = s.detection?.sequence?.actors?.[0]?.user;
  return {
    AccessKeyId: first(at(r, 'accessKeyDetails.accessKeyId'), actor?.credentialUid ?? ''),
    PrincipalId: first(at(r, 'accessKeyDetails.principalId'), actor?.uid ?? ''),
    UserName: first(at(r, 'accessKeyDetails.userName'), actor?.name ?? ''),
    UserType: first(at(r, 'accessKeyDetails.userType'), actor?.type ?? ''),
  };
}

/**
 * Addresses and domains.
 * @param {Record<string, any>} finding
 */
function network({ service: s = {} }, where) {
  const remote = Object.values(s.action ?? {})
    .map((block) => block?.remoteIpDetails ?? block?.portProbeDetails?.[0]?.remoteIpDetails)
    .find(Boolean);
  const endpoint = s.detection?.sequence?.endpoints?.[0];
  const isLocal = (p, key) =>
    p.at(-2) === 'localIpDetails'
    || (p.includes('networkInterfaces')
      && (key === 'privateIpAddress' || key === 'publicIp' || p.at(-2) === 'ipv6Addresses'));
  const isRemote = (p, key) =>
    (p.at(-2) === 'remoteIpDetails' && /^ipAddress/.test(key))
    || p.at(-2) === 'sourceIPs'
    || (p.includes('endpoints') && key === 'ip');
  return {
    LocalIps: set(where(isLocal)),
    RemoteIps: set(where(isRemote)),
    RemoteIp: first(remote?.ipAddressV4 ?? '', remote?.ipAddressV6 ?? '', endpoint?.ip ?? ''),
    RemoteCountry: first(
      at(remote, 'country.countryName'),
      at(remote, 'country.countryCode'),
      at(endpoint, 'location.country'),
    ),
    RemoteAsn: String(first(at(remote, 'organization.asn'), at(endpoint, 'autonomousSystem.number'))),
    RemoteAsnOrg: first(at(remote, 'organization.asnOrg'), at(endpoint, 'autonomousSystem.name')),
    Domains: set(where((_, key) => key === 'domain')),
  };
}

/**
 * Clusters, workloads and containers.
 * @param {Record<string, any>} finding
 */
function kubernetes({ resource: r = {}, service: s = {} }) {
  const workload = r.kubernetesDetails?.kubernetesWorkloadDetails;
  const container =
    r.containerDetails ?? workload?.containers?.[0] ?? r.ecsClusterDetails?.taskDetails?.containers?.[0];
  return {
    ClusterName: first(at(r, 'eksClusterDetails.name'), at(r, 'ecsClusterDetails.name')),
    ClusterArn: first(at(r, 'eksClusterDetails.arn'), at(r, 'ecsClusterDetails.arn')),
    KubernetesNamespace: first(
      workload?.namespace ?? '',
      at(s, 'action.kubernetesApiCallAction.namespace'),
      at(s, 'action.kubernetesPermissionCheckedDetails.namespace'),
    ),
    KubernetesWorkload: workload?.name ?? '',
    KubernetesWorkloadType: workload?.type ?? '',
    PodName: workload?.type === 'pods' ? workload.name : '',
    KubernetesUser: at(r, 'kubernetesDetails.kubernetesUserDetails.username'),
    ContainerName: container?.name ?? '',
    ContainerImage: container?.image ?? '',
  };
}

/**
 * Instances, functions, databases and processes.
 * @param {Record<string, any>} finding
 */
function computing({ resource: r = {}, service: s = {} }) {
  return {
    InstanceId: at(r, 'instanceDetails.instanceId'),
    InstanceImageId: at(r, 'instanceDetails.imageId'),
    VpcId: first(
      at(r, 'instanceDetails.networkInterfaces.0.vpcId'),
      at(r, 'eksClusterDetails.vpcId'),
      at(r, 'lambdaDetails.vpcConfig.vpcId'),
    ),
    FunctionName: at(r, 'lambdaDetails.functionName'),
    FunctionArn: at(r, 'lambdaDetails.functionArn'),
    DatabaseInstance: first(
      at(r, 'rdsDbInstanceDetails.dbInstanceIdentifier'),
      at(r, 'rdsDbInstanceDetails.dbInstanceArn').split(':db:')[1] ?? '',
      at(r, 'rdsLimitlessDbDetails.dbShardGroupIdentifier'),
    ),
    DatabaseUser: first(at(r, 'rdsDbUserDetails.user'), at(s, 'action.rdsLoginAttemptAction.LoginAttributes.0.user')),
    ProcessName: at(s, 'runtimeDetails.process.name'),
    ProcessPath: at(s, 'runtimeDetails.process.executablePath'),
  };
}

const FILE_KEYS = [
  'fileName',
  'itemPath',
  'nestedItemPath',
  'threatFilePath',
  'scriptPath',
  'moduleFilePath',
  'libraryPath',
];

function files(where) {
  return {
    FileHashes: set(where((_, key) => ['hash', 'executableSha256', 'moduleSha256'].includes(key))),
    FileNames: set([
      ...where((_, key) => FILE_KEYS.includes(key)),
      ...where((p, key) => key === 'key' && p.includes('s3ObjectDetails')),
    ]),
  };
}

/**
 * What the finding is about, in one word.
 * @param {Record<string, any>} finding
 * @param {Record<string, any>} e
 * @param {string} bucket
 */
function resourceOf({ resource: r = {}, service: s = {} }, e, bucket) {
  const who = first(e.UserName, e.PrincipalId, e.AccessKeyId);
  const own = {
    AttackSequence: at(s, 'detection.sequence.resources.0.name'),
    AccessKey: who,
    S3Bucket: bucket,
    S3Object: bucket,
    EKSCluster: e.ClusterName,
    ECSCluster: e.ClusterName,
    Container: e.ContainerName,
  }[r.resourceType];
  return first(
    own || '',
    e.InstanceId,
    e.FunctionName,
    e.DatabaseInstance,
    e.ClusterName,
    e.ContainerName,
    bucket,
    at(r, 'ebsSnapshotDetails.snapshotArn'),
    at(r, 'ec2ImageDetails.imageArn'),
    at(r, 'recoveryPointDetails.recoveryPointArn'),
    who,
  );
}

function typeOf(type) {
  const [purpose, rest] = type.split(':');
  const [resource, threat] = rest.split('/');
  const [family, artifact = ''] = threat.split('!');
  const dot = family.indexOf('.');
  return {
    Type: type,
    ThreatPurpose: purpose,
    ResourceAffected: resource,
    ThreatFamily: dot < 0 ? family : family.slice(0, dot),
    DetectionMechanism: dot < 0 ? '' : family.slice(dot + 1),
    Artifact: artifact,
  };
}

/** Tactics and techniques: those that an attack sequence names, else those of the type, else those of the purpose. */
function attack(finding, { types, purposes }) {
  const known = types.find((t) => t.type === finding.type);
  const listed = known ?? purposes.find((p) => p.purpose === finding.type.split(':')[0]);
  const indicators = finding.service?.detection?.sequence?.sequenceIndicators ?? [];
  const values = (key) => indicators.filter((i) => i.key === key).flatMap((i) => i.values);
  const tactics = values('ATTACK_TACTIC').map((v) => v.replaceAll(/ (\w)/g, (_, c) => c.toUpperCase()));
  const techniques = values('ATTACK_TECHNIQUE').map((v) => v.split(' ')[0]);
  return {
    IsKnownType: Boolean(known),
    Detection: listed?.detection ?? '',
    Tactics: set(tactics.length ? tactics : (listed?.tactics ?? [])),
    Techniques: set(techniques.length ? techniques : (listed?.techniques ?? [])),
  };
}

/** As the engine writes a datetime. */
export const instant = (text) => (text === undefined ? null : new Date(text).toISOString().replace('Z', '0000Z'));

/** A row of a parser with its lists in order, as far as `like` has its columns. */
export function comparable(row, like) {
  return Object.fromEntries(
    Object.keys(like).map((name) => [name, Array.isArray(row[name]) ? [...row[name]].sort() : row[name]]),
  );
}
