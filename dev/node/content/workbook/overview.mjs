// The tab Overview: how many findings, of what, where.
import { bars, colors, console, date, grid, heats, SIZE, severity, tiles } from './items.mjs';
import { BY_SEVERITY, FINDINGS, HISTORY, labelOf } from './queries.mjs';

const NONE = 'No findings in this time with these filters.';

/** Ten finding types by their number of findings. */
const types = (id, title, order, formatters = []) =>
  grid(
    id,
    title,
    `${FINDINGS}
| summarize Findings = count(), HighestSeverity = max(HighestSeverity), Accounts = dcount(AccountId),
    LastUpdated = max(TimeGenerated)
    by Type
| order by Findings ${order}, Type asc
| take 10
| project Severity = ${labelOf('HighestSeverity')}, Type, Findings, Accounts, LastUpdated`,
    {
      width: 50,
      formatters: [severity(), date('LastUpdated'), ...formatters],
      names: { Severity: 'Highest severity', LastUpdated: 'Last update' },
      noData: NONE,
    },
  );

export const overview = [
  tiles(
    'severity-tiles',
    'Findings by severity, each counted once in its newest state',
    `let Counts = ${FINDINGS.replaceAll('\n', '\n    ')}
    | summarize Findings = count() by SeverityLabel;
datatable(Rank: int, Severity: string) [1, 'Critical', 2, 'High', 3, 'Medium', 4, 'Low']
| join kind=leftouter Counts on $left.Severity == $right.SeverityLabel
| order by Rank asc
| project Severity, Findings = coalesce(Findings, 0)`,
    { titleContent: severity(), value: 'Findings', noData: NONE },
  ),

  grid(
    'newest-high',
    'The 10 newest High and Critical findings',
    `${FINDINGS}
| where SeverityLabel in ('High', 'Critical')
| top 10 by TimeGenerated desc
| project Severity = SeverityLabel, TimeGenerated, Title, Type, AccountId, Region, Resource, Count, ConsoleLink`,
    {
      formatters: [severity(), date('TimeGenerated'), console],
      names: { TimeGenerated: 'Updated', AccountId: 'Account', Count: 'Seen', ConsoleLink: 'GuardDuty console' },
      noData: 'No High and no Critical findings in this time with these filters.',
    },
  ),

  bars(
    'over-time',
    'Findings that were created or updated, over time',
    `${HISTORY}
| summarize Findings = dcount(strcat(AccountId, Region, FindingId))
    by bin(TimeGenerated, {TimeRange:grain}), Severity = SeverityLabel
| order by TimeGenerated asc, Severity asc`,
    { x: 'TimeGenerated', y: ['Findings'], group: 'Severity', colors: colors.severity, noData: NONE },
  ),

  grid(
    'accounts',
    'Accounts with most findings',
    `${FINDINGS}
| summarize
    ${BY_SEVERITY}
    by AccountId
| order by Findings desc, AccountId asc
| take 20`,
    { width: 50, formatters: heats, names: { AccountId: 'Account' }, noData: NONE },
  ),

  grid(
    'resources',
    'Resources with most findings',
    `${FINDINGS}
| where isnotempty(Resource)
| summarize
    ${BY_SEVERITY}
    by Resource, ResourceType, AccountId
| order by Findings desc, Resource asc, ResourceType asc, AccountId asc
| take 20`,
    { width: 50, formatters: heats, names: { ResourceType: 'Kind', AccountId: 'Account' }, noData: NONE },
  ),

  types('common-types', 'Most common finding types', 'desc', [heats.at(-1)]),
  types('rare-types', 'Least frequent finding types', 'asc'),

  grid(
    'attack-sequences',
    'Attack sequences',
    `${FINDINGS}
| where ThreatPurpose == 'AttackSequence'
| project
    Severity = SeverityLabel,
    TimeGenerated,
    Title,
    Type,
    AccountId,
    Region,
    Resource,
    UserName,
    Signals = array_length(ServiceDetails.detection.sequence.signals),
    Tactics = strcat_array(Tactics, ', '),
    FirstSeen,
    LastSeen,
    ConsoleLink
| order by TimeGenerated desc`,
    {
      size: SIZE.small,
      formatters: [severity(), date('TimeGenerated'), date('FirstSeen'), date('LastSeen'), console],
      names: {
        TimeGenerated: 'Updated',
        AccountId: 'Account',
        UserName: 'User',
        FirstSeen: 'First event',
        LastSeen: 'Last event',
        ConsoleLink: 'GuardDuty console',
      },
      noData: 'No attack sequences in this time with these filters.',
    },
  ),
];
