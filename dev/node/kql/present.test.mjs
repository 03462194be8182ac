import assert from 'node:assert/strict';
import test from 'node:test';
import { createEngine } from './engine.mjs';
import { asTable } from './present.mjs';

const engine = createEngine();
const table = (query, width) => asTable(engine.runTable(query), width).split('\n');

test('columns stand under their names, numbers to the right', () => {
  assert.deepEqual(table('datatable(Name:string, N:long)["a", 5, "longer", 12345]'), [
    'Name        N',
    '------  -----',
    'a           5',
    'longer  12345',
    '(2 rows)',
    '',
  ]);
});

test('no rows still show the columns', () => {
  assert.deepEqual(table('datatable(Name:string)[]'), ['Name', '----', '(0 rows)', '']);
});

test('the widest values are cut so that the line fits', () => {
  const lines = table(`print Short="abc", Long="${'x'.repeat(300)}", Other="${'y'.repeat(40)}"`, 60);
  for (const line of lines) assert.ok(line.length <= 60, `${line} is longer than 60`);
  assert.match(lines[2], /^abc {4}x{24,}… {2}y{20,}…$/);
});

test('JSON gives way before text', () => {
  const [, , row] = table(`print J=dynamic({"key": "${'v'.repeat(100)}"}), T="${'t'.repeat(40)}"`, 70);
  assert.equal(row, `{"key":"${'v'.repeat(19)}…  ${'t'.repeat(40)}`);
});

test('a value that fits is whole', () => {
  const text = 'x'.repeat(158);
  assert.equal(table(`print A="${text}"`, 160)[2], text);
});

test('too many columns for the width become blocks without empty values', () => {
  const columns = Array.from({ length: 30 }, (_, i) => `C${i}=${i % 2 ? '""' : `"v${i}"`}`).join(', ');
  const lines = table(`print ${columns}`, 80);
  assert.match(lines[0], /^-- row 1 -+$/);
  assert.equal(lines[1], 'C0   v0');
  assert.equal(lines[2], 'C2   v2');
  assert.equal(lines.length, 1 + 15 + 2);
});

test('control characters do not reach the terminal, lines stay lines', () => {
  assert.equal(table('print A="a\\u001b[31mb\\nc\\u202ed"')[2], 'a\uFFFD[31mb c\uFFFDd');
});

test('times lose the zeros of their fraction', () => {
  const [, , row] = table(
    'print A=datetime(2026-01-02T03:04:00Z), B=datetime(2026-01-02T03:04:05.120Z), C=datetime(null)',
  );
  assert.equal(row, '2026-01-02T03:04:00Z  2026-01-02T03:04:05.12Z');
});
