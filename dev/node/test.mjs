// Runs the tests of this folder: every *.test.mjs at any depth, or those below the folders and files named.
//
//     node dev/node/test.mjs [kql content/rules.test.mjs …]
//
// The files of a folder share one process, so that the KQL language service is loaded and the parsers are bound once
// for all of them. A single file also runs with node --test FILE.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('./', import.meta.url));
const ONE_PROCESS = '--in-one-process';

/** Test files below a folder, as paths from this one, in the order of their names. */
function testFiles(folder) {
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.name !== 'node_modules')
    .flatMap((entry) => {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) return testFiles(name);
      return name.endsWith('.test.mjs') ? [name] : [];
    })
    .sort();
}

function main(named) {
  const wanted = named.map((name) => path.relative(ROOT, path.resolve(ROOT, name)));
  const chosen = (file) => !wanted.length || wanted.some((name) => file === name || file.startsWith(name + path.sep));
  const files = testFiles('').filter(chosen);
  if (!files.length) {
    console.error(`there is no *.test.mjs in ${wanted.join(', ')}`);
    return 2;
  }
  const failed = [];
  for (const group of new Set(files.map((file) => file.split(path.sep)[0]))) {
    const own = files.filter((file) => file.split(path.sep)[0] === group);
    console.log(`${group}: ${own.length} ${own.length === 1 ? 'file' : 'files'}`);
    const args = ['--test-reporter=spec', fileURLToPath(import.meta.url), ONE_PROCESS, ...own];
    if (spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0) failed.push(group);
  }
  console.log(
    failed.length ? `Node tests failed in: ${failed.join(', ')}` : `Node tests passed: ${files.length} files`,
  );
  return failed.length ? 1 : 0;
}

const args = process.argv.slice(2);
if (args[0] === ONE_PROCESS) for (const file of args.slice(1)) await import(pathToFileURL(path.join(ROOT, file)).href);
else process.exitCode = main(args);
