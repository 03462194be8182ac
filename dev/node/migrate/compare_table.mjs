// Runs infra/compare-table.sh for its tests.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readSchema } from '../schema/schema.mjs';

export const at = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
export const SCRIPT = at('infra/compare-table.sh');
export const CLASSIC = at('dev/node/migrate/testdata/classic-table.json');
export const classic = () => JSON.parse(readFileSync(CLASSIC, 'utf8'));
export const schema = readSchema();
export const dir = mkdtempSync(path.join(tmpdir(), 'compare-'));
after(() => rmSync(dir, { recursive: true }));

export function file(name, content) {
  const where = path.join(dir, name);
  writeFileSync(where, typeof content === 'string' ? content : JSON.stringify(content));
  return where;
}

export const which = (tool) => spawnSync('bash', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
export const TOOLS = ['bash', 'cat', 'dirname', 'jq', 'mktemp', 'rm', 'tr'];

// the script needs jq, which not every machine has; where nothing may be skipped that is an error
export const noJq = which('jq') === '' && !process.env.MUST_RUN;
export const trial = (name, fn) => test(name, { skip: noJq && 'jq is not installed' }, fn);

/** A folder that is all of PATH: the tools the script may use, without some, and a stand-in for az. */
export function pathWith({ without = [], az = '' } = {}) {
  const bin = mkdtempSync(path.join(dir, 'bin-'));
  for (const tool of TOOLS.filter((t) => !without.includes(t))) symlinkSync(which(tool), path.join(bin, tool));
  if (az) {
    writeFileSync(path.join(bin, 'az'), `#!${which('bash')}\n${az}\n`);
    chmodSync(path.join(bin, 'az'), 0o755);
  }
  return bin;
}

export function compare(args, env = {}) {
  const { status, stdout, stderr } = spawnSync(which('bash'), [SCRIPT, ...args], {
    encoding: 'utf8',
    cwd: dir,
    env: { ...process.env, ...env },
  });
  return { status, stdout, stderr };
}

export function exits(got, status) {
  assert.equal(got.status, status, got.stdout + got.stderr);
  if (status === 2) {
    assert.equal(got.stdout, '');
    assert.match(got.stderr, /^compare-table: .*\n$/);
  } else {
    assert.equal(got.stderr, '');
  }
}

/** The columns that a section of the report lists, with their notes. */
export function section(stdout, title) {
  const body = new RegExp(`^${title}: \\d+ columns?\\n((?:  .*\\n)*)`, 'm').exec(stdout)?.[1] ?? '';
  return Object.fromEntries([...body.matchAll(/^ {2}(\S+)\s+(.*)$/gm)].map((m) => [m[1], m[2]]));
}
