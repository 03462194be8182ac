import assert from 'node:assert/strict';
import test from 'node:test';
import { readText } from './content.mjs';
import { summary, withList } from './list.mjs';

test('docs/content.md lists what there is', () => {
  const text = readText('docs/content.md');
  assert.equal(text, withList(text), 'run: make docs');
});

test('a summary is the first sentence', () => {
  assert.equal(summary('Hypothesis: A thing of type A.B\nhappens. Then more.\n'), 'A thing of type A.B happens.');
});
