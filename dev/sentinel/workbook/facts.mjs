// What the estate's findings say, worked out from their JSON: one fact sheet for each update, and one for each finding.
import { expected, instant, severityLabel } from '../expected.mjs';
import { readFindingTypes } from '../finding_types.mjs';

const types = readFindingTypes();

/** Name of what the finding is about, from its JSON. */
function resourceOf(f, e) {
  const r = f.resource;
  const own = {
    AttackSequence: () => f.service.detection?.sequence?.resources?.[0]?.name,
    AccessKey: () => e.UserName || e.PrincipalId || e.AccessKeyId,
    S3Bucket: () => r.s3BucketDetails?.[0]?.name,
    S3Object: () => r.s3BucketDetails?.[0]?.name,
    EKSCluster: () => r.eksClusterDetails?.name,
    ECSCluster: () => r.ecsClusterDetails?.name,
    Container: () => r.containerDetails?.name,
  }[r.resourceType]?.();
  return own || e.InstanceId || e.FunctionName || e.DatabaseInstance || e.ContainerName || e.UserName
    || r.ebsSnapshotDetails?.snapshotArn || r.ec2ImageDetails?.imageArn || r.recoveryPointDetails?.recoveryPointArn || '';
}

/** A sheet for each update: the columns, and `finding` itself. */
export const historyOf = (updates) => updates.map(({ finding, arrived }) => {
  const columns = expected(finding, types);
  return { ...columns, IngestionTime: instant(arrived), Resource: resourceOf(finding, columns), finding };
});

/** A sheet for each finding: its newest update. */
export function findingsOf(history) {
  const byId = grouped(history, (h) => h.FindingId);
  return [...byId.values()].map((all) => {
    const newest = all.reduce((a, b) => (b.UpdatedAt > a.UpdatedAt ? b : a));
    const highest = Math.max(...all.map((h) => h.Severity));
    return { ...newest, Updates: all.length, HighestSeverity: highest, HighestLabel: severityLabel(highest) };
  });
}

/** {group: members}, in order of first appearance. */
export function grouped(list, keyOf) {
  const groups = new Map();
  for (const item of list) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}
