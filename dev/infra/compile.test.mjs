// compile.sh: skips without the CLI, and takes a warning for a failure. The CLI
// is a stand-in here.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('compile.sh', import.meta.url));
const warning = 'main.bicep(1,1) : Warning no-unused-params: Parameter "x" is declared but never used.';

/** Runs the script with nothing in PATH but bash, what it needs, and the given programs. */
function compile(programs) {
  const bin = mkdtempSync(path.join(tmpdir(), 'compile-'));
  try {
    for (const name of ['bash', 'env', 'dirname', 'grep']) symlinkSync(spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim(), path.join(bin, name));
    for (const [name, body] of Object.entries(programs)) writeFileSync(path.join(bin, name), `#!/usr/bin/env bash\n${body}\n`, { mode: 0o755 });
    return spawnSync(script, { encoding: 'utf8', env: { PATH: bin } });
  } finally {
    rmSync(bin, { recursive: true });
  }
}

for (const [name, programs, status, want] of [
  ['nothing installed', {}, 0, /skipped/],
  ['az without bicep', { az: 'exit 1' }, 0, /skipped/],
  ['bicep, all clean', { bicep: 'echo "{}"' }, 0, /^bicep build infra\/main\.bicep\n[^]*bicep build-params infra\/main\.bicepparam\n$/],
  ['az bicep, all clean', { az: '[ "$2" = version ] || [ "$3" = --file ]' }, 0, /modules\/ingestion\.bicep/],
  ['a notice', { bicep: 'echo "A new release is available" >&2' }, 0, /A new release/],
  ['a warning', { bicep: `echo '${warning}' >&2` }, 1, /no-unused-params/],
  ['a failure without a word', { bicep: 'exit 1' }, 1, /^/],
]) {
  test(`${name}: exit ${status}`, () => {
    const got = compile(programs);
    assert.equal(got.status, status, got.stderr);
    assert.match(got.stdout, want);
  });
}
