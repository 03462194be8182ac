// The commands of infra/aws/README.md that make an access key and store it, as
// they are written there, over stand-ins for aws and az.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const README = fileURLToPath(new URL('../../../infra/aws/README.md', import.meta.url));
const SECRET = 'kept/secret+kept/secret+kept/secret+kept';
const dir = mkdtempSync(path.join(tmpdir(), 'keypair-'));
after(() => rmSync(dir, { recursive: true }));

const commands = [
  ...readFileSync(README, 'utf8')
    .split('### KeyPair')[1]
    .matchAll(/```\n(.*?)```/gs),
]
  .map((m) => m[1])
  .find((block) => block.includes('create-access-key'));

test('both values reach the vault, by no file and no argument', () => {
  const home = mkdtempSync(path.join(dir, 'home-'));
  const [bin, temporary] = ['bin', 'tmp'].map((name) => path.join(home, name));
  for (const folder of [bin, temporary]) mkdirSync(folder);
  const tools = {
    aws:
      '[ "$*" = "iam create-access-key --user-name USER --query AccessKey.[AccessKeyId,SecretAccessKey] '
      + `--output text" ] && printf 'AKIAEXAMPLE\\t${SECRET}\\n'`,
    az:
      `echo "$*" >>"${home}/arguments"\n`
      + 'while [ "$1" != --file ]; do [ "$1" = --name ] && name=$2; shift; done\n'
      + `[ -f "$2" ] && echo file >>"${home}/arguments"\ncat "$2" >"${home}/$name"\nls "$TMPDIR" >>"${home}/left"`,
  };
  for (const [tool, text] of Object.entries(tools)) {
    writeFileSync(path.join(bin, tool), `#!/usr/bin/env bash\n${text}\n`);
    chmodSync(path.join(bin, tool), 0o755);
  }
  const got = spawnSync('bash', ['-c', `${commands}\necho "left: \${key-nothing}"`], {
    encoding: 'utf8',
    cwd: home,
    env: { PATH: `${bin}:${process.env.PATH}`, HOME: home, TMPDIR: temporary },
  });
  assert.equal(got.status, 0, got.stderr);
  assert.equal(got.stdout + got.stderr, 'left: nothing\n');
  assert.equal(readFileSync(path.join(home, 'aws-access-key-id'), 'utf8').trim(), 'AKIAEXAMPLE');
  assert.equal(readFileSync(path.join(home, 'aws-secret-access-key'), 'utf8').trim(), SECRET);
  const seen = readFileSync(path.join(home, 'arguments'), 'utf8');
  assert.ok(!seen.includes(SECRET) && !/^file$/m.test(seen), seen);
  assert.equal(readFileSync(path.join(home, 'left'), 'utf8'), '');
  assert.deepEqual(readdirSync(temporary), []);
});
