// The files of sentinel/Hunting Queries.
import { readdirSync } from 'node:fs';
import { readText } from './content.mjs';
import { parseYaml } from './yaml.mjs';

const FOLDER = 'sentinel/Hunting Queries';

/** Every hunting query: {file, yaml}, the file without its folder and ending. */
export function readHuntingQueries() {
  return readdirSync(new URL(`../../${encodeURI(FOLDER)}/`, import.meta.url))
    .sort()
    .map((entry) => ({ file: entry.replace(/\.yaml$/, ''), yaml: parseYaml(readText(`${FOLDER}/${entry}`)) }));
}
