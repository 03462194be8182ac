// The workflows: what they may do, and that what they run is pinned. And
// .ci/bicep as it is run, over a stand-in for the compiler. release.test.mjs has
// what a release is made of.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const at = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
const dir = mkdtempSync(path.join(tmpdir(), 'workflows-'));
after(() => rmSync(dir, { recursive: true }));

const files = readdirSync(at('.github/workflows'));
const texts = Object.fromEntries(files.map((name) => [name, readFileSync(at(`.github/workflows/${name}`), 'utf8')]));

/** What a job may do beyond reading the code. */
const MAY = {
  'release.yml publish': { contents: 'write', 'id-token': 'write', attestations: 'write', actions: 'read' },
};

for (const [name, text] of Object.entries(texts)) {
  test(`${name}: it may only read, and what it uses is pinned to a commit`, () => {
    const { permissions, jobs } = parse(text);
    assert.deepEqual(permissions, { contents: 'read' });
    for (const [id, job] of Object.entries(jobs)) {
      assert.deepEqual(job.permissions, MAY[`${name} ${id}`], id);
      assert.ok(job.uses || job['timeout-minutes'], `${id} has an end`);
      for (const step of job.steps ?? [])
        if (step.uses?.startsWith('actions/checkout')) assert.equal(step.with['persist-credentials'], false);
    }
    for (const [, used] of text.matchAll(/uses: (.*)/g))
      assert.match(used, /^\.\/\.github\/workflows\/[a-z]+\.yml$|^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });
}

test('all workflows use one version of each thing', () => {
  const all = Object.values(texts).join('\n');
  for (const pattern of [
    /actions\/checkout@(.*)/g,
    /actions\/setup-go@(.*)/g,
    /actions\/setup-node@(.*)/g,
    /go-version: (.*)/g,
    /bicep install --version (.*)/g,
  ]) {
    const found = new Set([...all.matchAll(pattern)].map((m) => m[1]));
    assert.equal(found.size, 1, [...found].join(', '));
  }
});

test('what the code is built from and tested with is looked up for known vulnerabilities', () => {
  const { jobs } = parse(texts['ci.yml']);
  const runs = Object.values(jobs).flatMap((job) => job.steps.map((step) => step.run));
  for (const command of [
    'govulncheck ./...',
    'govulncheck -C dev ./...',
    'npm audit --audit-level=high --prefix dev/node',
  ])
    assert.ok(runs.includes(command), command);
});

test('packages of npm are fetched without running their scripts', () => {
  const grep = spawnSync('git', ['grep', '-nI', 'npm ci', '--', ':!dev/node/deploy/workflows.test.mjs'], {
    cwd: at('.'),
    encoding: 'utf8',
  });
  const lines = grep.stdout.trim().split('\n');
  assert.ok(lines.length > 5, grep.stderr);
  assert.deepEqual(
    lines.filter((line) => !line.includes('--ignore-scripts')),
    [],
  );
  assert.match(readFileSync(at('dev/node/.npmrc'), 'utf8'), /^ignore-scripts=true$/m);
});

test('files with settings are neither committed nor published, but for the sample', () => {
  const names = ['local.settings.json', 'local.settings.prod.json', 'local.settings.sample.json'];
  const ignored = spawnSync('git', ['check-ignore', '--no-index', ...names], { cwd: at('.'), encoding: 'utf8' });
  assert.deepEqual(ignored.stdout.trim().split('\n'), names.slice(0, 2));
  assert.match(readFileSync(at('.funcignore'), 'utf8'), /^local\.settings\*\.json$/m);
});

test('every file has an owner who approves changes', () => {
  const lines = readFileSync(at('.github/CODEOWNERS'), 'utf8')
    .split('\n')
    .filter((line) => line && !line.startsWith('#'));
  assert.match(lines[0], /^\* @\S+/);
  for (const line of lines) assert.match(line, /\s@\S+$/, 'no later line takes an owner away');
});

/** Runs .ci/bicep over these files of infra/, with a compiler that says what a shell script makes it say. */
function check(infra, says) {
  const root = mkdtempSync(path.join(dir, 'repo-'));
  mkdirSync(path.join(root, 'infra', 'modules'), { recursive: true });
  mkdirSync(path.join(root, '.ci'));
  cpSync(at('.ci/bicep'), path.join(root, '.ci', 'bicep'));
  for (const file of infra) writeFileSync(path.join(root, 'infra', file), '');
  const bicep = path.join(root, 'bicep');
  writeFileSync(bicep, `#!/usr/bin/env bash\n[ "$1" = lint ] || echo '{}'\n${says}\n`);
  chmodSync(bicep, 0o755);
  const { status, stdout } = spawnSync(path.join(root, '.ci', 'bicep'), {
    encoding: 'utf8',
    env: { ...process.env, BICEP: bicep },
  });
  return { status, lines: stdout.trim().split('\n') };
}

const ALL = ['main.bicep', 'main.bicepparam', 'modules/a.bicep'];

test('.ci/bicep builds and lints every file', () => {
  assert.deepEqual(check(ALL, ''), {
    status: 0,
    lines: [
      'bicep build infra/main.bicep --stdout',
      'bicep lint infra/main.bicep',
      'bicep build-params infra/main.bicepparam --stdout',
      'bicep build infra/modules/a.bicep --stdout',
      'bicep lint infra/modules/a.bicep',
    ],
  });
});

for (const [name, infra, says, message] of /** @type {any[][]} */ ([
  [
    'a warning',
    ALL,
    '[ "$1" = build ] && echo "a.bicep(1,1) : Warning no-unused-params" >&2; exit 0',
    /Warning no-unused-params/,
  ],
  [
    'a warning of the linter',
    ALL,
    '[ "$1" = lint ] && echo "a.bicep(1,1) : Warning no-unused-params"; exit 0',
    /Warning no-unused-params/,
  ],
  ['an error', ALL, 'echo "Error BCP007" >&2; exit 1', /Error BCP007/],
  ['an error without a word', ALL, 'exit 1', /no reason given/],
  ['no file', [], '', /^there is no Bicep file in infra\/$/m],
])) {
  test(`.ci/bicep fails on ${name}`, () => {
    const got = check(infra, says);
    assert.equal(got.status, 1);
    assert.match(got.lines.join('\n'), message);
  });
}
