// infra/deploy.sh as it is run, over stand-ins for az and make that keep what they were asked; and azure.yaml.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const at = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
const dir = mkdtempSync(path.join(tmpdir(), 'deploy-'));
after(() => rmSync(dir, { recursive: true }));

const which = (tool) => spawnSync('bash', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();

/** A repository that holds only the script, and a PATH that has what the script may use. */
function setUp({ refuses = 'nothing', without = [], files = ['main.bicep', 'main.bicepparam'] } = {}) {
  const root = mkdtempSync(path.join(dir, 'repo-'));
  mkdirSync(path.join(root, 'infra'));
  copyFileSync(at('infra/deploy.sh'), path.join(root, 'infra', 'deploy.sh'));
  for (const file of files) writeFileSync(path.join(root, 'infra', file), '');
  const bin = path.join(root, 'bin');
  mkdirSync(bin);
  for (const tool of ['bash', 'dirname', which('sha256sum') ? 'sha256sum' : 'shasum'])
    symlinkSync(which(tool), path.join(bin, tool));
  const calls = path.join(root, 'calls');
  writeFileSync(calls, '');
  for (const tool of ['az', 'make'].filter((t) => !without.includes(t))) {
    writeFileSync(
      path.join(bin, tool),
      `#!${which('bash')}\necho "${tool} $*" >>'${calls}'\n`
        + `case "${tool} $*" in "${refuses}"*) echo refused >&2; exit 1;; esac\n`,
    );
    chmodSync(path.join(bin, tool), 0o755);
  }
  return { root, bin, calls };
}

function deploy(setting, env) {
  const { status, stdout, stderr } = spawnSync(which('bash'), [path.join(setting.root, 'infra', 'deploy.sh')], {
    encoding: 'utf8',
    cwd: dir,
    env: { PATH: setting.bin, ...env },
  });
  const calls = readFileSync(setting.calls, 'utf8').replaceAll(setting.root, '.').trim().split('\n').filter(Boolean);
  return { status, stdout, stderr, calls };
}

const INFRA =
  'az deployment group create --resource-group rg --name guardduty-sentinel '
  + '--template-file ./infra/main.bicep --parameters ./infra/main.bicepparam --output none';
const CODE =
  'az functionapp deployment source config-zip --resource-group rg --name app '
  + '--src ./dist/guardduty-sentinel.zip --output none';
// The sum of an empty file, and one of another.
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const OTHER = '0'.repeat(64);
const CHECKS = ['az account show --output none', 'az group show --name rg --output none'];

test('infrastructure first, then the package', () => {
  const got = deploy(setUp(), { RG: 'rg', APP: 'app' });
  assert.equal(got.status, 0, got.stderr);
  assert.deepEqual(got.calls, [...CHECKS, 'make -C . package', INFRA, CODE]);
});

test('another parameter file and a package that is there', () => {
  const setting = setUp();
  const [params, zip] = ['p.bicepparam', 'a release.zip'].map((name) => path.join(setting.root, name));
  for (const file of [params, zip]) writeFileSync(file, '');
  writeFileSync(`${zip}.sha256`, `${EMPTY}  a release.zip\n`);
  const got = deploy(setting, { RG: 'rg', APP: 'app', PARAMS: params, PACKAGE: zip });
  assert.equal(got.status, 0, got.stderr);
  assert.deepEqual(got.calls, [
    ...CHECKS,
    INFRA.replace('infra/main.bicepparam', 'p.bicepparam'),
    CODE.replace('dist/guardduty-sentinel.zip', 'a release.zip'),
  ]);
});

for (const [name, sums, env, refused] of /** @type {any[][]} */ ([
  ['the release has its sum', { SHA256SUMS: `${OTHER}  a.yaml\n${EMPTY}  p.zip\n` }, {}],
  ['sums of binary files, and no line end', { SHA256SUMS: `${OTHER} *a.zip\n${EMPTY} *p.zip` }, {}],
  ['its own sum is beside it', { 'p.zip.sha256': `${EMPTY}  p.zip\n` }, {}],
  ["a package of one's own", {}, { OWN_PACKAGE: '1' }],
  ['no sum', {}, {}, /there is no sum of .*p\.zip: put the SHA256SUMS of its release beside it, or set OWN_PACKAGE=1 /],
  ['no answer to the question', {}, { OWN_PACKAGE: '0' }, /there is no sum of /],
  ['sums of other files', { SHA256SUMS: `${EMPTY}  other-p.zip\n${EMPTY}  p.zip.old\n` }, {}, /there is no sum of /],
  ['another sum', { SHA256SUMS: `${OTHER}  p.zip\n` }, {}, new RegExp(`SHA-256 sum is ${EMPTY}, not ${OTHER}$`)],
  [
    'one sum of two is another',
    { SHA256SUMS: `${OTHER}  p.zip\n`, 'p.zip.sha256': `${EMPTY}  p.zip\n` },
    {},
    /p\.zip is not the package that .*SHA256SUMS is about/,
  ],
  [
    'the release says otherwise than the sum beside it',
    { SHA256SUMS: `${EMPTY}  p.zip\n`, 'p.zip.sha256': `${OTHER}  p.zip\n` },
    {},
    /p\.zip is not the package that .*p\.zip\.sha256 is about/,
  ],
])) {
  test(`${name}: the package is ${refused ? 'refused' : 'deployed'}`, () => {
    const setting = setUp();
    for (const [file, text] of Object.entries({ 'p.zip': '', ...sums }))
      writeFileSync(path.join(setting.root, file), text);
    const got = deploy(setting, { RG: 'rg', APP: 'app', PACKAGE: path.join(setting.root, 'p.zip'), ...env });
    assert.equal(got.status, refused ? 2 : 0, got.stderr);
    if (refused) assert.match(got.stderr.trim(), refused);
    assert.deepEqual(
      got.calls,
      refused ? [] : [...CHECKS, INFRA, CODE.replace('dist/guardduty-sentinel.zip', 'p.zip')],
    );
  });
}

for (const [name, options, env, message] of /** @type {any[][]} */ ([
  ['no group', {}, { APP: 'app' }, /^deploy: RG is not set: make deploy RG=/],
  ['no app', {}, { RG: 'rg' }, /^deploy: APP is not set: make deploy RG=/],
  [
    'no template',
    { files: ['main.bicepparam'] },
    { RG: 'rg', APP: 'app' },
    /^deploy: there is no file .*main\.bicep$/m,
  ],
  [
    'no parameters',
    { files: ['main.bicep'] },
    { RG: 'rg', APP: 'app' },
    /^deploy: there is no file .*main\.bicepparam$/m,
  ],
  [
    'no such package',
    {},
    { RG: 'rg', APP: 'app', PACKAGE: '/no/such.zip' },
    /^deploy: there is no file \/no\/such\.zip$/m,
  ],
  ['no az', { without: ['az'] }, { RG: 'rg', APP: 'app' }, /^deploy: az is not installed: https:/],
  [
    'not signed in',
    { refuses: 'az account' },
    { RG: 'rg', APP: 'app' },
    /^deploy: az is not signed in: run az login$/m,
  ],
  [
    'no such group',
    { refuses: 'az group' },
    { RG: 'rg', APP: 'app' },
    /^deploy: there is no resource group rg .*az group create --name rg/,
  ],
])) {
  test(`${name}: one line says so, and nothing is deployed`, () => {
    const got = deploy(setUp(options), env);
    assert.equal(got.status, 2);
    assert.match(got.stderr, message);
    assert.equal(got.stderr.trim().split('\n').length, 1);
    assert.deepEqual(
      got.calls.filter((c) => !CHECKS.includes(c)),
      [],
    );
  });
}

for (const [step, refuses, calls] of /** @type {any[][]} */ ([
  ['package', 'make', 3],
  ['infrastructure', 'az deployment', 4],
  ['code', 'az functionapp', 5],
])) {
  test(`a failure of the ${step} ends it there`, () => {
    const got = deploy(setUp({ refuses }), { RG: 'rg', APP: 'app' });
    assert.equal(got.status, 1);
    assert.match(got.stderr, /refused/);
    assert.equal(got.calls.length, calls);
  });
}

test('azure.yaml packs the folder that make package writes', () => {
  const { infra, services } = parse(readFileSync(at('azure.yaml'), 'utf8'));
  assert.deepEqual(Object.keys(services), ['guardduty']);
  const { project, host, language, dist, hooks } = services.guardduty;
  assert.deepEqual({ project, host, language }, { project: '.', host: 'function', language: 'custom' });
  assert.equal(hooks.prepackage.run, 'make package');
  assert.equal(infra.path, 'infra');
  const recipe = readFileSync(at('Makefile'), 'utf8').match(/\npackage:.*\n\t(.*)\n/)[1];
  assert.ok(recipe.includes(`-dir ${dist}`), recipe);
  assert.ok(existsSync(at('dev/cmd/package/main.go')));
});
