// What the parsers have to say of a finding, worked out from its JSON by walking it.

/** Every leaf: {path, value}, list positions as numbers. */
function* leaves(value, path = []) {
  if (value === null) return;
  if (typeof value !== 'object') yield { path, value };
  else if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* leaves(item, [...path, i]);
  else for (const [key, item] of Object.entries(value)) yield* leaves(item, [...path, key]);
}

const at = (value, path) => path.split('.').reduce((v, key) => v?.[key] ?? undefined, value) ?? '';
const first = (...values) => values.find((v) => v !== '') ?? '';
const set = (values) => [...new Set(values.filter((v) => v !== ''))].sort();

export const severityLabel = (severity) => {
  if (severity < 4) return 'Low';
  if (severity < 7) return 'Medium';
  return severity < 9 ? 'High' : 'Critical';
};

/** `types` is sentinel/finding_types.json. */
export function expected(finding, types) {
  const r = finding.resource ?? {};
  const s = finding.service ?? {};
  const all = [...leaves(finding)];
  const where = (test) => all.filter(({ path }) => test(path, path.at(-1))).map(({ value }) => value);
  const action = s.action ?? {};
  const remote = Object.values(action)
    .map((block) => block?.remoteIpDetails ?? block?.portProbeDetails?.[0]?.remoteIpDetails)
    .find(Boolean);
  const sequence = s.detection?.sequence ?? {};
  const endpoint = sequence.endpoints?.[0];
  const actor = sequence.actors?.[0]?.user;
  const workload = r.kubernetesDetails?.kubernetesWorkloadDetails;
  const container =
    r.containerDetails ?? workload?.containers?.[0] ?? r.ecsClusterDetails?.taskDetails?.containers?.[0];
  const buckets = where((p, key) => (p.at(-3) === 's3BucketDetails' && key === 'name') || key === 'AWS::S3::Bucket');
  const columns = {
    ...typeOf(finding.type),
    ...attack(finding, types),
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
    ActionType: at(action, 'actionType'),
    IsSample: s.additionalInfo?.sample === true,
    IsArchived: s.archived === true,
    FeatureName: at(s, 'featureName'),
    AttackSequenceArn: finding.associatedAttackSequenceArn ?? '',
    AccessKeyId: first(at(r, 'accessKeyDetails.accessKeyId'), actor?.credentialUid ?? ''),
    PrincipalId: first(at(r, 'accessKeyDetails.principalId'), actor?.uid ?? ''),
    UserName: first(at(r, 'accessKeyDetails.userName'), actor?.name ?? ''),
    UserType: first(at(r, 'accessKeyDetails.userType'), actor?.type ?? ''),
    InstanceId: at(r, 'instanceDetails.instanceId'),
    InstanceImageId: at(r, 'instanceDetails.imageId'),
    VpcId: first(
      at(r, 'instanceDetails.networkInterfaces.0.vpcId'),
      at(r, 'eksClusterDetails.vpcId'),
      at(r, 'lambdaDetails.vpcConfig.vpcId'),
    ),
    LocalIps: set(
      where(
        (p, key) =>
          (p.includes('networkInterfaces')
            && (key === 'privateIpAddress' || key === 'publicIp' || p.at(-2) === 'ipv6Addresses'))
          || p.at(-2) === 'localIpDetails',
      ),
    ),
    RemoteIps: set(
      where(
        (p, key) =>
          (p.at(-2) === 'remoteIpDetails' && /^ipAddress/.test(key))
          || p.at(-2) === 'sourceIPs'
          || (p.includes('endpoints') && key === 'ip'),
      ),
    ),
    RemoteIp: first(remote?.ipAddressV4 ?? '', remote?.ipAddressV6 ?? '', endpoint?.ip ?? ''),
    RemoteCountry: first(
      at(remote, 'country.countryName'),
      at(remote, 'country.countryCode'),
      at(endpoint, 'location.country'),
    ),
    RemoteAsn: String(first(at(remote, 'organization.asn'), at(endpoint, 'autonomousSystem.number'))),
    RemoteAsnOrg: first(at(remote, 'organization.asnOrg'), at(endpoint, 'autonomousSystem.name')),
    Domains: set(where((p, key) => key === 'domain')),
    BucketNames: set(buckets),
    ClusterName: first(at(r, 'eksClusterDetails.name'), at(r, 'ecsClusterDetails.name')),
    ClusterArn: first(at(r, 'eksClusterDetails.arn'), at(r, 'ecsClusterDetails.arn')),
    KubernetesNamespace: first(
      workload?.namespace ?? '',
      at(action, 'kubernetesApiCallAction.namespace'),
      at(action, 'kubernetesPermissionCheckedDetails.namespace'),
    ),
    KubernetesWorkload: workload?.name ?? '',
    KubernetesWorkloadType: workload?.type ?? '',
    PodName: workload?.type === 'pods' ? workload.name : '',
    KubernetesUser: at(r, 'kubernetesDetails.kubernetesUserDetails.username'),
    ContainerName: container?.name ?? '',
    ContainerImage: container?.image ?? '',
    FunctionName: at(r, 'lambdaDetails.functionName'),
    FunctionArn: at(r, 'lambdaDetails.functionArn'),
    DatabaseInstance: first(
      at(r, 'rdsDbInstanceDetails.dbInstanceIdentifier'),
      at(r, 'rdsDbInstanceDetails.dbInstanceArn').split(':db:')[1] ?? '',
      at(r, 'rdsLimitlessDbDetails.dbShardGroupIdentifier'),
    ),
    DatabaseUser: first(at(r, 'rdsDbUserDetails.user'), at(action, 'rdsLoginAttemptAction.LoginAttributes.0.user')),
    FileHashes: set(where((p, key) => ['hash', 'executableSha256', 'moduleSha256'].includes(key))),
    FileNames: set([
      ...where((p, key) =>
        [
          'fileName',
          'itemPath',
          'nestedItemPath',
          'threatFilePath',
          'scriptPath',
          'moduleFilePath',
          'libraryPath',
        ].includes(key),
      ),
      ...where((p, key) => key === 'key' && p.includes('s3ObjectDetails')),
    ]),
    ProcessName: at(s, 'runtimeDetails.process.name'),
    ProcessPath: at(s, 'runtimeDetails.process.executablePath'),
    ApiName: at(action, 'awsApiCallAction.api'),
    ApiService: at(action, 'awsApiCallAction.serviceName'),
    ConsoleLink: `https://console.aws.amazon.com/guardduty/home?region=${finding.region}#/findings?search=id%3D${finding.id}`,
    SchemaVersion: finding.schemaVersion,
  };
  return { ...columns, Resource: resourceOf(finding, columns, buckets[0] ?? '') };
}

/** What the finding is about, in one word. */
function resourceOf({ resource: r = {}, service: s = {} }, e, bucket) {
  const principal = first(e.UserName, e.PrincipalId, e.AccessKeyId);
  const own = {
    AttackSequence: at(s, 'detection.sequence.resources.0.name'),
    AccessKey: principal,
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
    principal,
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
