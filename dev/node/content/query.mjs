// make query: KQL over the rows of the last local run, with the functions of sentinel/Parsers.
//
//     KQL='AWSGuardDuty_CL | count' node dev/node/content/query.mjs
//     FILE=query.kql node dev/node/content/query.mjs
//     node dev/node/content/query.mjs --rows ROWS.ndjson 'AWSGuardDuty_CL | count'
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { command, terminal } from '../kql/command.mjs';
import { readParser } from './parser.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const ROWS = path.join('.local', 'cloud', 'rows.ndjson');
const USAGE = `give a query: make query KQL='AWSGuardDuty_CL | count'
or a file:    make query FILE=query.kql`;

/** [rows, arguments of the engine's command] of what was given; a text when that is wrong. */
function given(argv, { KQL = '', FILE = '' }) {
  const named = argv[0] === '--rows';
  const [rows, rest] = named ? [argv[1], argv.slice(2)] : [path.join(ROOT, ROWS), argv];
  if (KQL && FILE) return 'give KQL or FILE, not both';
  const query = rest.length ? rest : FILE ? ['--file', FILE] : KQL.trim() ? ['--', KQL] : [];
  if (!query.length) return USAGE;
  if (!rows || !existsSync(rows)) return named ? `there is no file ${rows}` : 'there are no rows yet: make run';
  return [rows, query];
}

/** Runs the command and gives its exit status. */
export function main(argv, env, io) {
  const got = given(argv, env);
  if (typeof got === 'string') {
    io.err(`${got}\n`);
    return 2;
  }
  const [rows, query] = got;
  const at = (name) => path.join(ROOT, name);
  return command(
    [
      ...['--table', `AWSGuardDuty_CL=${rows}`, '--columns', at('infra/schema/guardduty.columns.json')],
      ...['--functions', at('sentinel/Parsers'), '--format', 'table', '--newest-first', 'TimeGenerated', ...query],
    ],
    { program: 'node dev/node/content/query.mjs', readers: { '.yaml': readParser }, io },
  );
}

if (import.meta.url === pathToFileURL(process.argv[1]).href)
  process.exitCode = main(process.argv.slice(2), process.env, terminal());
