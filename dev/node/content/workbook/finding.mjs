// The tab Finding: a list to choose from, and everything about the finding that was chosen.
import { console, date, details, exported, grid, group, hidden, link, SIZE, severity, text } from './items.mjs';
import { ALERTS, FINDINGS } from './queries.mjs';

const CHOSEN = "| where FindingId == '{FindingId}' and AccountId == '{FindingAccount}' and Region == '{FindingRegion}'";
const NONE = 'The finding is not in this time.';

const FACTS = [
  'Title',
  'Description',
  'Type',
  'SeverityLabel',
  'Severity',
  'HighestSeverity',
  'SeverityRaised',
  'Count',
  'Updates',
  'FindingId',
  'AccountId',
  'Region',
  'Partition',
  'DetectorId',
  'CreatedAt',
  'UpdatedAt',
  'FirstSeen',
  'LastSeen',
  'IngestionTime',
  'Tactics',
  'Techniques',
  'IsKnownType',
  'ResourceType',
  'ResourceRole',
  'ActionType',
  'FeatureName',
  'UserName',
  'UserType',
  'PrincipalId',
  'AccessKeyId',
  'InstanceId',
  'InstanceImageId',
  'VpcId',
  'LocalIps',
  'RemoteIps',
  'RemoteCountry',
  'RemoteAsn',
  'RemoteAsnOrg',
  'Domains',
  'BucketNames',
  'ClusterName',
  'ClusterArn',
  'KubernetesNamespace',
  'KubernetesWorkload',
  'KubernetesWorkloadType',
  'KubernetesUser',
  'ContainerName',
  'ContainerImage',
  'FunctionName',
  'FunctionArn',
  'DatabaseInstance',
  'DatabaseUser',
  'ProcessName',
  'ProcessPath',
  'FileNames',
  'FileHashes',
  'ApiName',
  'ApiService',
  'AttackSequenceArn',
  'FindingArn',
  'SourceObject',
  'FolderAccount',
  'ForeignFolder',
  'IsSample',
  'IsArchived',
  'IsTruncated',
  'SchemaVersion',
  'ConsoleLink',
];

/** One part of the finding's JSON a row; together they are the whole of it. */
const parts = (column) => `GuardDutyFindings
${CHOSEN}
| mv-expand Part = bag_keys(${column}) to typeof(string)
| extend Content = tostring(${column}[Part])
| where isnotempty(Content)
| project Part, Content
| order by Part asc`;

const chosen = [
  grid(
    'finding-facts',
    'Facts',
    `GuardDutyFindings
${CHOSEN}
| extend Facts = pack_array(
    ${FACTS.map((name) => `pack_array('${name}', ${name})`).join(',\n    ')})
| mv-expand Facts
| project Fact = tostring(Facts[0]), Value = tostring(Facts[1])
| where Value !in ('', '[]')`,
    { width: 50, size: SIZE.large, rows: 100, noData: NONE },
  ),

  grid(
    'finding-history',
    'Updates',
    `GuardDutyFindingHistory(allfolders=true)
${CHOSEN}
| order by FolderRank desc, TimeGenerated desc, Count desc
| project UpdatedAt, Severity = SeverityLabel, SeverityNumber = Severity, Count, LastSeen, RemoteIp,
    Delay = round((IngestionTime - UpdatedAt) / 1m, 1), FolderAccount, ForeignFolder, SourceObject`,
    {
      width: 50,
      size: SIZE.large,
      formatters: [date('UpdatedAt'), severity('^Severity$'), date('LastSeen')],
      names: {
        UpdatedAt: 'Updated',
        SeverityNumber: 'Number',
        Count: 'Seen',
        LastSeen: 'Last event',
        RemoteIp: 'Remote address',
        Delay: 'Minutes until it arrived',
        FolderAccount: 'Folder of account',
        ForeignFolder: 'Foreign folder',
        SourceObject: 'Export object',
      },
      noData: NONE,
    },
  ),

  grid(
    'finding-link',
    'In the GuardDuty console',
    `GuardDutyFindings
${CHOSEN}
| project Title, AccountId, Region, ConsoleLink`,
    {
      size: SIZE.tiny,
      formatters: [console],
      names: { AccountId: 'Account', ConsoleLink: 'GuardDuty console' },
      noData: NONE,
    },
  ),

  grid('finding-resource', 'Resource, as GuardDuty wrote it', parts('ResourceDetails'), {
    width: 50,
    formatters: [details('Content')],
    noData: NONE,
  }),
  grid('finding-service', 'Service, as GuardDuty wrote it', parts('ServiceDetails'), {
    width: 50,
    formatters: [details('Content')],
    noData: NONE,
  }),

  grid(
    'finding-incidents',
    'Incidents of Microsoft Sentinel',
    `let Alerts = ${ALERTS.replaceAll('\n', '\n    ')}
    | distinct SystemAlertId;
SecurityIncident
| summarize arg_max(LastModifiedTime, *) by IncidentNumber
| mv-expand AlertId = AlertIds to typeof(string)
| where AlertId in (Alerts)
| extend Owner = tostring(Owner.assignedTo)
| distinct IncidentNumber, Title, Severity, Status, Classification, Owner, CreatedTime, LastModifiedTime, IncidentUrl
| order by CreatedTime desc`,
    {
      width: 50,
      size: SIZE.small,
      formatters: [date('CreatedTime'), date('LastModifiedTime'), link('IncidentUrl', 'Open')],
      names: { IncidentNumber: 'Incident', CreatedTime: 'Created', LastModifiedTime: 'Changed', IncidentUrl: 'Link' },
      noData: 'No incident names this finding in this time.',
    },
  ),

  grid(
    'finding-alerts',
    'Alerts of Microsoft Sentinel',
    `${ALERTS}
| summarize arg_max(TimeGenerated, AlertName, AlertSeverity, Status, Tactics, AlertLink) by SystemAlertId
| order by TimeGenerated desc
| project TimeGenerated, AlertName, AlertSeverity, Status, Tactics, AlertLink`,
    {
      width: 50,
      size: SIZE.small,
      formatters: [date('TimeGenerated'), link('AlertLink', 'Open')],
      names: { TimeGenerated: 'Time', AlertName: 'Alert', AlertSeverity: 'Severity', AlertLink: 'Link' },
      noData: 'No alert names this finding in this time.',
    },
  ),
];

// The id, account and Region that are chosen become text of the other queries: what is not a plain word cannot be
// chosen.
export const finding = [
  grid(
    'findings',
    'Findings: choose one',
    `${FINDINGS}
| extend FindingId = iff(strcat(FindingId, AccountId, Region) matches regex @'^[0-9A-Za-z-]+$', FindingId, '')
| project Severity = SeverityLabel, TimeGenerated, Title, Type, AccountId, Region, Resource, ResourceType,
    RemoteIp, Count, Updates, ForeignFolder, ConsoleLink, FindingId
| order by TimeGenerated desc, FindingId asc`,
    {
      rows: 1000,
      formatters: [severity(), date('TimeGenerated'), console, hidden('FindingId')],
      names: {
        TimeGenerated: 'Updated',
        AccountId: 'Account',
        ResourceType: 'Kind',
        RemoteIp: 'Remote address',
        Count: 'Seen',
        ForeignFolder: 'Foreign folder',
        ConsoleLink: 'GuardDuty console',
      },
      exportedParameters: [
        exported('FindingId', 'FindingId'),
        exported('AccountId', 'FindingAccount'),
        exported('Region', 'FindingRegion'),
      ],
      noData: 'No findings in this time with these filters.',
    },
  ),
  group('chosen', [text('chosen-title', '### Finding {FindingId}'), ...chosen], 'FindingId'),
];
