// The solution's own files in sentinel/.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { readYaml } from '../content/content.mjs';
import { at, text } from './templates.mjs';

/** The YAML files of a folder of sentinel/, by name. */
const yamlOf = (folder) =>
  Object.fromEntries(readYaml(`sentinel/${folder}`).map(({ file, yaml }) => [`${file}.yaml`, yaml]));
const rules = yamlOf('Analytic Rules');
const hunts = yamlOf('Hunting Queries');

const solution = JSON.parse(text('sentinel/Data/Solution_AmazonGuardDutyS3Export.json'));

test('the solution lists what is in sentinel/', () => {
  const jsonOf = (folder) =>
    readdirSync(at(`sentinel/${folder}`))
      .filter((name) => name.endsWith('.json'))
      .map((name) => `${folder}/${name}`)
      .sort();
  assert.deepEqual(solution['Data Connectors'], jsonOf('Data Connectors'));
  // Azure-Sentinel keeps the metadata of all its workbooks in one file of its own
  assert.deepEqual([...solution.Workbooks, 'Workbooks/WorkbooksMetadata.json'], jsonOf('Workbooks'));
  assert.deepEqual(
    [...solution['Analytic Rules']].sort(),
    Object.keys(rules).map((name) => `Analytic Rules/${name}`),
  );
  assert.deepEqual(
    [...solution['Hunting Queries']].sort(),
    Object.keys(hunts).map((name) => `Hunting Queries/${name}`),
  );
  // ASIM parsers are not part of a solution: Azure-Sentinel keeps them in folders of their own.
  const solutionForm = Object.entries(yamlOf('Parsers'))
    .filter(([, yaml]) => yaml.FunctionAlias)
    .map(([name]) => `Parsers/${name}`);
  assert.deepEqual([...solution.Parsers].sort(), solutionForm.sort());
});

test('the solution has its metadata, its logo and notes of its version', () => {
  const metadata = JSON.parse(text(`sentinel/${solution.Metadata}`));
  for (const key of ['publisherId', 'offerId', 'firstPublishDate', 'providers', 'categories', 'support'])
    assert.ok(metadata[key], key);
  assert.match(metadata.offerId, /^azure-sentinel-solution-[a-z0-9]+$/);
  assert.match(metadata.firstPublishDate, /^\d{4}-\d\d-\d\d$/);
  // support by us, not by the publisher and the issues of Azure-Sentinel
  assert.deepEqual(metadata.support, { name: 'The guardduty-sentinel authors', tier: 'Community' });
  assert.doesNotMatch(metadata.publisherId, /^azuresentinel$|^microsoft/);
  assert.match(
    text('sentinel/ReleaseNotes.md').split('\n')[2],
    new RegExp(`^\\| ${solution.Version} +\\| \\d\\d-\\d\\d-\\d{4} `),
  );
  const [, logo] = /\/Logos\/([\w.]+)"/.exec(solution.Logo);
  assert.match(text(`sentinel/Logo/${logo}`), /^<svg [\s\S]*<\/svg>\n$/);
});
