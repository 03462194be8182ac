// What a message about an unknown name suggests.
import assert from 'node:assert/strict';
import test from 'node:test';
import { createEngine, DiagnosticsError } from './engine.mjs';
import { nearest, withSuggestions } from './suggest.mjs';

const engine = createEngine();
engine.addTable('Events_CL', { TimeGenerated: 'datetime', Severity: 'real', type_s: 'string', user_name_s: 'string' });
engine.addFunction('RecentEvents', '', 'Events_CL | extend Score = Severity * 10');

function suggested(query) {
  try {
    engine.run(query);
  } catch (e) {
    assert.ok(e instanceof DiagnosticsError);
    return [...withSuggestions(e.diagnostics, query, engine).matchAll(/Did you mean (.*)\?/g)].map((m) => m[1]);
  }
  return assert.fail('the query has no fault');
}

for (const [what, query, want] of /** @type {any[][]} */ ([
  ['a column', 'Events_CL | where Sevrity > 2', ['Severity']],
  ['a column of another case', 'Events_CL\n| project severity', ['Severity']],
  ['a column without its suffix', 'Events_CL | project type, user_name', ['type_s', 'user_name_s']],
  ['a column that a function gives', 'RecentEvents | where Scoer > 1', ['Score']],
  ['a column that the query makes', 'Events_CL | extend Ratio = 1\n| where Ration > 1', ['Ratio']],
  ['a table', 'Events | count', ['Events_CL']],
  ['a stored function', 'RecentEvent() | count', ['RecentEvents']],
  ['a function', 'Events_CL | extend a = toloower(type_s)', ['tolower']],
  ['an aggregate', 'Events_CL | summarize cuont() by type_s', ['count']],
  ['an operator', 'Events_CL | sumarize n = 1', ['summarize']],
  ['a word between values', 'Events_CL | where type_s contians "x"', ['contains']],
  ['no column that was left behind', 'Events_CL | project Severity | where type == 1', []],
  ['nothing like anything', 'Events_CL | where Elephant == 1', []],
]))
  test(`suggested: ${what}`, () => assert.deepEqual(suggested(query), want));

test('an unknown table with no like: which tables there are', () => {
  const query = 'AppTraces | count';
  assert.throws(
    () => engine.run(query),
    (/** @type {any} */ e) => / The tables here: Events_CL\.$/.test(withSuggestions(e.diagnostics, query, engine)),
  );
});

test('several names that are equally near', () => {
  assert.equal(nearest('dsc', ['asc', 'desc', 'count']), 'asc or desc');
  assert.equal(nearest('a1', ['a2', 'a3', 'a4', 'a5']), 'a2, a3 or a4');
  assert.equal(nearest('x', ['y']), '');
});
