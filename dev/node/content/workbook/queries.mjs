// What the workbook's queries have in common.

/** Every choice of the drop-downs. All stands for '*'; the item's time context restricts the table itself. */
export const FILTER = `
| where '{Samples}' == 'Show' or not(IsSample)
| where '*' in ({Account}) or AccountId in ({Account})
| where '*' in ({Region}) or Region in ({Region})
| where '*' in ({Severity}) or SeverityLabel in ({Severity})
| where '*' in ({Type}) or Type in ({Type})`;

/** One row for each finding, and one for each of their updates. */
export const FINDINGS = `GuardDutyFindings${FILTER}`;
export const HISTORY = `GuardDutyFindingHistory${FILTER}`;

/** Aggregates: a column for each severity. */
export const BY_SEVERITY = `Critical = countif(SeverityLabel == 'Critical'),
    High = countif(SeverityLabel == 'High'),
    Medium = countif(SeverityLabel == 'Medium'),
    Low = countif(SeverityLabel == 'Low'),
    Findings = count()`;

/** The text of a severity. */
export const labelOf = (severity) =>
  `case(isnull(${severity}), '', ${severity} >= 9, 'Critical', ${severity} >= 7, 'High',`
  + ` ${severity} >= 4, 'Medium', 'Low')`;

/** The structured lines with which the handler ends each run: docs/operations.md. */
const lines = (message) => `AppTraces
| where tostring(Properties.Category) == 'Host.Function.Console'
| where Message has '${message}'
| extend Line = parse_json(Message)
| where tostring(Line.msg) == '${message}'
| extend App = extract(@'([^/]+)$', 1, _ResourceId)`;

const OF_APP = "\n| where '*' in ({App}) or App in ({App})";

export const ALL_RUNS = lines('run ended');
export const RUNS = `${ALL_RUNS}${OF_APP}
| extend Outcome = tostring(Line.outcome)`;
export const FAILURES = `${lines('run failed')}${OF_APP}`;

/** The alerts that name the finding which was chosen, and no other account or Region. */
export const ALERTS = `SecurityAlert
| where ExtendedProperties has '{FindingId}' or Entities has '{FindingId}' or Description has '{FindingId}'
| extend CustomDetails = parse_json(tostring(parse_json(ExtendedProperties)['Custom Details']))
| where tostring(CustomDetails.AccountId[0]) in ('', '{FindingAccount}')
    and tostring(CustomDetails.Region[0]) in ('', '{FindingRegion}')`;
