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

test('texts are cut so that the line fits, single words are not', () => {
  const text = 'some words '.repeat(30).trim();
  const lines = table(`print Short="abc", Long="${text}", Id="${'y'.repeat(40)}", Other="${text}"`, 100);
  for (const line of lines) assert.ok(line.length <= 100, `${line} is longer than 100`);
  assert.match(lines[2], /^abc {4}some words .{8,}… {2}y{40} {2}some words .{8,}…$/);
});

test('an id, an account, an address, a type and a time are whole where a title is cut', () => {
  const id = '5f507492-445d-bbb2-1568-ba0520816006';
  const query = `print Id="${id}", Account="111122223333", Ip="198.51.100.0", Title="${'long title '.repeat(9)}"`;
  assert.match(table(query, 90)[2], new RegExp(`^${id}  111122223333  198\\.51\\.100\\.0  long title .{8,}…$`));
});

test('names of columns are cut before values', () => {
  const query = `print a_very_long_name_of_a_column="x", Title="${'long title '.repeat(9)}"`;
  assert.match(table(query, 40)[0], /^a_very_long_\w{0,6}… {2}Title/);
  assert.match(table(query, 60)[0], /^a_very_long_name_of_a_column {2}Title/);
});

test('JSON gives way before text', () => {
  const [, , row] = table(`print J=dynamic({"key": "${'v'.repeat(100)}"}), T="${'t'.repeat(40)}"`, 70);
  assert.equal(row, `{"key":"${'v'.repeat(19)}…  ${'t'.repeat(40)}`);
});

test('a value that fits is whole', () => {
  const text = 'x'.repeat(158);
  assert.equal(table(`print A="${text}"`, 160)[2], text);
});

test('where a text would be cut below 20 each row is a block, with what is cut in lines', () => {
  const title = 'a title of several words that has no room in one line of this terminal';
  assert.deepEqual(table(`print Id="${'i'.repeat(36)}", None="", Title="${title}", N=5`, 48), [
    `-- row 1 ${'-'.repeat(39)}`,
    `Id:    ${'i'.repeat(36)}`,
    'Title: a title of several words that has no room',
    '       in one line of this terminal',
    'N:     5',
    '(1 row)',
    '',
  ]);
});

test('a block shows a word that is wider than the terminal whole, and a text in four lines', () => {
  const lines = table(`print Arn="${'a'.repeat(70)}", Text="${'word '.repeat(60)}"`, 40);
  assert.equal(lines[1], `Arn:  ${'a'.repeat(70)}`);
  assert.equal(lines.length, 1 + 1 + 4 + 2);
  assert.match(lines[5], /…$/);
});

test('too many columns for the width become blocks without empty values', () => {
  const columns = Array.from({ length: 30 }, (_, i) => `C${i}=${i % 2 ? '""' : `"v${i}"`}`).join(', ');
  const lines = table(`print ${columns}`, 80);
  assert.match(lines[0], /^-- row 1 -+$/);
  assert.equal(lines[1], 'C0:  v0');
  assert.equal(lines[2], 'C2:  v2');
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
