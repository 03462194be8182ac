// Runs the tests of this folder: every *.test.mjs at any depth, or those below the folders and files named.
//
//     node dev/node/test.mjs [kql content/rules.test.mjs …]
//
// The files of a folder share one process, so that the KQL language service is loaded and the parsers are bound once
// for all of them. A single file also runs with node --test FILE.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('./', import.meta.url));

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

/**
 * Arguments of Node that run files in one process. Static imports load all of them before the first test begins: the
 * runner ends when it has no test left, and would miss those of a file that loads later.
 */
function together(files) {
  const imports = files.map((file) => `import ${JSON.stringify(pathToFileURL(path.join(ROOT, file)).href)};`);
  return ['--test-reporter=spec', '--input-type=module', '--eval', imports.join('\n'), 'tests'];
}

function main(named) {
  const wanted = named.map((name) => path.relative(ROOT, path.resolve(ROOT, name)));
  const chosen = (file) => !wanted.length || wanted.some((name) => file === name || file.startsWith(name + path.sep));
  const files = testFiles('').filter(chosen);
  if (!files.length) {
    console.error(`there is no *.test.mjs in ${wanted.join(', ')}`);
    return 2;
  }
  const late = files.filter((file) =>
    /^(?:(?:const|let) .*= )?await\b/m.test(readFileSync(path.join(ROOT, file), 'utf8')),
  );
  if (late.length) {
    console.error(`${late.join(', ')}: a test file must not await at its top level, or tests of the folder are missed`);
    return 2;
  }
  const failed = [];
  for (const group of new Set(files.map((file) => file.split(path.sep)[0]))) {
    const own = files.filter((file) => file.split(path.sep)[0] === group);
    console.log(`${group}: ${own.length} ${own.length === 1 ? 'file' : 'files'}`);
    if (spawnSync(process.execPath, together(own), { stdio: 'inherit' }).status !== 0) failed.push(group);
  }
  console.log(
    failed.length ? `Node tests failed in: ${failed.join(', ')}` : `Node tests passed: ${files.length} files`,
  );
  return failed.length ? 1 : 0;
}

process.exitCode = main(process.argv.slice(2));
