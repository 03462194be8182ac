// Writes sentinel/Parsers/GuardDutyFindingTypes.yaml from sentinel/finding_types.json:
//
//     node dev/node/content/finding_types.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const DATA = new URL('../../../sentinel/finding_types.json', import.meta.url);
const PARSER = new URL('../../../sentinel/Parsers/GuardDutyFindingTypes.yaml', import.meta.url);

/** A row of the table, in two lines where one would be longer than 120 columns. */
function row(type, severity, { tactics, techniques, detection }, retired) {
  const texts = [severity, tactics.join(','), techniques.join(','), detection].map((s) => JSON.stringify(s));
  const [name, rest] = [`      ${JSON.stringify(type)},`, `${texts.join(', ')}, ${retired},\n`];
  return name.length + rest.length <= 120 ? `${name} ${rest}` : `${name}\n          ${rest}`;
}

/** The parser's file, whole. */
export function findingTypesYaml({ types, purposes }) {
  const rows = [
    ...types.map((t) => row(t.type, t.severity, t, t.retired === true)),
    ...purposes.map((p) => row(`${p.purpose}:*`, '', p, false)),
  ];
  return `id: 1f6b7a52-5a0e-4a0c-9b0e-6f5f1c2f7d03
Function:
  Title: GuardDuty finding types
  Version: '1.1.0'
  LastUpdated: '2026-11-22'
Category: Microsoft Sentinel Parser
FunctionName: GuardDutyFindingTypes
FunctionAlias: GuardDutyFindingTypes
FunctionQuery: |
  // Generated from sentinel/finding_types.json by dev/node/content/finding_types.mjs: edit that file.
  // A type "Purpose:*" covers the types of a purpose that are not listed.
  datatable(
      Type: string, DefaultSeverity: string, TacticList: string, TechniqueList: string, Detection: string,
      IsRetired: bool
  ) [
${rows.join('')}  ]
  | project
      Type,
      ThreatPurpose = tostring(split(Type, ":")[0]),
      DefaultSeverity,
      Tactics = iff(isempty(TacticList), dynamic([]), split(TacticList, ",")),
      Techniques = iff(isempty(TechniqueList), dynamic([]), split(TechniqueList, ",")),
      Detection,
      IsRetired
`;
}

export const readFindingTypes = () => JSON.parse(readFileSync(DATA, 'utf8'));

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(PARSER, findingTypesYaml(readFindingTypes()));
