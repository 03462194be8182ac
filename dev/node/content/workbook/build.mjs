// Writes sentinel/Workbooks/AmazonGuardDuty.json:
//
//     node dev/node/content/workbook/build.mjs
import { writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { finding } from './finding.mjs';
import { health } from './health.mjs';
import { choice, choices, group, parameters, tabs, text, timeRange } from './items.mjs';
import { overview } from './overview.mjs';
import { threats } from './threats.mjs';

const WORKBOOK = new URL('../../../../sentinel/Workbooks/AmazonGuardDuty.json', import.meta.url);
const SEVERITIES = ['Critical', 'High', 'Medium', 'Low'];
const DAY = 24;

/**
 * The values of a column with the number of findings, most first. A value that is chosen becomes text of the panels'
 * queries between single quotes: one that could end them is not offered.
 */
const valuesOf = (column) => `GuardDutyFindings
| where '{Samples}' == 'Show' or not(IsSample)
| where ${column} matches regex @"^[^'\\\\]+$"
| summarize Findings = count() by ${column}
| order by Findings desc, ${column} asc
| project value = ${column}, label = strcat(${column}, ' (', Findings, ')')`;

const tab = (name, items) => group(`tab-${name.toLowerCase().replace(' ', '-')}`, items, 'Tab', name);

export function workbook() {
  const items = [
    text(
      'title',
      '## Amazon GuardDuty\nFindings in the table AWSGuardDuty_CL. A finding is counted once, in its newest state '
        + 'within the time range; the time is that of its row in the table.',
    ),
    parameters('filters', [
      timeRange(
        'b6b4f6a1-0d53-4f0e-8a55-6f1c2d3e4a01',
        [1, 4, 12, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 60 * DAY, 90 * DAY],
        30 * DAY,
      ),
      choice('b6b4f6a1-0d53-4f0e-8a55-6f1c2d3e4a02', 'Samples', 'Sample findings', ['Hide', 'Show']),
      choices('b6b4f6a1-0d53-4f0e-8a55-6f1c2d3e4a03', 'Account', 'Account', valuesOf('AccountId')),
      choices('b6b4f6a1-0d53-4f0e-8a55-6f1c2d3e4a04', 'Region', 'Region', valuesOf('Region')),
      choices('b6b4f6a1-0d53-4f0e-8a55-6f1c2d3e4a05', 'Severity', 'Severity', SEVERITIES),
      choices('b6b4f6a1-0d53-4f0e-8a55-6f1c2d3e4a06', 'Type', 'Finding type', valuesOf('Type')),
    ]),
    tabs({
      Overview: 'b6b4f6a1-0d53-4f0e-8a55-6f1c2d3e4a07',
      Threats: 'b6b4f6a1-0d53-4f0e-8a55-6f1c2d3e4a08',
      Finding: 'b6b4f6a1-0d53-4f0e-8a55-6f1c2d3e4a09',
      'Connector health': 'b6b4f6a1-0d53-4f0e-8a55-6f1c2d3e4a10',
    }),
    tab('Overview', overview),
    tab('Threats', threats),
    tab('Finding', finding),
    tab('Connector health', health),
  ];
  return {
    version: 'Notebook/1.0',
    items,
    fallbackResourceIds: [],
    fromTemplateId: 'sentinel-AmazonGuardDuty',
    $schema: 'https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json',
  };
}

/** The file, whole. */
export const workbookText = () => `${JSON.stringify(workbook(), null, 1)}\n`;

if (import.meta.url === pathToFileURL(process.argv[1]).href) writeFileSync(WORKBOOK, workbookText());
