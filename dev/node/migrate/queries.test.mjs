// The queries of docs/migrate.md and docs/schema.md over rows of an old sender and
// of this connector, in a table whose ids are text and in one whose ids are GUIDs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { createEngine } from '../kql/engine.mjs';
import { readSchema } from '../schema/schema.mjs';

const at = (relative) => fileURLToPath(new URL(`../../../${relative}`, import.meta.url));
const schema = readSchema();
const page = readFileSync(at('docs/migrate.md'), 'utf8').replaceAll('\r\n', '\n');
const queries = [...page.matchAll(/```kusto\n([\s\S]*?)```/g)].map((m) => m[1].trim());
const NOW = '2026-11-22T06:00:00Z';
const ID = 'a0fae3b0-02c1-628d-6001-1830ee384844';
const old = (id, updatedAt_t) => ({ TimeGenerated: '2026-11-22T03:00:00Z', updatedAt_t, ...id, type_s: 'old' });
const recent = (id, updatedAt_t) => ({
  TimeGenerated: updatedAt_t,
  updatedAt_t,
  ...id,
  type_s: 'new',
  SourceObject_s: 's3://b/k',
});
const ROWS = [
  old({ id_g: ID }, '2026-11-22T01:00:00Z'),
  old({ id_g: ID }, '2026-11-22T02:00:00Z'),
  recent({ id_g: ID }, '2026-11-22T02:00:00Z'),
  recent({ id_g: ID }, '2026-11-22T04:00:00Z'),
  old({ id_s: 'sample-one' }, '2026-11-22T02:00:00Z'),
  recent({ id_s: 'sample-one' }, '2026-11-22T02:00:00Z'),
];

for (const type of ['string', 'guid']) {
  const engine = createEngine();
  const types = Object.fromEntries(schema.columns.map((c) => [c.name, c.type]));
  engine.addTable(schema.table, { ...types, id_g: type }, ROWS);
  const run = (n) => engine.run(queries[n], { now: NOW }).rows;

  test(`the queries of the page work where id_g is ${type}`, () => {
    assert.equal(queries.length, 4);
    assert.deepEqual(run(0).length, 1);
    assert.deepEqual(
      run(1).map((r) => [r.Sender, r.Rows]),
      [
        ['before', 3],
        ['this connector', 3],
      ],
    );
    assert.deepEqual(run(2), [{ Both: 2, OnlyBefore: 1, OnlyNow: 1 }]);
    assert.deepEqual(
      run(3)
        .map((r) => r.type_s)
        .sort(),
      ['new', 'new', 'new', 'old'],
    );
  });

  test(`the query of docs/schema.md gives one row a finding where id_g is ${type}`, () => {
    const query = /```kusto\n([\s\S]*?)```/.exec(readFileSync(at('docs/schema.md'), 'utf8'))[1];
    const rows = engine.run(query, { now: NOW }).rows;
    assert.deepEqual(rows.map((r) => r.FindingId).sort(), [ID.replaceAll('-', ''), 'sampleone']);
  });
}
