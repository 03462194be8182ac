import assert from 'node:assert/strict';
import test from 'node:test';
import { parseYaml } from './yaml.mjs';

test('maps, lists, literals and scalars', () => {
  const text = `# comment
a: plain text with 'quotes' inside
b: '0.1' # as text
c: "x\\ty"
list:
  - Name: one
    Default: datetime(null)
  - Name: two
flat:
- p
- 7
empty: []
inline: [x, 'y']
query: |
  let a = 1;

    a | take 1
nested:
  deep: true
version: 1.0.0
period: 5m
`;
  assert.deepEqual(parseYaml(text), {
    a: "plain text with 'quotes' inside",
    b: '0.1',
    c: 'x\ty',
    list: [{ Name: 'one', Default: 'datetime(null)' }, { Name: 'two' }],
    flat: ['p', 7],
    empty: [],
    inline: ['x', 'y'],
    query: 'let a = 1;\n\n  a | take 1\n',
    nested: { deep: true },
    version: '1.0.0',
    period: '5m',
  });
});

/** @type {Record<string, [string, number, RegExp]>} */
const REFUSED = {
  'an anchor': ['b: 1\na: &x 1', 2, /anchor/],
  'an alias': ['a: &x 1\nb: *x', 1, /anchor/],
  'folded text': ['a: >\n  x', 1, /folded/],
  'plain text of several lines': ['a: x\n  y', 1, /several lines/],
  'quoted text of several lines': ['a: "x\n  y"', 1, /several lines/],
  'a map in braces': ['a: {b: c}', 1, /braces/],
  'a map in a list in brackets': ['a: [{b: c}]', 1, /brackets|braces/],
  'a tab': ['a:\n\tb: c', 2, /[Tt]ab/],
  'a key twice': ['a: 1\na: 2', 2, /unique/],
  'a second colon': ['a: b: c', 1, /[Nn]ested/],
  'a comment after a plain value': ['a: b # c', 1, /comment/],
  'a wrong indentation': ['a: 1\n   b: 2', 1, /.+/],
  'no map': ['just text', 1, /key: value/],
  'an unknown tag': ['a: !x 1', 1, /tag/],
};

for (const [what, [text, line, why]] of Object.entries(REFUSED))
  test(`refused: ${what}`, () => {
    assert.throws(
      () => parseYaml(text),
      (/** @type {Error} */ e) => {
        assert.match(e.message, new RegExp(`^YAML line ${line}: `));
        assert.match(e.message, why);
        return true;
      },
    );
  });
