// The tab Threats: what attacks, what is attacked, and from where.
import { bar, grid, heats, map, pie, severity } from './items.mjs';
import { BY_SEVERITY, FINDINGS, labelOf } from './queries.mjs';

const NONE = 'No findings in this time with these filters.';
const NO_REMOTE = 'No findings with a remote address in this time with these filters.';

const share = (name, title, text) =>
  pie(
    name,
    title,
    `${FINDINGS}
${text}
| order by Findings desc, Name asc`,
    { width: 33, noData: NONE },
  );

export const threats = [
  share('purposes', 'Threat purposes', `| summarize Findings = count() by Name = ThreatPurpose`),
  share('resource-types', 'Targeted resources', `| summarize Findings = count() by Name = ResourceType`),
  share(
    'directions',
    'Direction of the threat: against the resource, or from it',
    `| summarize Findings = count()
    by Name = case(ResourceRole == 'TARGET', 'Inbound', ResourceRole == 'ACTOR', 'Outbound', 'Unknown')`,
  ),

  grid(
    'tactics',
    'MITRE ATT&CK matrix: tactics in the order of an attack, with their techniques',
    `let KillChain = dynamic(['Reconnaissance', 'ResourceDevelopment', 'InitialAccess', 'Execution', 'Persistence',
    'PrivilegeEscalation', 'DefenseEvasion', 'CredentialAccess', 'Discovery', 'LateralMovement', 'Collection',
    'CommandAndControl', 'Exfiltration', 'Impact']);
let Chosen = ${FINDINGS.replaceAll('\n', '\n    ')};
let OfTactics = materialize(Chosen
    | mv-expand Tactic = Tactics to typeof(string)
    | where isnotempty(Tactic));
let TechniquesOf = OfTactics
    | mv-expand Technique = Techniques to typeof(string)
    | summarize Findings = count() by Tactic, Technique
    | order by Findings desc, Technique asc
    | summarize Techniques = strcat_array(make_list(strcat(Technique, ' (', Findings, ')'), 50), ', ') by Tactic;
OfTactics
| summarize
    ${BY_SEVERITY}
    by Tactic
| lookup kind=leftouter TechniquesOf on Tactic
| extend Step = array_index_of(KillChain, Tactic)
| order by Step asc
| project-away Step`,
    { width: 50, formatters: heats, noData: 'No findings with a tactic in this time with these filters.' },
  ),

  grid(
    'techniques',
    'MITRE ATT&CK techniques',
    `${FINDINGS}
| mv-expand Technique = Techniques to typeof(string)
| where isnotempty(Technique)
| summarize Findings = count(), HighestSeverity = max(HighestSeverity), Types = dcount(Type),
    Accounts = dcount(AccountId)
    by Technique
| order by Findings desc, Technique asc
| take 20
| project Severity = ${labelOf('HighestSeverity')}, Technique, Findings, Types, Accounts`,
    {
      width: 50,
      formatters: [severity(), bar('^Findings$')],
      names: { Severity: 'Highest severity' },
      noData: 'No findings with a technique in this time with these filters.',
    },
  ),

  map(
    'countries',
    'Countries of the remote addresses',
    `${FINDINGS}
| where isnotempty(RemoteCountry)
| summarize Findings = count() by RemoteCountry
| order by Findings desc, RemoteCountry asc`,
    { country: 'RemoteCountry', value: 'Findings', noData: NO_REMOTE },
  ),

  grid(
    'remote-addresses',
    'Remote addresses with most findings',
    `${FINDINGS}
| mv-expand RemoteAddress = RemoteIps to typeof(string)
| where isnotempty(RemoteAddress)
| summarize
    Findings = count(),
    HighestSeverity = max(HighestSeverity),
    Accounts = dcount(AccountId),
    Types = dcount(Type),
    Countries = make_set_if(RemoteCountry, RemoteIp == RemoteAddress and isnotempty(RemoteCountry), 10),
    LastUpdated = max(TimeGenerated)
    by RemoteAddress
| order by Findings desc, RemoteAddress asc
| take 20
| project Severity = ${labelOf('HighestSeverity')}, RemoteAddress, Country = strcat_array(Countries, ', '),
    Findings, Accounts, Types, LastUpdated`,
    {
      width: 50,
      formatters: [severity(), bar('^Findings$')],
      names: { Severity: 'Highest severity', RemoteAddress: 'Remote address', LastUpdated: 'Last update' },
      noData: NO_REMOTE,
    },
  ),

  grid(
    'remote-networks',
    'Remote networks (AS) with most findings',
    `${FINDINGS}
| where isnotempty(RemoteAsn)
| summarize Findings = count(), HighestSeverity = max(HighestSeverity), Accounts = dcount(AccountId),
    RemoteAddresses = dcount(RemoteIp)
    by RemoteAsn, RemoteAsnOrg
| order by Findings desc, RemoteAsn asc, RemoteAsnOrg asc
| take 20
| project Severity = ${labelOf('HighestSeverity')}, RemoteAsn, RemoteAsnOrg, Findings, Accounts, RemoteAddresses`,
    {
      width: 50,
      formatters: [severity(), bar('^Findings$')],
      names: {
        Severity: 'Highest severity',
        RemoteAsn: 'AS number',
        RemoteAsnOrg: 'Name',
        RemoteAddresses: 'Remote addresses',
      },
      noData: NO_REMOTE,
    },
  ),

  grid(
    'domains',
    'Domains with most findings',
    `${FINDINGS}
| mv-expand Domain = Domains to typeof(string)
| where isnotempty(Domain)
| summarize Findings = count(), HighestSeverity = max(HighestSeverity), Accounts = dcount(AccountId),
    LastUpdated = max(TimeGenerated)
    by Domain
| order by Findings desc, Domain asc
| take 20
| project Severity = ${labelOf('HighestSeverity')}, Domain, Findings, Accounts, LastUpdated`,
    {
      formatters: [severity(), bar('^Findings$')],
      names: { Severity: 'Highest severity', LastUpdated: 'Last update' },
      noData: 'No findings with a domain in this time with these filters.',
    },
  ),
];
