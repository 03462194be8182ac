// What an engine remembers between runs, and what makes it forget.
import assert from 'node:assert/strict';
import test from 'node:test';
import { createEngine } from './engine.mjs';

function engineOf(rows) {
  const engine = createEngine();
  engine.addTable('T', { A: 'long' }, rows);
  engine.addFunction('Sum', '(more:long=0)', 'T | summarize S = sum(A) + more');
  return engine;
}

test('setRows: the same query over other rows', () => {
  const engine = engineOf([{ A: 1 }]);
  assert.deepEqual(engine.run('Sum').rows, [{ S: 1 }]);
  engine.setRows('T', [{ A: 2 }, { A: 3 }]);
  assert.deepEqual(engine.run('Sum').rows, [{ S: 5 }]);
  assert.deepEqual(engine.run('Sum(10)').rows, [{ S: 15 }]);
  engine.setRows('T', []);
  assert.deepEqual(engine.run('T | count').rows, [{ Count: 0 }]);
});

test('copy: other rows, and no other functions, than the engine it is of', () => {
  const engine = engineOf([{ A: 1 }]);
  const copy = engine.copy();
  copy.setRows('T', [{ A: 2 }, { A: 3 }]);
  assert.deepEqual(copy.run('Sum').rows, [{ S: 5 }]);
  assert.deepEqual(engine.run('Sum').rows, [{ S: 1 }]);
  copy.addFunction('Sum', '', 'T | summarize S = -sum(A)');
  assert.deepEqual(copy.run('Sum').rows, [{ S: -5 }]);
  assert.deepEqual(engine.run('Sum').rows, [{ S: 1 }]);
});

test('setRows: rows are checked as those of addTable', () => {
  const engine = engineOf([]);
  assert.throws(() => engine.setRows('T', [{ B: 1 }]), /T, row 1: the schema has no column B/);
  assert.throws(() => engine.setRows('T', [{ A: 'x' }]), /T, row 1: A is not a long/);
});

test('a function that is declared again is bound again', () => {
  const engine = engineOf([{ A: 1 }]);
  assert.deepEqual(engine.run('Sum').rows, [{ S: 1 }]);
  engine.addFunction('Sum', '', 'T | summarize S = 100 * sum(A)');
  assert.deepEqual(engine.run('Sum').rows, [{ S: 100 }]);
});

test('a table that is declared again changes what binds', () => {
  const engine = engineOf([{ A: 1 }]);
  assert.deepEqual(engine.check('Sum'), []);
  engine.addTable('T', { B: 'long' }, []);
  assert.equal(engine.check('Sum').length > 0, true);
  assert.throws(() => engine.run('Sum'), /in Sum/);
});

test('now is that of each run', () => {
  const engine = engineOf([]);
  const at = (now) => engine.run('print t = now()', { now }).rows[0].t;
  assert.notEqual(at('2026-01-01T00:00:00Z'), at('2026-01-02T00:00:00Z'));
});
