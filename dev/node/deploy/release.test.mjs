// What the release workflow publishes, and from what: its steps as they are
// written, where they are shell, and the pages that say how to check a release.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const at = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
const dir = mkdtempSync(path.join(tmpdir(), 'release-'));
after(() => rmSync(dir, { recursive: true }));

const { jobs } = parse(readFileSync(at('.github/workflows/release.yml'), 'utf8'));
const step = (job, part) => job.steps.find((s) => s.name === part || s.uses?.startsWith(`actions/${part}@`));

test('nothing is built before it is known that the tag is on main', () => {
  for (const id of ['ci', 'bicep', 'build']) assert.equal(jobs[id].needs, 'main', id);
  assert.equal(step(jobs.main, 'checkout').with['fetch-depth'], 0);
  assert.equal(jobs.main.steps.at(-1).run, '.ci/on-main');
});

test('what may publish and sign waits for every check and an approval, and runs no code of the repository', () => {
  assert.deepEqual(jobs.publish.needs, ['ci', 'bicep', 'build']);
  assert.equal(jobs.publish.environment, 'release');
  assert.equal(step(jobs.publish, 'checkout'), undefined);
  assert.deepEqual(
    jobs.publish.steps.filter((s) => s.run).map((s) => s.run.split(' ')[0]),
    ['gh', 'sha256sum', 'gh'],
  );
});

const reviewed = { type: 'required_reviewers', reviewers: [{ type: 'Team' }] };
for (const [name, answer, want] of /** @type {any[][]} */ ([
  ['reviewers', { protection_rules: [{ type: 'branch_policy' }, reviewed] }, 0],
  ['no rule', { protection_rules: [] }, 1],
  ['only a rule about tags', { protection_rules: [{ type: 'branch_policy' }] }, 1],
  ['a rule of a similar name', { protection_rules: [{ type: 'no_required_reviewers' }] }, 1],
  ['no environment', undefined, 1],
])) {
  test(`with ${name}, a release is ${want ? 'not published' : 'published'}`, () => {
    const [approval] = jobs.publish.steps;
    const folder = mkdtempSync(path.join(dir, 'approval-'));
    // of gh: the answer, and of --jq the one filter that is used
    writeFileSync(
      path.join(folder, 'gh'),
      `#!/usr/bin/env node
const [api, of, jq, filter, ...others] = process.argv.slice(2);
if (others.length || api !== 'api' || jq !== '--jq' || filter !== '.protection_rules[].type') process.exit(64);
if (of !== 'repos/OWNER/REPO/environments/release') process.exit(64);
const answer = ${JSON.stringify(answer) ?? 'process.exit(1)'};
for (const { type } of answer.protection_rules) console.log(type);
`,
      { mode: 0o755 },
    );
    const got = spawnSync('bash', ['-e', '-c', approval.run], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${folder}:${process.env.PATH}`, GITHUB_REPOSITORY: 'OWNER/REPO' },
    });
    assert.equal(got.status, want, got.stderr);
    if (answer && want)
      assert.match(got.stdout, /^the environment release has no required reviewers: docs\/development/);
  });
}

test('what is published was attested before, and handed over as it was built', () => {
  const { steps } = jobs.publish;
  const attest = step(jobs.publish, 'attest-build-provenance');
  const publish = step(jobs.publish, 'Release');
  assert.ok(steps.indexOf(attest) < steps.indexOf(publish));
  assert.ok(publish.run.endsWith(` ${attest.with['subject-path']}`), publish.run);
  const [up, down] = [step(jobs.build, 'upload-artifact'), step(jobs.publish, 'download-artifact')];
  assert.equal(up.with.name, down.with.name);
  assert.equal(path.join(down.with.path, '*'), attest.with['subject-path']);
  assert.equal(jobs.build.steps.at(-1), up);
});

const FILES = ['azuredeploy.json', 'createUiDefinition.json', 'guardduty-sentinel.cdx.json', 'guardduty-sentinel.zip'];

test('SHA256SUMS is over everything in a release, and finds a change', () => {
  const folder = mkdtempSync(path.join(dir, 'sums-'));
  const names = [...FILES, ...readdirSync(at('infra/aws')).filter((name) => name.endsWith('.yaml'))].sort();
  for (const name of names) writeFileSync(path.join(folder, name), name);
  const run = (script) => spawnSync('bash', ['-e', '-c', script], { cwd: folder, encoding: 'utf8' });
  const sums = step(jobs.build, 'Sums');
  assert.equal(sums['working-directory'], 'dist/release');
  assert.equal(run(sums.run).status, 0);
  const listed = readFileSync(path.join(folder, 'SHA256SUMS'), 'utf8').trim().split('\n');
  assert.deepEqual(listed.map((line) => line.slice(66)).sort(), names);
  const check = jobs.publish.steps.find((s) => s.run?.startsWith('sha256sum'));
  assert.equal(check['working-directory'], 'release');
  assert.equal(run(check.run).status, 0);
  writeFileSync(path.join(folder, FILES[0]), 'changed');
  assert.equal(run(check.run).status, 1);
  for (const name of FILES) assert.ok(JSON.stringify(jobs.build.steps).includes(name), `the workflow makes ${name}`);
});

test('the pages verify a release by the workflow that makes it', () => {
  for (const page of ['README.md', 'docs/deploy.md']) {
    const text = readFileSync(at(page), 'utf8').replaceAll('\\\n', ' ');
    const command = text.match(/^gh attestation verify SHA256SUMS .*$/m)[0];
    const workflow = command.match(/--signer-workflow OWNER\/REPO\/(\S+)/)[1];
    assert.ok(parse(readFileSync(at(workflow), 'utf8')).jobs.publish, workflow);
    assert.match(command, /--repo OWNER\/REPO .*--source-ref refs\/tags\/v/);
    assert.match(text, /^sha256sum -c --ignore-missing SHA256SUMS\b/m);
  }
});

/** A repository with a branch main at its second commit, as a runner checks it out. */
function checkout(setUp) {
  const root = mkdtempSync(path.join(dir, 'repo-'));
  const git = (...args) => {
    const got = spawnSync('git', ['-c', 'user.name=x', '-c', 'user.email=x', ...args], { cwd: root, encoding: 'utf8' });
    assert.equal(got.status, 0, got.stderr);
  };
  git('init', '--quiet', '--initial-branch', 'main');
  mkdirSync(path.join(root, '.ci'));
  cpSync(at('.ci/on-main'), path.join(root, '.ci', 'on-main'));
  for (const message of ['one', 'two']) git('commit', '--quiet', '--allow-empty', '--message', message);
  git('update-ref', 'refs/remotes/origin/main', 'main');
  setUp(git);
  const { status, stdout } = spawnSync(path.join(root, '.ci', 'on-main'), { encoding: 'utf8' });
  return { status, stdout };
}

for (const [name, setUp, message] of /** @type {any[][]} */ ([
  ['the newest commit of main', (git) => git('checkout', '--quiet', '--detach')],
  ['an older commit of main', (git) => git('checkout', '--quiet', '--detach', 'main~1')],
  [
    'a commit after main',
    (git) => git('commit', '--quiet', '--allow-empty', '--message', 'three'),
    /^[0-9a-f]{40} is not in main: merge it, then tag a commit of main$/m,
  ],
  [
    'a branch that left main',
    (git) => {
      git('checkout', '--quiet', '-b', 'other', 'main~1');
      git('commit', '--quiet', '--allow-empty', '--message', 'three');
    },
    /is not in main/,
  ],
  [
    'a tag that is called like the branch',
    (git) => {
      git('commit', '--quiet', '--allow-empty', '--message', 'three');
      git('tag', 'main');
      git('tag', 'origin/main');
    },
    /is not in main/,
  ],
  [
    'no main',
    (git) => git('update-ref', '-d', 'refs/remotes/origin/main'),
    /^there is no branch main of origin here: fetch it/m,
  ],
])) {
  test(`.ci/on-main: ${name} is ${message ? 'refused' : 'released'}`, () => {
    const got = checkout(setUp);
    assert.equal(got.status, message ? 1 : 0, got.stdout);
    if (message) assert.match(got.stdout, message);
  });
}
