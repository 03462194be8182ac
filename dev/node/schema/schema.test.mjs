// The schema file keeps to what a table takes, and docs/schema.md is its picture.
import assert from 'node:assert/strict';
import test from 'node:test';
import { faults, pageOf, readPage, readSchema } from './schema.mjs';

const schema = readSchema();

test('the schema file keeps to the rules', () => {
  assert.deepEqual(faults(schema), []);
});

test('docs/schema.md is what make docs writes', () => {
  assert.equal(readPage().replaceAll('\r\n', '\n'), pageOf(schema), 'run: make docs');
});

test('the page has a row for every column, once', () => {
  const rows = [...pageOf(schema).matchAll(/^\| `([A-Za-z]\w*)` \| (\w+) \| /gm)].map((m) => `${m[1]} ${m[2]}`);
  assert.deepEqual(rows.sort(), schema.columns.map((c) => `${c.name} ${c.type}`).sort());
});

test('every heading of the page has something below it', () => {
  assert.doesNotMatch(pageOf(schema), /^#+ .*\n+#+ (?!.*`(resource|service)`)/m);
  assert.doesNotMatch(pageOf(schema), /undefined|null\b.*\|$/m);
});

const column = { name: 'region_s', type: 'string', source: 'region', since: '1.0.0', description: 'A Region.' };
const time = { ...column, name: 'TimeGenerated', type: 'datetime', source: 'updatedAt' };
const withColumns = (...columns) => ({ table: 'T_CL', stream: 'Custom-T_CL', columns: [time, ...columns] });

test('a small schema has no faults', () => assert.deepEqual(faults(withColumns(column)), []));

for (const [name, given, want] of /** @type {any[][]} */ ([
  ['a table without _CL', { ...withColumns(), table: 'T' }, /table T/],
  ['a stream of another name', { ...withColumns(), stream: 'Custom-U_CL' }, /stream Custom-U_CL/],
  ['no TimeGenerated', { ...withColumns(), columns: [column] }, /no TimeGenerated/],
  [
    '500 columns',
    withColumns(...Array.from({ length: 499 }, (_, i) => ({ ...column, name: `region${i}_s`, source: `region${i}` }))),
    /^500 columns/,
  ],
  [
    'a name of 46 characters',
    withColumns({ ...column, name: `${'a'.repeat(44)}_s`, source: 'a'.repeat(44) }),
    /46 characters/,
  ],
  ['a name that starts with a digit', withColumns({ ...column, name: '1_s', source: '1' }), /a name is a letter/],
  ['a name with a dash', withColumns({ ...column, name: 'a-b_s', source: 'a-b' }), /a name is a letter/],
  ['a reserved name', withColumns({ ...column, name: 'Title' }), /Title: is reserved/],
  ['a reserved name in other case', withColumns({ ...column, name: 'tenantid' }), /tenantid: is reserved/],
  ['a name twice', withColumns(column, column), /region_s: differs/],
  [
    'a name twice but for case',
    withColumns(column, { ...column, name: 'Region_s', source: 'Region' }),
    /Region_s: differs from region_s/,
  ],
  ['an unknown type', withColumns({ ...column, type: 'guid' }), /unknown type guid/],
  ['a suffix of another type', withColumns({ ...column, name: 'region_d' }), /suffix _d with type string/],
  [
    'a name that does not follow from its source',
    withColumns({ ...column, source: 'area' }),
    /does not follow from area/,
  ],
  ['no description', withColumns({ ...column, description: '' }), /a description is/],
  ['no since', withColumns({ ...column, since: undefined }), /has no since/],
  ['a since that is not a version', withColumns({ ...column, since: 'next' }), /since next/],
  ['no source', withColumns({ ...column, source: '' }), /has no source/],
  ['an unknown field', withColumns({ ...column, kind: 'text' }), /unknown field kind/],
])) {
  test(`${name} is a fault`, () => {
    const found = faults(given);
    assert.equal(found.length > 0, true);
    assert.match(found.join('\n'), want);
  });
}
